"""Colour scales against matplotlib's, and pictures' words where no font with all letters is installed."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from tumorcast.slides import lettering
from tumorcast.slides.colours import purple_orange, viridis


@pytest.mark.parametrize(
    ("ours", "theirs", "most"), [(viridis, "viridis", 4.0), (purple_orange, "PuOr_r", 0.5)]
)
def test_scales_are_the_published_ones(ours, theirs, most):
    shares = np.linspace(0, 1, 256)
    expected = 255 * colormaps[theirs](shares)[:, :3]
    assert np.abs(ours(shares) - expected).max() < most


def test_shape_is_kept_and_ends_hold():
    assert viridis(np.full((2, 3), 0.5)).shape == (2, 3, 3)
    assert (viridis(-1.0) == viridis(0.0)).all()
    assert (viridis(2.0) == viridis(1.0)).all()


def test_words_are_spelt_in_ascii_without_a_font(monkeypatch):
    monkeypatch.setattr(lettering, "_font_file", lambda: None)
    lettering.font.cache_clear()
    try:
        page = Image.new("RGB", (200, 40), "white")
        lettering.write(page, (5, 5), "12 µm² né", 17)
        assert lettering.text_width("12 µm² né", 17) == lettering.text_width("12 um2 n?", 17) > 40
        assert np.asarray(page).min() < 60
    finally:
        lettering.font.cache_clear()


def test_edge_lies_where_the_share_is_one_half():
    share = np.clip((np.arange(60) - 20) / 20, 0, 1)[None].repeat(40, axis=0)
    page = Image.new("RGB", (60, 40), "white")
    lettering.draw_edge(page, share, "#000000", width_px=1.0)
    dark = np.asarray(page)[20, :, 0] < 128
    assert np.flatnonzero(dark).tolist() in ([29, 30, 31], [30])
