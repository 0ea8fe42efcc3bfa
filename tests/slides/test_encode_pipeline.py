"""Many slides: one bad one sinks no other, a finished one is kept, a killed run goes on."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image

from slides.conftest import write_pyramid
from slides.test_stain_and_quality import NOT_HE, stained
from tumorcast.domain.errors import InputError
from tumorcast.slides.discover import SlideFile, find_slides
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.pipeline import encode_slides
from tumorcast.slides.reader import open_slide
from tumorcast.slides.store import read_features
from tumorcast.slides.tiling import TileSettings

SETTINGS = TileSettings(0.5, 128, 0.25)


@pytest.fixture
def job(encoder, tmp_path):
    return EncodeJob(encoder, SETTINGS, tmp_path / "out")


def _encode(job, *places):
    return encode_slides(job, find_slides(places), progress=False)


def _report(job):
    with (job.out / "slides_report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_features_belong_to_their_coordinates(job, make_slide):
    """The stand-in encoder's features are mean colours: they must be the slide's at those places."""
    path = make_slide()
    (row,) = _encode(job, path)
    assert (row.status, row.mpp) == ("ok", pytest.approx(0.5))
    bag = read_features(job.out / "a.h5")
    assert len(bag.coords) == row.n_tiles > 10
    with open_slide(path) as slide:
        for feature, (x, y) in zip(bag.features, bag.coords, strict=True):
            assert feature[:3] == pytest.approx(slide.read_tile(x, y, 128, 0.5).mean((0, 1)), abs=0.2)
    inside = (bag.coords >= 256 - 128).all(1) & (bag.coords < 768).all(1)
    assert inside.all()
    assert bag.attrs.encoder == "mean_colour"
    assert (bag.attrs.tile_um, bag.attrs.slide_mpp) == (64.0, pytest.approx(0.5))


def test_order_is_kept_over_many_batches(job, make_slide):
    _encode(job, make_slide(size=2048, levels=3))
    coords = read_features(job.out / "a.h5").coords
    assert len(coords) > 40
    order = np.lexsort((coords[:, 0], coords[:, 1]))
    assert (order == np.arange(len(coords))).all()


def test_every_kind_of_bad_slide_is_a_row_and_the_good_ones_survive(job, make_slide, tmp_path):
    make_slide("good.svs")
    make_slide("sub/good.svs", seed=1)
    make_slide("blank.svs", stained=False)
    make_slide("no_mpp.svs", mpp=None)
    make_slide("coarse.svs", mpp=5.0)
    cut = make_slide("cut.svs")
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size // 2])
    (tmp_path / "slides" / "text.svs").write_text("not a slide")
    (tmp_path / "slides" / "empty.svs").write_text("")
    rows = {row.slide_id: row for row in _encode(job, tmp_path / "slides")}
    assert {name: row.status for name, row in rows.items() if row.status == "ok"} == {
        "good": "ok",
        "sub/good": "ok",
    }
    reasons = {name: row.reason.split(":")[0] for name, row in rows.items() if row.status == "failed"}
    assert reasons == {
        "cut": "truncated",
        "blank": "no_tissue",
        "no_mpp": "mpp_missing",
        "coarse": "mpp_too_coarse",
        "text": "unsupported_format",
        "empty": "empty_file",
    }
    assert [row["slide_id"] for row in _report(job)] == list(rows)
    assert rows["blank"].mpp == pytest.approx(0.5)
    first, second = (read_features(job.out / name).features for name in ("good.h5", "sub/good.h5"))
    assert not np.array_equal(first, second)


def _damage_tile(path, number: int) -> None:
    """Overwrite one JPEG tile of level 0."""
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages[0]
        offset, count = page.dataoffsets[number], page.databytecounts[number]
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(b"\0" * count)


def test_one_damaged_tile_is_left_out_and_counted(job, make_slide):
    """Also after the damage: OpenSlide refuses everything once a handle has met an error."""
    path = make_slide(size=2048)
    (whole,) = _encode(job, path)
    before = read_features(job.out / "a.h5")
    _damage_tile(path, 8 * 3 + 3)
    (row,) = _encode(replace(job, settings=replace(SETTINGS, min_tissue=0.26)), path)
    assert row.status == "ok"
    assert "damaged" in row.reason
    after = read_features(job.out / "a.h5")
    assert after.attrs.n_unreadable == 4 == whole.n_tiles - row.n_tiles
    lost = ((before.coords >= 768) & (before.coords < 1024)).all(1)
    assert (before.coords[~lost] == after.coords).all()
    assert (before.features[~lost] == after.features).all()


def test_a_slide_mostly_damaged_is_refused(job, make_slide):
    path = make_slide(size=2048)
    for number in range(64):
        _damage_tile(path, number)
    (row,) = _encode(job, path)
    assert (row.status, row.reason.split(":")[0]) == ("failed", "tiles_unreadable")
    assert not (job.out / "a.h5").exists()


def test_an_encoder_that_gives_nan_or_breaks_fails_the_slide_only(job, make_slide, encoder):
    make_slide("a.svs")
    folder = make_slide("b.svs").parent
    good = encoder.encode
    encoder.encode = lambda tiles: np.full((len(tiles), 6), np.nan, np.float32)
    assert {row.reason.split(":")[0] for row in _encode(job, folder)} == {"features_not_finite"}
    calls = iter([RuntimeError("broken")])

    def breaks_once(tiles):
        error = next(calls, None)
        if error:
            raise error
        return good(tiles)

    encoder.encode = breaks_once
    assert [row.status for row in _encode(job, folder)] == ["failed", "ok"]


def test_finished_slides_are_kept_and_the_report_is_complete(job, make_slide, encoder):
    folder = make_slide("a.svs").parent
    first = _encode(job, folder)
    encoded = encoder.n_encoded
    make_slide("b.svs", seed=1)
    again = _encode(job, folder)
    assert [row.status for row in again] == ["skipped", "ok"]
    assert again[0].n_tiles == first[0].n_tiles
    assert again[0].mpp == pytest.approx(first[0].mpp)
    assert encoder.n_encoded - encoded == again[1].n_tiles
    assert [row["status"] for row in _report(job)] == ["skipped", "ok"]


@pytest.mark.parametrize("change", ["encoder", "mpp", "tile", "tissue", "source", "store"])
def test_what_changed_is_encoded_again(job, make_slide, encoder, change):
    path = make_slide()
    _encode(job, path)
    if change == "encoder":
        encoder.sha256 = "1" * 64
    elif change == "source":
        make_slide(seed=5)
    elif change == "store":
        store = job.out / "a.h5"
        store.write_bytes(store.read_bytes()[:500])
    settings = {
        "mpp": replace(SETTINGS, target_mpp=1.0),
        "tile": replace(SETTINGS, tile_px=64),
        "tissue": replace(SETTINGS, min_tissue=0.5),
    }.get(change, SETTINGS)
    (row,) = _encode(replace(job, settings=settings), path)
    assert row.status == "ok"
    assert read_features(job.out / "a.h5").attrs.target_mpp == settings.target_mpp


def test_another_stand_in_mpp_encodes_again_only_what_needed_it(job, make_slide):
    make_slide("known.svs", mpp=0.5)
    folder = make_slide("unknown.svs", mpp=None).parent
    _encode(replace(job, slide_mpp=0.5), folder)
    again = _encode(replace(job, slide_mpp=0.4), folder)
    assert [(row.slide_id, row.status) for row in again] == [("known", "skipped"), ("unknown", "ok")]


def test_study_mpp_overrides_and_ready_bags_pass(job, make_slide, tmp_path):
    slide = make_slide()
    _encode(job, slide)
    bag = job.out / "a.h5"
    listed = [
        SlideFile("S1", slide, "S1", mpp=0.25),
        SlideFile("S2", bag, "S2"),
        SlideFile("S3", tmp_path / "gone.svs", "S3"),
        SlideFile("S4", slide, "S4"),
    ]
    rows = encode_slides(job, listed, progress=False)
    assert [(row.status, row.reason.split(":")[0]) for row in rows] == [
        ("ok", ""),
        ("skipped", "ready_features"),
        ("failed", "missing_file"),
        ("ok", ""),
    ]
    assert rows[0].mpp == 0.25
    assert read_features(job.out / "S1.h5").attrs.is_mpp_given


def test_overlay_is_drawn_and_caught_up_with(job, make_slide, encoder):
    path = make_slide()
    _encode(job, path)
    encoded = encoder.n_encoded
    (row,) = _encode(replace(job, with_overlay=True), path)
    assert row.status == "skipped"
    assert encoder.n_encoded == encoded
    with Image.open(job.out / "a.overlay.png") as picture:
        assert min(picture.size) > 500


_KILLED_RUN = """
import sys, time
sys.path.insert(0, {tests!r})
from pathlib import Path
from conftest import MeanColourEncoder
from tumorcast.slides.discover import find_slides
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.pipeline import encode_slides
from tumorcast.slides.tiling import TileSettings
import tumorcast.slides.store as store

encoder = MeanColourEncoder()
replace = store.os.replace
def slow_replace(source, target):
    if {slow} and str(target).endswith("b.h5"):
        Path({marker!r}).touch()
        time.sleep(60)
    replace(source, target)
store.os.replace = slow_replace
job = EncodeJob(encoder, TileSettings(0.5, 128, 0.25), Path({out!r}))
encode_slides(job, find_slides([{slides!r}]), progress=False)
"""


def _run(slow: bool, tmp_path):
    text = _KILLED_RUN.format(
        tests=os.path.dirname(__file__), out=str(tmp_path / "out"), slides=str(tmp_path / "slides"),
        marker=str(tmp_path / "writing"), slow=slow,
    )  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen([sys.executable, "-c", text], env=environment)


def test_killed_in_the_middle_of_a_write_the_same_command_completes(job, make_slide, tmp_path):
    """SIGKILL with a store half way: the finished one is kept, no half one is visible, leftovers go."""
    for name in "abc":
        make_slide(f"{name}.svs")
    process = _run(True, tmp_path)
    deadline = time.monotonic() + 60
    while not (tmp_path / "writing").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    out = tmp_path / "out"
    assert sorted(path.name for path in out.glob("*.h5")) == ["a.h5"]
    assert len(list(out.glob(".b.h5.*.partial"))) == 1
    assert _run(False, tmp_path).wait() == 0
    assert [row["status"] for row in _report(job)] == ["skipped", "ok", "ok"]
    assert sorted(path.name for path in out.iterdir()) == ["a.h5", "b.h5", "c.h5", "slides_report.csv"]


def test_real_slides_end_to_end(job, shared_data):
    job = replace(job, settings=TileSettings(1.0, 112, 0.25))
    expected = {"CMU-1-Small-Region": "ok", "ihc_1065626": "failed", "kidney-48-5": "failed"}
    rows = {row.slide_id: row for row in _encode(job, shared_data / "WSI")}
    assert {name: row.status for name, row in rows.items()} == expected
    assert rows["ihc_1065626"].reason.startswith("not_he")
    rows = {row.slide_id: row for row in _encode(replace(job, any_stain=True), shared_data / "WSI")}
    assert rows["ihc_1065626"].status == "ok"
    assert "not H&E" in rows["ihc_1065626"].reason
    refused = {row.slide_id: row for row in _encode(job, shared_data / "WSI")}  # also with features at hand
    assert refused["ihc_1065626"].status == "failed"


def test_tiles_are_listed_with_their_reasons(job, make_slide):
    path = make_slide(size=2048)
    _damage_tile(path, 8 * 3 + 3)
    _encode(replace(job, with_overlay=True), path)
    stored = read_features(job.out / "a.h5")
    with (job.out / "a.tiles.csv").open(newline="") as file:
        listed = list(csv.DictReader(file))
    tiles = [(int(row["x"]), int(row["y"])) for row in listed if row["status"] == "tile"]
    assert tiles == [tuple(each) for each in stored.coords.tolist()]
    reasons = [row["reason"] for row in listed if row["status"] == "rejected"]
    assert reasons.count("unreadable") == 4
    assert set(reasons) <= {"unreadable", "little_tissue"}
    (job.out / "a.overlay.png").unlink()
    before = (job.out / "a.tiles.csv").read_text()
    _encode(replace(job, with_overlay=True), path)  # drawn again from the store
    assert (job.out / "a.tiles.csv").read_text() == before


def test_a_second_scale_stands_behind_the_first(job, make_slide):
    """The larger field has the tile's centre; the stand-in's features are its mean colour."""
    path = make_slide(size=2048)
    settings = replace(SETTINGS, context_mpp=1.5)
    (row,) = _encode(replace(job, settings=settings), path)
    assert row.status == "ok"
    stored = read_features(job.out / "a.h5")
    assert stored.features.shape[1] == 2 * job.encoder.dim
    assert stored.attrs.context_mpp == 1.5
    with open_slide(path) as slide:
        for (x, y), found in zip(stored.coords.tolist(), stored.features, strict=True):
            field = slide.region((x - 128, y - 128), (384, 384), 0.5)
            assert found[6:9] == pytest.approx(field.reshape(-1, 3).mean(0), abs=1.5)
            tile = slide.read_tile(x, y, 128, 0.5)
            assert found[:3] == pytest.approx(tile.reshape(-1, 3).mean(0), abs=0.2)
    (again,) = _encode(replace(job, settings=settings), path)
    assert again.status == "skipped"
    (other,) = _encode(job, path)
    assert other.status == "ok"
    assert read_features(job.out / "a.h5").features.shape[1] == job.encoder.dim


@pytest.mark.parametrize("context", [0.5, 0.1, 50.0])
def test_a_second_scale_must_be_coarser(context):
    with pytest.raises(InputError, match="coarser"):
        replace(SETTINGS, context_mpp=context)


def test_a_refused_slide_has_a_picture_until_it_is_encoded(job, tmp_path):
    tissue = np.full((1024, 1024, 3), 244, np.uint8)
    tissue[300:700, 300:700] = stained(NOT_HE["dab strong"], size=400)
    path = write_pyramid(tmp_path / "brown.svs", tissue, 0.5, 2)
    job = replace(job, with_overlay=True)
    (row,) = _encode(job, path)
    assert row.reason.startswith("not_he")
    assert [picture.name for picture in job.out.glob("*.png")] == ["brown.refused.png"]
    (row,) = _encode(replace(job, any_stain=True), path)
    assert row.status == "ok"
    assert [picture.name for picture in job.out.glob("*.png")] == ["brown.overlay.png"]
