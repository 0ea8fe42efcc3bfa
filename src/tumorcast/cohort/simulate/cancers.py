"""Cancer types of a simulated cohort, and the drugs that each of them is given where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorcast.domain.errors import InputError, did_you_mean

Drugs = Literal["drawn", "by_cancer"]

USUAL = ("LUAD",)


@dataclass(frozen=True)
class SimulatedCancer:
    """A cancer type: its name as a study writes it, its checkpoint inhibitor and its doublet."""

    name: str
    inhibitor: str
    doublet: tuple[str, str]


CANCERS: Mapping[str, SimulatedCancer] = {
    "LUAD": SimulatedCancer("Lung Adenocarcinoma", "Pembrolizumab", ("Carboplatin", "Pemetrexed")),
    "BLCA": SimulatedCancer("Bladder Urothelial Carcinoma", "Atezolizumab", ("Cisplatin", "Gemcitabine")),
    "UCEC": SimulatedCancer("Endometrial Carcinoma", "Pembrolizumab", ("Carboplatin", "Paclitaxel")),
}
"""By OncoTree code. The type changes which drugs a regimen is made of, never the outcome."""


def check_cancers(cancers: tuple[str, ...]) -> None:
    """InputError where one is not among `CANCERS`, is named twice, or none is."""
    for code in cancers:
        if code not in CANCERS:
            raise InputError(
                "this cancer type is not simulated", got=repr(code), expected=", ".join(CANCERS),
                fix=did_you_mean(code, CANCERS),
            )  # fmt: skip
    if not cancers or len(set(cancers)) < len(cancers):
        raise InputError(
            "cancer types are named once each", got=", ".join(cancers) or "none", expected=", ".join(CANCERS)
        )


def draw_cancers(random: np.random.Generator, n: int, cancers: tuple[str, ...]) -> tuple[str, ...]:
    """Code of each of n patients, all types equally often but for chance."""
    return tuple(cancers[i] for i in random.integers(len(cancers), size=n))
