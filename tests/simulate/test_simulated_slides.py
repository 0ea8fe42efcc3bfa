"""Simulated slides: what OpenSlide sees, and that what is drawn is what was planned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openslide
import pandas as pd
import pytest
from scipy.ndimage import label

from tumorcast.cohort.simulate.paint import paint
from tumorcast.cohort.simulate.stain import stain_table
from tumorcast.cohort.simulate.svs import write_svs
from tumorcast.cohort.simulate.tissue_plan import TILE_PX, plan_tissue

LYMPHOCYTE_HAEMATOXYLIN = 185


def test_openslide_opens_a_slide_with_mpp_and_levels(slide_study: Path):
    paths = sorted((slide_study / "slides").glob("*.svs"))
    assert paths
    for path in paths:
        with openslide.OpenSlide(path) as slide:
            assert float(slide.properties[openslide.PROPERTY_NAME_MPP_X]) == 0.5
            assert slide.properties[openslide.PROPERTY_NAME_OBJECTIVE_POWER] == "20"
            assert slide.level_count >= 2
            assert slide.level_downsamples[1] == pytest.approx(4, abs=0.05)


def test_written_picture_is_read_back(tmp_path: Path):
    rng = np.random.default_rng(0)
    picture = np.repeat(np.repeat(rng.integers(90, 230, (9, 11, 3)).astype(np.uint8), 64, 0), 64, 1)[
        :530, :690
    ]
    write_svs(tmp_path / "a.svs", picture, 0.25, 40)
    with openslide.OpenSlide(tmp_path / "a.svs") as slide:
        assert slide.dimensions == (690, 530)
        assert float(slide.properties[openslide.PROPERTY_NAME_MPP_X]) == 0.25
        read = np.asarray(slide.read_region((0, 0), 0, (690, 530)).convert("RGB")).astype(int)
    assert np.abs(read - picture).mean() < 4


def test_drawn_lymphocytes_follow_the_planned_density(slide_study: Path):
    tiles = pd.read_csv(slide_study / "truth" / "tiles.csv")
    drawn, planned = [], []
    for slide_id, own in tiles.groupby("slide_id"):
        with openslide.OpenSlide(slide_study / "slides" / f"{slide_id}.svs") as slide:
            for x, y, density in own[["x", "y", "lymphocytes_per_mm2"]].itertuples(index=False):
                pixels = np.asarray(slide.read_region((int(x), int(y)), 0, (TILE_PX, TILE_PX)).convert("RGB"))
                drawn.append((pixels.astype(int)[..., 0] < 105).sum())
                planned.append(density)
    assert len(planned) > 100
    assert np.corrcoef(drawn, planned)[0, 1] > 0.8


def test_a_tile_shows_as_many_lymphocytes_as_planned():
    random = np.random.default_rng(4)
    plan = plan_tissue(random, 20, 500.0, is_resection=False)
    table = stain_table(0, np.random.default_rng(0))
    dark = set(map(tuple, table[(LYMPHOCYTE_HAEMATOXYLIN << 8) :].tolist()))
    rgb = paint(plan, 0, np.random.default_rng(0))
    counts = []
    for row, column in plan.tiles:
        tile = rgb[row * TILE_PX : (row + 1) * TILE_PX, column * TILE_PX : (column + 1) * TILE_PX]
        is_dark = tile[..., 0] <= max(colour[0] for colour in dark)
        counts.append(label(is_dark)[1])
    assert np.corrcoef(counts, plan.lymphocytes)[0, 1] > 0.8
    assert 0.6 < np.sum(counts) / plan.lymphocytes.sum() < 1.4


@pytest.mark.parametrize("n_tiles", [4, 12, 40, 90])
@pytest.mark.parametrize("is_resection", [False, True])
def test_plan_has_about_the_tiles_asked_for(n_tiles: int, is_resection: bool):
    for seed in range(5):
        plan = plan_tissue(np.random.default_rng(seed), n_tiles, 1600.0, is_resection)
        facts = plan.facts()
        assert 1 <= len(plan.tiles) <= 1.3 * n_tiles
        assert n_tiles < 12 or len(plan.tiles) >= 0.6 * n_tiles
        np.testing.assert_allclose(facts.mix.sum(axis=1), 1)
        assert (facts.coords >= 0).all()
        assert (facts.coords + TILE_PX <= np.array(facts.size_px)).all()


def test_mean_density_is_the_patients_own():
    wanted = np.linspace(300, 3500, 30)
    found = [
        plan_tissue(np.random.default_rng(i), 40, density, is_resection=False).facts().density_per_mm2.mean()
        for i, density in enumerate(wanted)
    ]
    assert np.corrcoef(wanted, found)[0, 1] > 0.99
    assert np.polyfit(wanted, found, 1)[0] == pytest.approx(1, abs=0.05)


def test_planted_tiles_are_the_dense_ones(feature_study: Path):
    tiles = pd.read_csv(feature_study / "truth" / "tiles.csv")
    by_kind = tiles.groupby("is_planted")["lymphocytes_per_mm2"].mean()
    assert 0.05 < tiles["is_planted"].mean() < 0.4
    assert by_kind[True] > 2 * by_kind[False]
