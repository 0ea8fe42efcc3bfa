"""Outcomes of kinds of treatment in training, adjusted for what was measured before: the record a bundle keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Unit = Literal["probability", "months"]


@dataclass(frozen=True)
class FamilyValue:
    """Mean outcome if every one of these patients had received the treatment (doubly robust); 95% interval.

    Attributes:
        n: patients who received it.
        naive: mean outcome of these, adjusted for nothing.
    """

    n: int
    naive: float
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class FamilyContrast:
    """Value under `first` less that under `second`, on the same patients.

    Attributes:
        low, high: all contrasts of the outcome together at 95% (Bonferroni).
        e_value: how strongly an unmeasured cause would have to go with treatment and outcome to explain the difference
            away; e_bound: to bring the interval to 0; None where there is no ratio.
        reason: why there is no number (then all are None); "" where there is.
    """

    first: str
    second: str
    difference: float | None
    low: float | None
    high: float | None
    e_value: float | None
    e_bound: float | None
    reason: str = ""


@dataclass(frozen=True)
class OutcomeEffects:
    """Of one outcome among the training patients of one cancer type.

    Attributes:
        cancer: as the study writes it, "unknown" where it is not recorded.
        outcome: "response", or the time to event (PFS, OS, ...).
        unit: "probability", or "months" without the event up to `horizon` (None of a probability).
        n: patients, each by the first course.
        n_measured: numbers known before treatment that were adjusted for.
        values: family of treatments (`biology.treatment_families.treatment_key`) -> its value.
        contrasts: every pair of them.
    """

    cancer: str
    outcome: str
    unit: Unit
    horizon: float | None
    n: int
    n_measured: int
    values: dict[str, FamilyValue]
    contrasts: tuple[FamilyContrast, ...]

    def contrast(self, first: str, second: str) -> FamilyContrast | None:
        """That of two families, turned round where it is kept so; None where it is not kept."""
        for one in self.contrasts:
            if (one.first, one.second) == (first, second):
                return one
            if (one.first, one.second) == (second, first):
                difference, low, high = (_minus(x) for x in (one.difference, one.high, one.low))
                return FamilyContrast(
                    first, second, difference, low, high, one.e_value, one.e_bound, one.reason
                )
        return None


@dataclass(frozen=True)
class Effects:
    """All outcomes and cancer types that there were enough patients of (`export.training_effects`)."""

    outcomes: tuple[OutcomeEffects, ...]

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Effects:
        """The inverse of `to_json`, lists for tuples allowed."""
        return cls(tuple(_outcome(one) for one in fields["outcomes"]))


def _minus(x: float | None) -> float | None:
    return None if x is None else -x


def _outcome(fields: Mapping[str, Any]) -> OutcomeEffects:
    values = {name: FamilyValue(**one) for name, one in fields["values"].items()}
    contrasts = tuple(FamilyContrast(**one) for one in fields["contrasts"])
    return OutcomeEffects(**{**fields, "values": values, "contrasts": contrasts})
