"""A library of nuclei to stamp: haematoxylin amounts (0-255) of small images at 0.5 um a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

U8 = NDArray[np.uint8]
_LIBRARY_SEED = 20250


@dataclass(frozen=True)
class NucleusLibrary:
    """Variants of each kind of nucleus, each a uint8 image.

    Attributes:
        tumour: large (8-15 um), pleomorphic, with a rim, mottled chromatin and nucleoli.
        spindle: fibroblasts, long and thin; `spindle_angle` (radians) says how each lies.
        lymphocyte: about 7 um, round, dark.
        debris: fragments in necrosis.
    """

    tumour: tuple[U8, ...]
    spindle: tuple[U8, ...]
    lymphocyte: tuple[U8, ...]
    debris: tuple[U8, ...]


@cache
def nucleus_library() -> NucleusLibrary:
    """The library; drawn once a process, always the same."""
    random = np.random.default_rng(_LIBRARY_SEED)
    return NucleusLibrary(
        tumour=tuple(_tumour(random) for _ in range(96)),
        spindle=tuple(_spindle(random) for _ in range(48)),
        lymphocyte=tuple(_lymphocyte(random) for _ in range(32)),
        debris=tuple(_debris(random) for _ in range(24)),
    )


def _ellipse(half: int, a: float, b: float, angle: float) -> NDArray[np.float64]:
    """Normalised radius (1 on the ellipse's edge) on a (2 half + 1) square."""
    y, x = np.mgrid[-half : half + 1, -half : half + 1].astype(float)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    return np.hypot(u / a, v / b)


def _inside(radius: NDArray[np.float64], softness_px: float, size_px: float) -> NDArray[np.float64]:
    return np.clip((1 - radius) * size_px / softness_px + 0.5, 0, 1)


def _tumour(random: np.random.Generator) -> U8:
    a = random.uniform(8, 14)
    b = a * random.uniform(0.62, 0.98)
    radius = _ellipse(17, a, b, random.uniform(0, np.pi))
    radius *= 1 + 0.12 * gaussian_filter(random.standard_normal(radius.shape), 4) / 0.07 * 0.5
    inside = _inside(radius, 2.0, b)
    chromatin = gaussian_filter(random.standard_normal(radius.shape), 1.3) / 0.21
    level = random.uniform(72, 112) + 13 * chromatin + 34 * np.exp(-(((radius - 0.88) / 0.1) ** 2))
    for _ in range(random.integers(1, 3)):
        x, y = random.uniform(-0.4, 0.4, 2) * b + 17
        rows, columns = np.indices(radius.shape)
        level += 70 * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * random.uniform(1.2, 1.9) ** 2))
    return _to_bytes(inside * level, 165)


def _spindle(random: np.random.Generator) -> U8:
    a, b = random.uniform(9, 15), random.uniform(2.2, 3.6)
    radius = _ellipse(16, a, b, random.normal(0, 0.35))
    grain = 10 * gaussian_filter(random.standard_normal(radius.shape), 1) / 0.28
    return _to_bytes(_inside(radius, 1.6, b) * (random.uniform(95, 135) + grain), 165)


def _lymphocyte(random: np.random.Generator) -> U8:
    a = random.uniform(6.4, 7.6)
    radius = _ellipse(9, a, a * random.uniform(0.88, 1.0), random.uniform(0, np.pi))
    grain = 12 * gaussian_filter(random.standard_normal(radius.shape), 1) / 0.28
    return _to_bytes(_inside(radius, 1.6, a) * (random.uniform(205, 235) + grain), 255)


def _debris(random: np.random.Generator) -> U8:
    a = random.uniform(1.2, 3.4)
    radius = _ellipse(5, a, a * random.uniform(0.5, 1), random.uniform(0, np.pi))
    return _to_bytes(_inside(radius, 1.5, a) * random.uniform(90, 150), 165)


def _to_bytes(values: NDArray[np.float64], ceiling: float) -> U8:
    return np.clip(values, 0, ceiling).astype(np.uint8)
