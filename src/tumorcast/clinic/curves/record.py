"""The record of a patient's survival curves: plain facts from which table and picture are drawn."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

NOTICE = (
    "Share without the event among training patients of this predicted risk, whatever they received; how many received "
    "exactly the regimen stands beside it. Not a cause, not advice, no promise for one patient. Research use only, "
    "preliminary."
)
BAND = (
    "The band is of baseline and calibration of the risk (patient bootstrap), nominally 95%; with 250 simulated "
    "training patients it held the truth in 89%. One patient's luck is not in it."
)

Given = Literal["recorded", "asked"]


@dataclass(frozen=True)
class Milestone:
    """Share without the event on a day, with its band; None where the day lies past the horizon."""

    day: float
    survival: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class RegimenCurve:
    """Of one regimen.

    Attributes:
        regimen: names of its drugs.
        given: "recorded": the study's own treatment of the course; "asked": a candidate.
        days, survival, low, high: the curve; empty where `reason` says why there is none.
        median_days: where the curve reaches a half, None where it does not before the horizon.
        overlap: whether training patients like this one received treatment of its family, in words.
        evidence: whether training patients received exactly this, in words; n_here: how many of this cancer.
        reason: why there is no curve.
        warnings: what speaks against it.
    """

    regimen: str
    given: Given
    days: tuple[float, ...] = ()
    survival: tuple[float, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    median_days: float | None = None
    milestones: tuple[Milestone, ...] = ()
    overlap: str = ""
    reason: str = ""
    warnings: str = ""
    evidence: str = ""
    n_here: int = 0


@dataclass(frozen=True)
class PatientCurves:
    """Of one course.

    Attributes:
        endpoint: PFS, OS, ...
        landmark_day: the curves are given that the event had not happened by this day of treatment (0: the start).
        horizon_day: nothing is said beyond; at least ten training patients were at risk then.
        n_patients, n_events: of training behind baseline and calibration.
        slope: what a unit of the model's log-risk was worth in held-out patients.
        model: its id.
        watermark: across everything that is made of this.
        risk_of: endpoint that the model's risk was trained on, where it is not this one; "" it is.
        also: other endpoints that the model draws.
    """

    patient_id: str
    course_id: str
    endpoint: str
    landmark_day: float
    horizon_day: float
    n_patients: int
    n_events: int
    slope: float
    curves: tuple[RegimenCurve, ...]
    model: str
    watermark: str
    notice: str = NOTICE
    band: str = BAND
    format: int = 1
    risk_of: str = ""
    also: tuple[str, ...] = ()

    @property
    def told_risk(self) -> str:
        """Whose risk it is, in words; "" where it is the endpoint's own."""
        return f"by the model's risk of {self.risk_of}, set against {self.endpoint}" if self.risk_of else ""

    def to_json(self) -> str:
        """As text."""
        return json.dumps(asdict(self), indent=1, allow_nan=False) + "\n"


def curves_of(fields: dict[str, Any]) -> PatientCurves:
    """The inverse of `PatientCurves.to_json`, from what was parsed."""
    made = []
    for one in fields["curves"]:
        own = {name: tuple(one[name]) for name in ("days", "survival", "low", "high")}
        made.append(
            RegimenCurve(**{**one, **own, "milestones": tuple(Milestone(**m) for m in one["milestones"])})
        )
    return PatientCurves(**{**fields, "curves": tuple(made), "also": tuple(fields.get("also", ()))})
