"""The table before the work."""

from __future__ import annotations

import csv

import pytest

from slides.conftest import stained_image, write_pyramid
from tumorcast.cli.main import main
from tumorcast.slides.check import check_slides, summary
from tumorcast.slides.discover import find_slides
from tumorcast.slides.job import EncodeJob
from tumorcast.slides.pipeline import encode_slides
from tumorcast.slides.tiling import TileSettings

SETTINGS = TileSettings(0.5, 128)


def test_every_slide_has_a_row_and_its_tiles_are_those_that_come(make_slide, encoder, tmp_path):
    make_slide("a.svs")
    make_slide("fine.svs", mpp=0.25, size=2048)
    make_slide("blank.svs", stained=False)
    make_slide("silent.svs", mpp=None)
    (tmp_path / "slides" / "text.svs").write_text("no slide")
    files = find_slides([tmp_path / "slides"])
    rows = {row.slide_id: row for row in check_slides(files, SETTINGS, progress=False)}
    assert {name: row.problem for name, row in rows.items()} == {
        "a": "",
        "fine": "",
        "blank": "no_tissue",
        "silent": "mpp_missing",
        "text": "unsupported_format",
    }
    encoded = encode_slides(EncodeJob(encoder, SETTINGS, tmp_path / "out"), files, progress=False)
    for row in encoded:
        if row.status == "ok":
            assert rows[row.slide_id].n_tiles == row.n_tiles
    assert (rows["a"].mpp, rows["a"].mpp_from, rows["a"].objective) == (0.5, "file", "20")
    assert (rows["a"].width, rows["a"].height, rows["a"].levels) == (1024, 1024, 2)
    assert rows["a"].tissue_mm2 == pytest.approx(0.066, abs=0.01)
    assert "--slide-mpp" in rows["silent"].remedy


def test_pixel_sizes_that_do_not_go_with_the_objective_are_told(make_slide, tmp_path):
    """The stand-in says 20x."""
    make_slide("right.svs", mpp=0.5)
    make_slide("wrong.svs", mpp=0.25)
    rows = check_slides(find_slides([tmp_path / "slides"]), SETTINGS, progress=False)
    assert [("objective" in row.remarks) for row in rows] == [False, True]


def test_mixed_pixel_sizes_are_told_plainly(make_slide, tmp_path):
    make_slide("a.svs", mpp=0.5)
    make_slide("b.svs", mpp=0.25, size=2048)
    rows = check_slides(find_slides([tmp_path / "slides"]), SETTINGS, progress=False)
    told = summary(rows, SETTINGS)
    assert "2 of 2 slides" in told
    assert "1 at 0.25 um/px, 1 at 0.5 um/px" in told
    assert "different pixel sizes" not in summary(rows[:1], SETTINGS)


def test_command(make_slide, tmp_path, capsys):
    make_slide("a.svs")
    out = tmp_path / "deep" / "checks.csv"
    assert main(["slides", "check", str(tmp_path / "slides"), "--out", str(out), "--quiet"]) == 0
    assert "1 of 1 slides can be encoded" in capsys.readouterr().out
    (row,) = csv.DictReader(out.open(newline=""))
    assert (row["slide_id"], row["mpp"], row["problem"]) == ("a", "0.5", "")
    make_slide("blank.svs", stained=False)
    assert main(["slides", "check", str(tmp_path / "slides"), "--quiet"]) == 1
    assert "1 x no_tissue" in capsys.readouterr().out


def test_tiles_are_those_of_the_named_encoder(tmp_path):
    write_pyramid(tmp_path / "a.svs", stained_image(3000, 3000), 0.5)
    counts = {}
    for name in ("virchow", "conch"):
        main(
            [
                "slides",
                "check",
                str(tmp_path / "a.svs"),
                "--encoder",
                name,
                "--quiet",
                "--out",
                str(tmp_path / "t.csv"),
            ]
        )
        (row,) = csv.DictReader((tmp_path / "t.csv").open(newline=""))
        counts[name] = int(row["n_tiles"])
    assert counts["virchow"] > 3 * counts["conch"] > 0
