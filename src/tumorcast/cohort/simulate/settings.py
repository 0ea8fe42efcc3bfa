"""What a simulated cohort is made from: its settings, and one stream of random numbers per part."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass

import numpy as np

from tumorcast.domain.errors import InputError

FORMAT_VERSION = 3
"""Raised whenever the same settings give another cohort."""


@dataclass(frozen=True)
class SimulationSettings:
    """Settings of one cohort.

    Attributes:
        n_patients: patients (courses are a few more).
        seed: the same seed gives the same cohort.
        tiles_per_slide: tissue tiles of 112 um a slide, about.
        features_only: ready feature bags instead of slides.
        null: every effect is zero and responses are coin flips.
    """

    n_patients: int
    seed: int
    tiles_per_slide: int = 40
    features_only: bool = False
    null: bool = False

    def __post_init__(self) -> None:
        for name, least in (("n_patients", 1), ("seed", 0), ("tiles_per_slide", 4)):
            if getattr(self, name) < least:
                raise InputError(
                    f"{name} is too small", got=getattr(self, name), expected=f"at least {least}"
                )

    def stream(self, part: str, *numbers: int) -> np.random.Generator:
        """Random numbers of one part of the simulation, independent of all other parts."""
        return np.random.default_rng([self.seed, zlib.crc32(part.encode()), *numbers])

    def recorded(self) -> dict[str, int | bool]:
        """What is written beside the cohort, to know it again."""
        return {"format_version": FORMAT_VERSION, **asdict(self)}


def world(part: str, *numbers: int) -> np.random.Generator:
    """Random numbers of what is the same in every cohort (sites, gene means, the tile encoder)."""
    return np.random.default_rng([20251, zlib.crc32(part.encode()), *numbers])
