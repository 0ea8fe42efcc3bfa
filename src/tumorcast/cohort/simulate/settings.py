"""What a simulated cohort is made from: its settings, and one stream of random numbers per part."""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass

import numpy as np

from tumorcast.cohort.simulate.cancers import USUAL, Drugs, check_cancers, draw_cancers
from tumorcast.cohort.simulate.hosts import with_hosts
from tumorcast.cohort.simulate.treatments import Assignment, Regimens, Treatments, treatments_of
from tumorcast.domain.errors import InputError

FORMAT_VERSION = 6
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
        regimens: "three" classes, or "five" whose order differs from patient to patient.
        assignment: "randomised": chance alone decides who is given what; "confounded": the patient's state does too.
        no_overlap: some patients are never given some regimens (`treatments.NO_OVERLAP_RULE`).
        cancers: OncoTree codes of the patients' cancer types, equally often (`cancers.CANCERS`); the sample table says
            which is whose.
        drugs: which drugs a regimen is made of: "drawn" for each patient, or those "by_cancer".
        host: smoking and DPD deficiency change the response too, and the study tells of its hosts.
    """

    n_patients: int
    seed: int
    tiles_per_slide: int = 40
    features_only: bool = False
    null: bool = False
    regimens: Regimens = "three"
    assignment: Assignment = "randomised"
    no_overlap: bool = False
    cancers: tuple[str, ...] = USUAL
    drugs: Drugs = "drawn"
    host: bool = False

    def __post_init__(self) -> None:
        for name, least in (("n_patients", 1), ("seed", 0), ("tiles_per_slide", 4)):
            if getattr(self, name) < least:
                raise InputError(
                    f"{name} is too small", got=getattr(self, name), expected=f"at least {least}"
                )
        check_cancers(self.cancers)
        if self.regimens == "three" and (self.assignment, self.no_overlap) != ("randomised", False):
            raise InputError(
                "confounded assignment and patients without overlap need five regimens",
                got=f"regimens {self.regimens}, assignment {self.assignment}, no_overlap {self.no_overlap}",
                fix="add --regimens five",
            )
        if self.host and self.drugs != "drawn":
            raise InputError(
                "chemotherapies of simulated hosts have a fluoropyrimidine, those by cancer do not all",
                got="host and drugs by cancer",
                fix="leave one of the two out",
            )

    @property
    def treatments(self) -> Treatments:
        """The regimens, what each does to whom, and who is given it."""
        own = treatments_of(self.regimens)
        return with_hosts(own) if self.host else own

    def cancer_codes(self) -> tuple[str, ...]:
        """[n] cancer type of each patient."""
        return draw_cancers(self.stream("cancers"), self.n_patients, self.cancers)

    def stream(self, part: str, *numbers: int) -> np.random.Generator:
        """Random numbers of one part of the simulation, independent of all other parts."""
        return np.random.default_rng([self.seed, zlib.crc32(part.encode()), *numbers])

    def recorded(self) -> dict[str, int | bool | str]:
        """What is written beside the cohort, to know it again; of treatments and cancers what is not the usual."""
        own = {**asdict(self), "cancers": " ".join(self.cancers)}
        kept = ("n_patients", "seed", "tiles_per_slide", "features_only", "null")
        made = {name: own[name] for name in kept}
        if self.regimens != "three":
            made |= {name: own[name] for name in ("regimens", "assignment", "no_overlap")}
        if (self.cancers, self.drugs) != (USUAL, "drawn"):
            made |= {name: own[name] for name in ("cancers", "drugs")}
        made |= {"host": True} if self.host else {}
        return {"format_version": FORMAT_VERSION, **made}


def world(part: str, *numbers: int) -> np.random.Generator:
    """Random numbers of what is the same in every cohort (sites, gene means, the tile encoder)."""
    return np.random.default_rng([20251, zlib.crc32(part.encode()), *numbers])
