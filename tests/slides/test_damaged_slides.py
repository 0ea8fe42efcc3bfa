"""Fifty damaged files among good ones: each has its row and reason, and no good slide is lost."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tifffile

from slides.conftest import stained_image, write_pyramid
from toy_lab import TILE_PX, write_toy_encoder
from tumorcast.slides.store import read_features

KNOWN_CODES = {
    "missing_file", "empty_file", "unreadable", "truncated", "unsupported_format", "not_rgb", "too_large",
    "mpp_missing", "mpp_anisotropic", "mpp_too_coarse", "no_tissue", "no_tiles", "too_small", "tiles_unreadable",
    "levels_disagree", "not_he",
}  # fmt: skip


def _sources(folder: Path) -> list[Path]:
    """Good slides of two kinds of TIFF and two kinds of compression."""
    folder.mkdir()
    paths = [write_pyramid(folder / f"good{seed}.svs", stained_image(900, 800, seed)) for seed in range(2)]
    picture = stained_image(900, 800, 2)
    with tifffile.TiffWriter(folder / "good2.ome.tif", ome=True) as tiff:
        told = {"axes": "YXS", "PhysicalSizeX": 0.5, "PhysicalSizeY": 0.5}
        options = {"photometric": "rgb", "tile": (256, 256), "compression": "zlib"}
        tiff.write(picture, subifds=1, metadata=told, **options)
        tiff.write(picture[::4, ::4], subfiletype=1, **options)
    return [*paths, folder / "good2.ome.tif"]


def _damaged(sources: list[Path], folder: Path, random: np.random.Generator) -> Iterator[Path]:
    """Files that are cut, flipped, empty, misnamed or not files at all."""

    def write(name: str, data: bytes) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    def flipped(source: Path, start: int, stop: int, count: int) -> bytes:
        data = np.frombuffer(source.read_bytes(), np.uint8).copy()
        data[random.integers(start, stop, count)] ^= random.integers(1, 256, count, dtype=np.uint8)
        return data.tobytes()

    for i in range(15):
        source = sources[i % 3]
        size = source.stat().st_size
        yield write(f"cut{i}{source.suffix}", source.read_bytes()[: int(random.integers(1, size))])
    for i in range(9):
        source = sources[i % 3]
        yield write(f"head{i}{source.suffix}", flipped(source, 0, 16, 1 + i // 3))
    for i in range(9):
        source = sources[i % 3]
        with tifffile.TiffFile(source) as tiff:
            start = tiff.pages.first.offset
        yield write(f"directory{i}{source.suffix}", flipped(source, start, start + 200, 1 + i))
    for i in range(9):
        source = sources[i % 3]
        with tifffile.TiffFile(source) as tiff:
            page = tiff.pages.first
            start, stop = min(page.dataoffsets), max(page.dataoffsets)
        yield write(f"pixels{i}{source.suffix}", flipped(source, start, stop, 10 ** (i // 3) * 3))
    yield write("empty.svs", b"")
    yield write("text.tif", b"this is a letter\n" * 100)
    yield write("noise.ndpi", random.bytes(5000))
    yield write("noise.mrxs", random.bytes(500))
    yield write("noise.dcm", bytes(128) + b"DICM" + random.bytes(3000))
    for suffix in (".dcm", ".ndpi", ".mrxs"):
        yield write(f"misnamed{suffix}", sources[0].read_bytes()[:-1000])


@pytest.mark.heavy
@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [0, 1])
def test_no_damaged_file_sinks_a_good_one(tmp_path, seed):
    sources = _sources(tmp_path / "slides")
    folder = tmp_path / "slides"
    damaged = list(_damaged(sources, folder, np.random.default_rng(seed)))
    assert len(damaged) == 50
    (folder / "folder.svs").mkdir()
    (folder / "dangling.svs").symlink_to(folder / "nowhere.svs")
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.svs")
    write_toy_encoder(tmp_path / "e.onnx")
    command = [
        sys.executable,
        "-m",
        "tumorcast.cli.main",
        "encode",
        str(folder),
        "--out",
        str(tmp_path / "out"),
    ]
    command += [
        "--encoder",
        str(tmp_path / "e.onnx"),
        "--target-mpp",
        "0.5",
        "--tile-px",
        str(TILE_PX),
        "--quiet",
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    assert "Traceback" not in run.stderr
    rows = {
        Path(row["path"]).name: row for row in csv.DictReader((tmp_path / "out" / "slides_report.csv").open())
    }
    expected = {path.name for path in (*sources, *damaged)} | {"dangling.svs", "pipe.svs"}
    assert set(rows) == expected
    for name, row in rows.items():
        if row["status"] == "failed":
            assert row["reason"].split(":")[0] in KNOWN_CODES, (name, row["reason"])
        else:
            assert read_features(tmp_path / "out" / f"{row['slide_id']}.h5").features.shape[0] == int(
                row["n_tiles"]
            )
    assert sum(row["status"] == "failed" for row in rows.values()) > 25
    alone = [*command[:4], *map(str, sources), "--out", str(tmp_path / "alone"), *command[7:]]
    subprocess.run(alone, check=True, capture_output=True, timeout=120)
    for source in sources:
        row = rows[source.name]
        assert row["status"] == "ok"
        one = read_features(tmp_path / "out" / f"{row['slide_id']}.h5")
        two = next((tmp_path / "alone").glob(f"{source.name.split('.')[0]}*.h5"))
        assert np.array_equal(one.features, read_features(two).features)
