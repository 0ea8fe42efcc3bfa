"""The overlay picture, and `tumorcast encode` from its arguments to its exit code."""

from __future__ import annotations

import argparse
import csv

import numpy as np
import pytest
from PIL import Image

from tumorcast.cli import encode
from tumorcast.domain.errors import InputError
from tumorcast.slides.lettering import round_length
from tumorcast.slides.overlay import draw_overlay
from tumorcast.slides.reader import open_slide
from tumorcast.slides.tiling import TileSettings, tile_grid
from tumorcast.slides.tissue import find_tissue


@pytest.mark.parametrize(("longest", "length"), [(130, 100), (1000, 1000), (999, 500), (4999, 2000)])
def test_scale_bar_lengths_are_round(longest, length):
    assert round_length(longest) == pytest.approx(length)


def _picture(path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_scores_colour_the_tiles_they_belong_to(make_slide, tmp_path):
    with open_slide(make_slide(size=2048)) as slide:
        tissue = find_tissue(slide)
        coords = tile_grid(slide, tissue, TileSettings(0.5, 128))
        scores = (coords[:, 0] < 1024).astype(float)
        plain = _picture(draw_overlay(slide, tissue, coords, tmp_path / "a" / "plain.png", 64))
        left = _picture(draw_overlay(slide, tissue, coords, tmp_path / "left.png", 64, scores))
        right = _picture(draw_overlay(slide, tissue, coords, tmp_path / "right.png", 64, 1 - scores))
    assert left.shape == right.shape
    changed = np.abs(left - right).sum(2) > 30
    columns = np.flatnonzero(changed.any(0))
    middle = (columns.min() + columns.max()) // 2
    yellow = (left[..., 0] > 200) & (left[..., 2] < 120)
    assert yellow[:, columns.min() : middle].sum() > 20 * yellow[:, middle + 5 : columns.max()].sum()
    assert plain.shape[0] > 500
    assert sorted(path.name for path in tmp_path.glob("*.png")) == ["left.png", "right.png"]


@pytest.mark.parametrize("count", [0, 1])
def test_no_tile_and_one_tile_can_be_drawn(make_slide, tmp_path, count):
    with open_slide(make_slide()) as slide:
        tissue = find_tissue(slide)
        coords = np.array([[300, 300]])[:count]
        draw_overlay(slide, tissue, coords, tmp_path / "o.png", 64, np.full(count, 0.3))
    assert (tmp_path / "o.png").stat().st_size > 10_000


@pytest.fixture
def command(monkeypatch, encoder):
    """Runs `encode` with the stand-in encoder."""
    encoder.check_tile_px = lambda tile_px: encoder.dim
    monkeypatch.setattr(encode, "open_encoder", lambda *args, **kwargs: encoder)
    parser = argparse.ArgumentParser()
    encode.add_parser(parser.add_subparsers())

    def run(*words) -> int:
        arguments = parser.parse_args(["encode", *map(str, words)])
        return arguments.run(arguments)

    return run


def test_command_writes_features_report_and_picture(command, make_slide, tmp_path, capsys):
    make_slide("x/a.svs")
    make_slide("y/a.svs", mpp=None)
    out = tmp_path / "out"
    assert command(tmp_path / "slides", "--out", out, "--overlay", "--slide-mpp", 0.4) == 0
    assert {path.relative_to(out).as_posix() for path in out.rglob("*.*")} == {
        "slides_report.csv", "x/a.h5", "x/a.overlay.png", "x/a.tiles.csv",
        "y/a.h5", "y/a.overlay.png", "y/a.tiles.csv",
    }  # fmt: skip
    with (out / "slides_report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["slide_id", "path", "status", "reason", "n_tiles", "mpp", "seconds"]
    assert [(row["slide_id"], row["status"], row["mpp"]) for row in rows] == [
        ("x/a", "ok", "0.5"),
        ("y/a", "ok", "0.4"),
    ]
    assert "2 slides: 2 ok" in capsys.readouterr().out


def test_exit_code_tells_whether_any_slide_has_features(command, make_slide, tmp_path):
    bad = make_slide("bad.svs", stained=False)
    assert command(bad, "--out", tmp_path / "out") == 1
    make_slide("good.svs")
    assert command(tmp_path / "slides", "--out", tmp_path / "out") == 0


def test_study_folder_s_list_is_used(command, make_slide, tmp_path):
    make_slide("a.svs", mpp=None)
    make_slide("not_listed.svs")
    (tmp_path / "slides.csv").write_text("slide_id,sample_id,path,mpp\nS1,P1,slides/a.svs,0.5\n")
    assert command(tmp_path, "--out", tmp_path / "out") == 0
    assert [path.name for path in (tmp_path / "out").glob("*.h5")] == ["S1.h5"]


@pytest.mark.parametrize("words", [("--slide-mpp", "0"), ("--target-mpp", "-1"), ("--min-tissue", "2")])
def test_implausible_arguments_are_refused(command, make_slide, tmp_path, words):
    with pytest.raises(InputError):
        command(make_slide(), "--out", tmp_path / "out", *words)
