"""Slides where imagecodecs is not installed, and files read by several threads where `pread` is missing."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile

from tumorcast.domain.errors import SlideError
from tumorcast.slides.reader import open_slide
from tumorcast.slides.shared_file import SharedFile

PIXELS = np.random.default_rng(0).integers(120, 250, (600, 700, 3), dtype=np.uint8)


@pytest.fixture
def no_codecs(monkeypatch):
    """tifffile's tables as they are without imagecodecs."""
    known = {code: tifffile.TIFF.DECOMPRESSORS[code] for code in (1, 8, 32773)}
    monkeypatch.setattr(tifffile.TIFF, "DECOMPRESSORS", known)


def written(path, ome=False, **options):
    with tifffile.TiffWriter(path, ome=ome) as file:
        file.write(
            PIXELS, photometric="rgb", tile=(256, 256), resolution=(20000, 20000), resolutionunit="CENTIMETER",
            metadata={"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5} if ome else None, **options,
        )  # fmt: skip
    return path


def test_openslide_reads_what_tifffile_cannot_decode(tmp_path, no_codecs):
    path = written(tmp_path / "s.tif", compression="jpeg", compressionargs={"level": 95})
    with open_slide(path) as slide:
        assert type(slide._pixels).__name__ == "OpenSlidePixels"
        tile = slide.read_tile(0, 0, 128, slide.mpp)
    assert np.abs(tile.astype(int) - PIXELS[:128, :128]).mean() < 25


def test_tifffile_is_still_used_where_it_can_decode(tmp_path, no_codecs):
    with open_slide(written(tmp_path / "s.tif", compression="zlib", predictor=True)) as slide:
        assert type(slide._pixels).__name__ == "TiffPixels"
        assert (slide.read_tile(0, 0, 128, slide.mpp) == PIXELS[:128, :128]).all()


@pytest.mark.parametrize("ome", [True, False])
def test_what_neither_can_read_is_refused_by_name(tmp_path, no_codecs, ome):
    path = written(tmp_path / "s.tif", ome=ome, compression="webp")
    with pytest.raises(SlideError, match=r"tumorcast\[codecs\]") as caught:
        open_slide(path)
    assert caught.value.code == "codec_missing"
    assert "WEBP" in str(caught.value)


@pytest.mark.parametrize("has_pread", [True, False])
def test_threads_do_not_move_each_other_s_place(tmp_path, monkeypatch, has_pread):
    if not has_pread:
        monkeypatch.delattr(os, "pread")
    data = np.random.default_rng(1).bytes(200_000)
    (tmp_path / "f").write_bytes(data)
    file = SharedFile(tmp_path / "f")
    places = np.random.default_rng(2).integers(0, 200_000, 2000).tolist()
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda place: file.read_at(place, 64), places))
    file.close()
    assert read == [data[place : place + 64] for place in places]
    with pytest.raises(ValueError, match="closed"):
        file.read_at(0, 1)
