"""What is no H&E is told from what is; flags stand where the trouble was put, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from slides.conftest import write_pyramid
from tumorcast.domain.errors import SlideError
from tumorcast.slides.flags import FLAGS, count_flags
from tumorcast.slides.quality import is_blurred, judge_grid
from tumorcast.slides.reader import open_slide
from tumorcast.slides.stain import check_stain, judge_stain
from tumorcast.slides.tiling import TileSettings, tile_grid
from tumorcast.slides.tissue import find_tissue

GLASS = np.array((243, 242, 245), np.uint8)
# Ruifrok and Johnston 2001, table 1 and their plug-in's defaults; red, green, blue
VECTORS = {
    "haematoxylin": (0.65, 0.70, 0.29),
    "eosin": (0.07, 0.99, 0.11),
    "dab": (0.27, 0.57, 0.78),
    "aec": (0.27, 0.68, 0.68),
    "silver": (0.58, 0.58, 0.58),
}


def stained(amounts, seed=0, size=160, spread=0.35):
    """RGB of a picture where each stain lies in patches of its own with a share of the area and a mean density."""
    random = np.random.default_rng(seed)
    density = np.zeros((size, size, 3))
    for number, (stain, (share, strength)) in enumerate(amounts.items()):
        field = ndimage.gaussian_filter(
            np.random.default_rng(seed + 100 * number).normal(size=(size, size)), 2.5
        )
        where = field > np.quantile(field, 1 - share)
        amount = strength * random.lognormal(0, spread, (size, size)) * where
        vector = np.array(VECTORS[stain]) / np.linalg.norm(VECTORS[stain])
        vector = vector + random.normal(0, 0.02, 3)  # laboratories differ
        density += amount[..., None] * vector.clip(0)
    noise = random.normal(0, 2, density.shape)
    return (GLASS * 10**-density + noise).clip(0, 255).astype(np.uint8)


HE = {
    "usual": {"eosin": (0.7, 0.4), "haematoxylin": (0.3, 0.6)},
    "pale": {"eosin": (0.7, 0.22), "haematoxylin": (0.25, 0.3)},
    "dark": {"eosin": (0.8, 0.9), "haematoxylin": (0.4, 1.2)},
    "blue": {"eosin": (0.35, 0.35), "haematoxylin": (0.75, 0.7)},
    "pink": {"eosin": (0.95, 0.6), "haematoxylin": (0.05, 0.5)},
    "with melanin": {"eosin": (0.7, 0.4), "haematoxylin": (0.3, 0.6), "dab": (0.05, 0.8)},
}
NOT_HE = {
    "dab strong": {"haematoxylin": (0.4, 0.3), "dab": (0.4, 0.6)},
    "dab weak": {"haematoxylin": (0.5, 0.35), "dab": (0.06, 0.4)},
    "dab membranes": {"haematoxylin": (0.5, 0.3), "dab": (0.15, 0.5)},
    "aec": {"haematoxylin": (0.4, 0.3), "aec": (0.3, 0.5)},
    "silver": {"silver": (0.4, 0.6)},
}


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", HE)
def test_haematoxylin_and_eosin_is_never_refused(kind, seed):
    verdict = judge_stain(stained(HE[kind], seed), GLASS)
    assert verdict.stain == "H&E", verdict


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", NOT_HE)
def test_other_chromogens_are_found(kind, seed):
    verdict = judge_stain(stained(NOT_HE[kind], seed), GLASS)
    assert verdict.stain == "not H&E", verdict
    with pytest.raises(SlideError) as refused:
        check_stain(verdict)
    assert refused.value.code == "not_he"
    assert "--any-stain" in str(refused.value)


def test_haematoxylin_alone_and_glass_are_unknown():
    assert judge_stain(stained({"haematoxylin": (0.5, 0.5)}), GLASS).stain == "unknown"
    assert judge_stain(np.full((99, 99, 3), GLASS), GLASS).stain == "unknown"
    check_stain(judge_stain(np.full((99, 99, 3), GLASS), GLASS))


@pytest.mark.parametrize("factor", [0.8, 0.9])
def test_the_verdict_follows_the_glass_not_the_lamp(factor):
    for kinds, stain in ((HE, "H&E"), (NOT_HE, "not H&E")):
        for amounts in kinds.values():
            dimmed = (stained(amounts) * factor).astype(np.uint8)
            assert judge_stain(dimmed, (GLASS * factor).astype(np.uint8)).stain == stain


def _slide_picture(seed=0, size=2048):
    """H&E with nuclei, on glass; the margin of 400 px is empty."""
    random = np.random.default_rng(seed)
    picture = np.full((size, size, 3), GLASS, np.float32)
    inside = picture[400:-400, 400:-400]
    inside[:] = (215, 150, 190)
    inside += ndimage.gaussian_filter(random.normal(0, 60, inside.shape[:2]), 2.0)[..., None]
    nuclei = ndimage.gaussian_filter(random.normal(size=inside.shape[:2]), 3.0) > 0.16
    inside[nuclei] = (100, 70, 140)
    inside += random.normal(0, 7, inside.shape)
    return picture.clip(0, 255)


def _grid(tmp_path, picture, min_tissue=0.25):
    path = write_pyramid(tmp_path / "s.svs", picture.clip(0, 255).astype(np.uint8), 0.5, levels=1)
    settings = TileSettings(0.5, 224, min_tissue)
    with open_slide(path) as slide:
        tissue = find_tissue(slide)
        grid = judge_grid(slide, tissue, settings)
        assert np.array_equal(grid.coords, tile_grid(slide, tissue, settings))
        tiles = [slide.read_tile(int(x), int(y), 224, 0.5) for x, y in grid.coords]
    return grid, tiles


def test_clean_tissue_has_no_flag(tmp_path):
    grid, tiles = _grid(tmp_path, _slide_picture())
    assert len(grid.coords) > 20
    assert count_flags(grid.flags) == {}
    assert not any(map(is_blurred, tiles))
    assert set(grid.reasons) <= {"little_tissue"}


@pytest.mark.parametrize("sigma", [2.0, 3.0, 6.0])
def test_blur_is_found_where_it_is(tmp_path, sigma):
    picture = _slide_picture()
    blurred = ndimage.gaussian_filter(picture, (sigma, sigma, 0))
    picture[:, :1000] = blurred[:, :1000]
    grid, tiles = _grid(tmp_path, picture)
    found = np.array([is_blurred(tile) for tile in tiles])
    inside = grid.coords[:, 0] + 224 < 1000
    assert found[inside].mean() > 0.85
    assert not found[grid.coords[:, 0] > 1010].any()


def test_blank_tiles_are_not_called_blurred():
    noise = np.random.default_rng(0).normal(240, 1.5, (224, 224, 3)).clip(0, 255).astype(np.uint8)
    assert not is_blurred(noise)
    assert not is_blurred(np.full((224, 224, 3), 240, np.uint8))


@pytest.mark.parametrize("colour", [(30, 90, 200), (40, 150, 60), (230, 40, 50)])
def test_pen_over_tissue_is_the_reason(tmp_path, colour):
    picture = _slide_picture()
    picture[900:1100, 450:1000] = colour
    grid, _ = _grid(tmp_path, picture)
    pen = grid.rejected[grid.reasons == "pen"]
    assert len(pen)
    assert ((pen[:, 1] > 650) & (pen[:, 1] < 1100) & (pen[:, 0] < 1000)).all()
    flagged = grid.coords[grid.flags & FLAGS["ink"] > 0]
    assert ((flagged[:, 1] > 650) & (flagged[:, 1] < 1110)).all()


def test_a_fold_is_flagged(tmp_path):
    picture = _slide_picture()
    picture[700:1300, 950:1080] = (60, 20, 60)
    grid, _ = _grid(tmp_path, picture)
    flagged = grid.coords[grid.flags & FLAGS["fold"] > 0]
    assert len(flagged)
    assert ((flagged[:, 0] + 224 > 940) & (flagged[:, 0] < 1090)).all()


def test_a_dark_ring_without_colour_is_flagged(tmp_path):
    picture = _slide_picture()
    y, x = np.indices(picture.shape[:2])
    distance = np.hypot(y - 1000, x - 1000)
    picture[(distance > 280) & (distance < 360)] = (95, 95, 96)
    grid, _ = _grid(tmp_path, picture, min_tissue=0.1)
    flagged = grid.coords[grid.flags & FLAGS["no_colour"] > 0] + 112
    assert len(flagged)
    assert (np.abs(np.hypot(*(flagged - 1000).T) - 320) < 200).all()


def test_real_tiles_are_sharp_and_he(shared_data):
    from PIL import Image

    paths = sorted((shared_data / "MoPaDi_tiles").rglob("*.jpg"))
    assert len(paths) > 5
    for path in paths:
        tile = np.asarray(Image.open(path).convert("RGB"))
        assert not is_blurred(tile), path
        assert judge_stain(tile, np.full(3, 240, np.uint8)).stain == "H&E", path
