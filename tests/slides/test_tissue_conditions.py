"""One segmentation without presets on what slides are like: overlap with the truth, by condition."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from tumorcast.slides.tissue import tissue_mask

HEIGHT, WIDTH, MPP = 500, 700, 8.0
GLASS = np.array((243, 242, 245), float)
PENS = [
    ((30, 90, 200), 60, 50),
    ((40, 150, 60), 180, 300),
    ((230, 40, 50), 300, 100),
    ((20, 20, 22), 400, 420),
]

# colour of the stroma, its contrast, share of nuclei
STAINS = {
    "usual": ((215, 150, 190), 8.0, 0.2),
    "pale": ((234, 222, 232), 2.0, 0.04),
    "very pale": ((237, 228, 236), 1.5, 0.02),
    "eosin faint": ((240, 225, 233), 1.5, 0.0),
    "dark": ((110, 40, 100), 10.0, 0.3),
    "thick": ((70, 30, 80), 5.0, 0.1),
    "blue": ((150, 120, 185), 6.0, 0.5),
    "mucin": ((225, 215, 235), 2.0, 0.02),
}


def _blob(random, share, rough):
    field = ndimage.gaussian_filter(random.normal(size=(HEIGHT, WIDTH)), rough)
    return field > np.quantile(field, 1 - share)


def _tissue(random, stain):
    colour, contrast, nuclei = STAINS[stain]
    picture = np.tile(np.array(colour, float), (HEIGHT, WIDTH, 1))
    picture += 3 * contrast * ndimage.gaussian_filter(random.normal(size=(HEIGHT, WIDTH)), 1)[..., None]
    if nuclei:
        picture[_blob(random, nuclei, 1.5)] = (110, 75, 150)
    return picture


def make(stain, seed, *, share=0.3, rough=25, glass=GLASS):
    """Thumbnail before noise, float [h, w, 3], and the truth."""
    random = np.random.default_rng(seed)
    truth = _blob(random, share, rough)
    picture = np.tile(glass, (HEIGHT, WIDTH, 1))
    picture[truth] = _tissue(random, stain)[truth]
    return picture, truth


def dice(picture, truth, seed=0):
    """Dice of the mask of a picture with a scanner's blur and noise."""
    random = np.random.default_rng(seed)
    picture = ndimage.gaussian_filter(picture, (0.6, 0.6, 0)) + random.normal(0, 1.5, picture.shape)
    found = tissue_mask(picture.clip(0, 255).astype(np.uint8), MPP)
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("stain", STAINS)
def test_stains(stain, seed):
    assert dice(*make(stain, seed)) > 0.95


@pytest.mark.parametrize("stain", ["usual", "pale"])
def test_dim_glass(stain):
    picture, truth = make(stain, 0)
    assert dice(picture * 0.85, truth) > 0.95


def test_uneven_light():
    picture, truth = make("usual", 0)
    assert dice(picture * np.linspace(0.8, 1, WIDTH)[None, :, None], truth) > 0.95


@pytest.mark.parametrize("value", [5, 255])
def test_borders_that_the_scanner_filled(value):
    picture, truth = make("usual", 0)
    picture[:30] = picture[:, -50:] = value
    truth[:30] = truth[:, -50:] = False
    assert dice(picture, truth) > 0.95


def test_pens_over_and_beside_tissue():
    picture, truth = make("usual", 0)
    for colour, y, x in PENS:
        picture[y : y + 14, x : x + 220] = colour
        truth[y : y + 14, x : x + 220] = False
    assert dice(picture, truth) > 0.94


def test_a_biopsy_of_one_per_cent():
    assert dice(*make("usual", 0, share=0.01, rough=14)) > 0.85


def test_fat_is_tissue_as_far_as_its_cells_are_small():
    """A lacework of membranes around empty cells: most of it is kept."""
    picture, truth = make("usual", 0)
    random = np.random.default_rng(1)
    walls = ndimage.gaussian_filter(random.normal(size=truth.shape), 2.2) > 0.06
    picture[truth & (ndimage.distance_transform_edt(~walls) > 1.2)] = GLASS
    assert dice(picture, truth) > 0.7
