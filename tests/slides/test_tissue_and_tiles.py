"""Tissue and not glass, on any picture; tiles on a grid in micrometres."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tumorcast.domain.errors import InputError, SlideError
from tumorcast.slides.pixels import ArrayPixels
from tumorcast.slides.reader import Slide, open_slide
from tumorcast.slides.tiling import TileSettings, grid_shape, share_of, tile_grid
from tumorcast.slides.tissue import Tissue, find_tissue, tissue_mask

MASK_MPP = 8.0


def _glass(colour=(243, 242, 245), noise=1.5, quality=75, side=300) -> np.ndarray:
    """Empty glass with noise, uneven light and JPEG blocks."""
    random = np.random.default_rng(1)
    image = (
        np.array(colour) + random.normal(0, noise, (side, side, 3)) - np.linspace(0, 6, side)[None, :, None]
    )
    buffer = io.BytesIO()
    Image.fromarray(image.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=quality)
    return np.array(Image.open(buffer))


def _with_patch(image: np.ndarray, colour, at=(100, 100), side=40) -> np.ndarray:
    random = np.random.default_rng(2)
    patch = np.array(colour) + random.normal(0, 12, (side, side, 3))
    image[at[0] : at[0] + side, at[1] : at[1] + side] = patch.clip(0, 255)
    return image


@pytest.mark.parametrize(
    ("colour", "noise", "quality"),
    [
        ((243, 242, 245), 1.5, 75),
        ((255, 255, 255), 0, 90),
        ((228, 226, 236), 5, 50),
        ((243, 240, 228), 8, 30),
        ((0, 0, 0), 0, 90),
    ],
)
def test_an_empty_slide_has_no_tissue(colour, noise, quality):
    assert not tissue_mask(_glass(colour, noise, quality), MASK_MPP).any()


@pytest.mark.parametrize(
    "stain",
    [(190, 110, 170), (225, 150, 190), (150, 95, 60), (165, 170, 205), (80, 40, 110), (232, 205, 222)],
)
@pytest.mark.parametrize("share", [0.005, 0.02, 0.9])
def test_stained_tissue_is_found_however_little_or_much(stain, share):
    """H&E, pale stroma, DAB, haematoxylin alone, dense nuclei, paler still: 0.5% to 90% of the slide."""
    side = round(300 * share**0.5)
    at = (min(100, 300 - side),) * 2
    mask = tissue_mask(_with_patch(_glass(), stain, at, side), MASK_MPP)
    inside = mask[at[0] : at[0] + side, at[1] : at[1] + side]
    assert inside.mean() > 0.9
    margin = (side + 4) ** 2 - side**2
    assert mask.sum() - inside.sum() <= margin


@pytest.mark.parametrize(
    ("what", "colour"),
    [
        ("black pen", (25, 25, 30)),
        ("green pen", (40, 150, 80)),
        ("blue pen", (40, 80, 190)),
        ("grey dust", (150, 150, 151)),
    ],
)
def test_ink_and_dust_are_not_tissue(what, colour):
    image = _with_patch(_glass(), (190, 110, 170), (200, 200), 60)
    image[20:60, 20:120] = colour
    mask = tissue_mask(image, MASK_MPP)
    assert mask[20:60, 20:120].mean() < 0.05, what
    assert mask[205:255, 205:255].all()


def test_black_border_is_not_tissue():
    image = _with_patch(_glass(), (190, 110, 170))
    image[:30] = image[:, :30] = 0
    mask = tissue_mask(image, MASK_MPP)
    assert not mask[:25].any()
    assert mask[105:135, 105:135].all()


def test_a_speck_is_dropped():
    image = _glass()
    image[50, 50] = (190, 110, 170)
    assert not tissue_mask(image, MASK_MPP).any()


def test_blank_slide_has_a_code(make_slide):
    with open_slide(make_slide(stained=False)) as slide, pytest.raises(SlideError) as caught:
        find_tissue(slide)
    assert caught.value.code == "no_tissue"


def test_real_ihc_slide_gives_its_tissue_and_not_the_glass(shared_data):
    with open_slide(shared_data / "WSI" / "ihc_1065626.svs") as slide:
        tissue = find_tissue(slide)
    share = tissue.is_tissue.mean()
    assert 0.002 < share < 0.03
    grey = tissue.thumbnail.mean(axis=2)
    assert grey[tissue.is_tissue].mean() < grey[~tissue.is_tissue].mean() - 15


def _slide(width: int, height: int, mpp: float) -> Slide:
    return Slide(None, ArrayPixels(np.full((height, width, 3), 255, np.uint8), {}), mpp)


def _tissue(mask: np.ndarray, mpp: float = 8.0) -> Tissue:
    return Tissue(mask, np.zeros((*mask.shape, 3), np.uint8), mpp)


@pytest.mark.parametrize("slide_mpp", [0.25, 0.4, 0.5026, 1.0])
def test_grid_pitch_is_the_same_in_um_on_every_scanner(slide_mpp):
    settings = TileSettings(0.5, 224)
    side = round(1200 / slide_mpp)
    coords = tile_grid(_slide(side, side, slide_mpp), _tissue(np.ones((151, 151), bool)), settings)
    assert len(coords) == 100
    pitch_um = np.diff(np.unique(coords[:, 0])) * slide_mpp
    assert pitch_um == pytest.approx(112, abs=slide_mpp)
    assert coords.max() * slide_mpp + 112 <= 1200 + slide_mpp
    assert (coords[:10, 1] == 0).all()


def test_share_of_tissue_is_exact_for_cells_that_cut_mask_pixels():
    random = np.random.default_rng(3)
    mask = random.random((40, 50)) < 0.4
    fine = np.kron(mask, np.ones((8, 8)))
    share = share_of(mask, 8.0, (7, 9), TileSettings(1.0, 43))
    brute = [[fine[43 * r : 43 * (r + 1), 43 * c : 43 * (c + 1)].mean() for c in range(9)] for r in range(7)]
    assert share == pytest.approx(np.array(brute))


def test_overlapping_tiles_lie_between_the_others():
    slide, tissue = _slide(2000, 1500, 0.5), _tissue(np.ones((94, 125), bool))
    plain = tile_grid(slide, tissue, TileSettings(0.5, 224))
    half = tile_grid(slide, tissue, TileSettings(0.5, 224, overlap=0.5))
    assert {tuple(each) for each in plain} <= {tuple(each) for each in half}
    assert set(np.diff(np.unique(half[:, 0]))) == {112}
    assert (half + 224 <= (2000, 1500)).all()
    columns, rows = (2000 - 224) // 112 + 1, (1500 - 224) // 112 + 1
    assert len(half) == rows * columns


def test_share_of_tissue_in_overlapping_tiles():
    mask = np.random.default_rng(3).random((40, 50)) < 0.4
    fine = np.kron(mask, np.ones((8, 8)))
    settings = TileSettings(1.0, 48, overlap=0.25)
    shape = grid_shape(_slide(400, 320, 1.0), settings)
    brute = [
        [fine[36 * r : 36 * r + 48, 36 * c : 36 * c + 48].mean() for c in range(shape[1])]
        for r in range(shape[0])
    ]
    assert share_of(mask, 8.0, shape, settings) == pytest.approx(np.array(brute))


@pytest.mark.parametrize(("min_tissue", "count"), [(0.0, 3), (0.25, 2), (0.6, 1), (1.0, 1)])
def test_tiles_with_less_tissue_are_left_out(min_tissue, count):
    mask = np.zeros((14, 56), bool)
    mask[:, :14] = True
    mask[:, 14:21] = True
    mask[:2, 28:30] = True
    found = tile_grid(_slide(900, 230, 0.5), _tissue(mask), TileSettings(0.5, 224, min_tissue))
    assert len(found) == count


def test_a_slide_below_one_tile_and_one_without_a_full_tile_have_codes():
    settings = TileSettings(0.5, 224, 0.9)
    with pytest.raises(SlideError) as small:
        tile_grid(_slide(100, 5000, 0.5), _tissue(np.ones((313, 7), bool)), settings)
    mask = np.zeros((63, 63), bool)
    mask[:3, :3] = True
    with pytest.raises(SlideError) as sparse:
        tile_grid(_slide(1000, 1000, 0.5), _tissue(mask), settings)
    assert (small.value.code, sparse.value.code) == ("too_small", "no_tiles")


@pytest.mark.parametrize("settings", [(0.5, 8, 0.2), (0.0, 224, 0.2), (0.5, 224, 1.5), (0.5, 224, -0.1)])
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(InputError):
        TileSettings(*settings)
