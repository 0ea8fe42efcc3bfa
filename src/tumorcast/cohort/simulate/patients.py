"""Patients as the formula sees them: site, tumour biology and clinical state, before anything is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.planted import (
    INTERFERON_GENES,
    MEAN_DENSITY_PER_MM2,
    PLANTED_GENES,
    REPAIR_GENES,
    SD_DENSITY_PER_MM2,
)

F64 = NDArray[np.float64]
SITES = ("NORTH", "SOUTH", "EAST", "WEST", "LAKE")
CODING_GENES = 20_000

_SITE_SHARES = (0.3, 0.25, 0.2, 0.15, 0.1)
_INFILTRATION_WITH_PROGRAMME = 0.1
_LEAST_DENSITY_PER_MM2 = 250.0
_MEDIAN_NONSYNONYMOUS, _LOG_SD_NONSYNONYMOUS = 85, 0.75
_HYPERMUTATED_SHARE, _HYPERMUTATED_FACTOR = 0.04, 12


@dataclass(frozen=True)
class Patients:
    """n patients.

    Attributes:
        site: index into `SITES`.
        density_per_mm2: mean lymphocyte density of the tumour.
        programme: immune expression programme, mean 0, standard deviation 1.
        n_nonsynonymous: passenger mutations that change a protein, whole exome.
        is_hit: [n, 12] alterations of `PLANTED_GENES`.
        age (years), is_female, stage (1-4), ecog (0-2), albumin (g/dl), nlr (neutrophils a lymphocyte).
    """

    site: NDArray[np.int64]
    density_per_mm2: F64
    programme: F64
    n_nonsynonymous: NDArray[np.int64]
    is_hit: NDArray[np.bool_]
    age: F64
    is_female: NDArray[np.bool_]
    stage: NDArray[np.int64]
    ecog: NDArray[np.int64]
    albumin: F64
    nlr: F64

    def __len__(self) -> int:
        return len(self.site)

    def terms(self) -> dict[str, F64]:
        """The formula's terms, about mean 0 (losses: 1 where any gene of the group is altered)."""
        split = len(INTERFERON_GENES)
        frailty = (
            (self.ecog - 0.7) / 0.7 - (self.albumin - 3.9) / 0.45 + (np.log(self.nlr) - 1.2) / 0.5
        ) / np.sqrt(3)
        return {
            "infiltration": (self.density_per_mm2 - MEAN_DENSITY_PER_MM2) / SD_DENSITY_PER_MM2,
            "interferon_loss": self.is_hit[:, :split].any(axis=1).astype(float),
            "repair_loss": self.is_hit[:, split:].any(axis=1).astype(float),
            "programme": self.programme,
            "clinical": -frailty,
        }


def draw_patients(random: np.random.Generator, n: int) -> Patients:
    """Draw n patients; the components are independent but for a correlation of 0.1 of both immune terms."""
    rho = _INFILTRATION_WITH_PROGRAMME
    programme = random.standard_normal(n)
    infiltration = rho * programme + np.sqrt(1 - rho**2) * random.standard_normal(n)
    density = MEAN_DENSITY_PER_MM2 + SD_DENSITY_PER_MM2 * infiltration
    burden = np.exp(random.normal(np.log(_MEDIAN_NONSYNONYMOUS), _LOG_SD_NONSYNONYMOUS, n))
    burden *= np.where(random.random(n) < _HYPERMUTATED_SHARE, _HYPERMUTATED_FACTOR, 1)
    rates = np.array([*INTERFERON_GENES.values(), *REPAIR_GENES.values()])
    rates = rates + burden[:, None] / CODING_GENES
    return Patients(
        site=random.choice(len(SITES), n, p=_SITE_SHARES),
        density_per_mm2=np.maximum(density, _LEAST_DENSITY_PER_MM2),
        programme=programme,
        n_nonsynonymous=burden.astype(np.int64),
        is_hit=random.random((n, len(PLANTED_GENES))) < 1 - np.exp(-rates),
        age=np.clip(random.normal(63, 11, n), 24, 89).round(),
        is_female=random.random(n) < 0.47,
        stage=random.choice([1, 2, 3, 4], n, p=[0.03, 0.12, 0.3, 0.55]),
        ecog=random.choice([0, 1, 2], n, p=[0.44, 0.42, 0.14]),
        albumin=random.normal(3.9, 0.45, n).round(1),
        nlr=np.exp(random.normal(1.2, 0.5, n)).round(1),
    )
