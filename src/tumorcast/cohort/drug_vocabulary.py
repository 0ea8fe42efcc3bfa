"""`DrugVocabulary`: a course's drugs as numbers; a drug that training has not seen keeps its class and targets."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.biology.drugs import UNKNOWN_CLASS, agent_classes
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.arrays import F32, DrugArrays
from tumorcast.cohort.drugs import ROUTES, Drug, drug_from_text
from tumorcast.cohort.target_profiles import TargetProfiles, fit_target_profiles

REACH_NAMES = ("target_altered", "nearest_alteration", "reach_known")
_PLAN_NAMES = ("targets_known", "dose", "dose_known", "cycle", "cycle_known", "route_known")
_USUAL_CYCLE_DAYS = 21.0


@dataclass(frozen=True)
class DrugVocabulary:
    """Saved with the preprocessor.

    Attributes:
        agents: names seen in training; a drug's number is its place + 1, and 0 for every other.
        classes: every class that the package knows, and those of training.
        profiles: of the targets.
    """

    agents: tuple[str, ...]
    classes: tuple[str, ...]
    profiles: TargetProfiles

    @classmethod
    def fit(cls, courses: pd.DataFrame, network: GeneNetwork) -> DrugVocabulary:
        """From the training fold's courses."""
        drugs = {drug_from_text(text) for texts in courses["drugs"] for text in texts}
        classes = {*agent_classes(), *(drug.cls for drug in drugs)} - {UNKNOWN_CLASS}
        plain = {part for name in classes for part in _parts(name)}
        agents = tuple(sorted({drug.name for drug in drugs}))
        return cls(agents, (*sorted(plain), UNKNOWN_CLASS), fit_target_profiles(network))

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Columns of `DrugArrays.features`."""
        return (
            *(f"class:{name}" for name in self.classes),
            *(f"target:{name}" for name in self.profiles.targets),
            *(f"pathway:{name}" for name in self.profiles.pathways),
            *_PLAN_NAMES,
            *(f"route:{name}" for name in ROUTES),
        )

    def arrays(self, texts: Sequence[str], altered: Sequence[str] | None) -> DrugArrays:
        """The drugs of one course.

        Args:
            texts: of `Drug.to_text`; the same drug once.
            altered: symbols of the tumour's altered genes; None where it was not sequenced.
        """
        drugs = sorted(map(drug_from_text, dict.fromkeys(texts)), key=lambda drug: drug.name)
        place = {name: k for k, name in enumerate(self.agents, start=1)}
        features = np.zeros((len(drugs), len(self.feature_names)), np.float32)
        reach = np.zeros((len(drugs), len(REACH_NAMES)), np.float32)
        for i, drug in enumerate(drugs):
            features[i] = self._described(drug)
            if altered is not None and drug.targets:
                reach[i] = self._reach(drug, altered)
        agent = np.array([place.get(drug.name, 0) for drug in drugs], np.int64)
        return DrugArrays(agent, features, reach)

    def _described(self, drug: Drug) -> F32:
        own = {name for name in _parts(drug.cls) if name in self.classes} or {UNKNOWN_CLASS}
        plan = [
            float(self.profiles.knows(drug.targets)),
            *_known(drug.dose_percent, lambda percent: percent / 100 - 1),
            *_known(drug.cycle_days, lambda days: math.log2(days / _USUAL_CYCLE_DAYS)),
            float(bool(drug.route)),
        ]
        return np.concatenate(
            [
                [float(name in own) for name in self.classes],
                self.profiles.of(drug.targets),
                plan,
                [float(name == drug.route) for name in ROUTES],
            ]
        ).astype(np.float32)

    def _reach(self, drug: Drug, altered: Sequence[str]) -> tuple[float, float, float]:
        """Whether a target is altered, how near the nearest altered gene is, and 1; zeros where no target is known."""
        near = self.profiles.nearness(drug.targets, altered)
        if near is None:
            return 0.0, 0.0, 0.0
        return float(not set(drug.targets).isdisjoint(altered)), near, 1.0


def _parts(name: str) -> tuple[str, ...]:
    """A class, or the classes of which it is one ("anti-PD-1 or anti-PD-L1")."""
    return tuple(name.split(" or "))


def _known(value: float | None, scaled: Callable[[float], float]) -> tuple[float, float]:
    return (0.0, 0.0) if value is None else (scaled(value), 1.0)
