"""From log-risks to survival curves: what a bundle keeps of its training patients' follow-up, and curves with bands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.baseline_hazard import BaselineHazard

Array = NDArray[np.float64]

FEWEST, FEWEST_EVENTS = 50, 20
"""Patients and events below which nothing is kept."""
LEVEL = 0.95
_STEPS, _DRAWS, _CHECKS = 48, 100, (0.25, 0.5, 0.75)
_SLOPE_PENALTY = 1e-3
_MOST_SPREAD, _LEAST_INFORMATION = 50.0, 1e-12
"""Log hazard ratio between the ends beyond which a risk (nearly) orders all times, and no slope fits."""


@dataclass(frozen=True)
class Curve:
    """Share without the event over the days.

    Attributes:
        days: [k] from the first day of treatment; the first is the landmark (0: the start), where all are without it.
        survival, low, high: [k] with the pointwise band.
        horizon: last day on which anything is said.
    """

    days: Array
    survival: Array
    low: Array
    high: Array
    horizon: float

    def median_days(self) -> float | None:
        """Where the curve reaches a half; None where it does not before the horizon."""
        below = self.survival <= 0.5
        return float(self.days[below][0]) if below.any() else None

    def at(self, day: float) -> tuple[float, float, float] | None:
        """(survival, low, high) on a day; None outside of what is said."""
        if not self.days[0] <= day <= self.horizon:
            return None
        place = int(np.searchsorted(self.days, day, side="right")) - 1
        return float(self.survival[place]), float(self.low[place]), float(self.high[place])


@dataclass(frozen=True)
class Check:
    """Mean predicted survival of the training patients, held out, beside Kaplan and Meier's, on a day."""

    day: float
    predicted: float
    observed: float
    low: float
    high: float


@dataclass(frozen=True)
class SurvivalRecord:
    """What curves are drawn from: of held-out risks of training patients, on a grid of days, no one's own time kept.

    Attributes:
        endpoint: PFS, OS, ...
        n_patients, n_events: behind it.
        centre: mean log-risk. slope: what a unit of the model's log-risk is worth in held-out patients (1: as it says;
            at least 0). slope_error: standard error; None where the risk tells too little for one.
        days: [k] grid from 0 to the horizon. cumulative: [k] baseline hazard up to each.
        draws: of a patient bootstrap, (slope, cumulative) each.
        horizon: last grid day at which at least ten training patients are at risk.
        checks: calibration at a quarter, half and three quarters of the horizon.
        risk_of: endpoint that the risk was trained on; "" this one.
        further: the same risk against other endpoints, each with its own slope and baseline.
    """

    endpoint: str
    n_patients: int
    n_events: int
    centre: float
    slope: float
    slope_error: float | None
    days: tuple[float, ...]
    cumulative: tuple[float, ...]
    draws: tuple[tuple[float, tuple[float, ...]], ...]
    horizon: float
    checks: tuple[Check, ...]
    risk_of: str = ""
    further: tuple[SurvivalRecord, ...] = ()

    def of(self, endpoint: str) -> SurvivalRecord | None:
        """The record of an endpoint; None: there is none."""
        return next((one for one in (self, *self.further) if one.endpoint == endpoint), None)

    def curve(self, log_risk: float, landmark: float = 0.0, level: float = LEVEL) -> Curve:
        """Of a patient of this log-risk; from a landmark on, given that the event has not happened by then.

        The band is of baseline and slope (patient bootstrap); it does not hold what one patient's luck leaves open.

        Args:
            landmark: day from which on it is asked.

        Raises:
            InputError: an unknown risk, or a landmark before the start or from the horizon on.
        """
        if not np.isfinite(log_risk):
            raise InputError("no curve without a risk", got=log_risk)
        if not 0 <= landmark < self.horizon:
            raise InputError(
                "the landmark lies outside of the follow-up",
                got=f"day {landmark:g}",
                expected=f"from 0 to before day {self.horizon:g}, where fewer than ten patients are left at risk",
            )
        grid = np.array(self.days)
        days = np.r_[landmark, grid[grid > landmark]]
        own = self._survival(self.slope, self.cumulative, log_risk, days)
        drawn = np.stack([self._survival(slope, steps, log_risk, days) for slope, steps in self.draws])
        tail = 50 * (1 - level)
        low, high = np.percentile(drawn, [tail, 100 - tail], axis=0)
        return Curve(days, own, np.minimum(low, own), np.maximum(high, own), self.horizon)

    def _survival(self, slope: float, cumulative: tuple[float, ...], log_risk: float, days: Array) -> Array:
        hazard = np.interp(days, self.days, cumulative) * np.exp(slope * (log_risk - self.centre))
        return np.exp(-(hazard - hazard[0]))

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> SurvivalRecord:
        """The inverse of `to_json`, lists for tuples allowed."""
        own = {name: tuple(fields[name]) for name in ("days", "cumulative")}
        draws = tuple((float(slope), tuple(steps)) for slope, steps in fields["draws"])
        checks = tuple(Check(**one) for one in fields["checks"])
        further = tuple(cls.from_json(one) for one in fields.get("further", ()))
        return cls(**{**fields, **own, "draws": draws, "checks": checks, "further": further})


def fit_survival(held: pd.DataFrame, endpoint: str, seed: int = 0) -> SurvivalRecord | None:
    """From risks of patients by models that had not seen them; None of fewer than 50 patients or 20 events, and
    where the risk orders their times so well that no finite slope fits.

    Args:
        held: patient_id, risk (log), time_days, is_event; rows without a time do not count, nor a patient's later rows.
    """
    known = held.dropna(subset=["risk", "time_days", "is_event"]).drop_duplicates("patient_id")
    known = known[known["time_days"] > 0]
    time, event = known["time_days"].to_numpy(float), known["is_event"].to_numpy(float)
    if len(known) < FEWEST or event.sum() < FEWEST_EVENTS:
        return None
    risk = known["risk"].to_numpy(float)
    centre = float(risk.mean())
    whole = np.ones(len(time))
    fitted = _slope(time, event, risk - centre)
    if fitted is None:
        return None
    slope, error = fitted
    horizon = BaselineHazard.fit(time, event, np.zeros(len(time))).horizon
    days = _grid(horizon)
    draws = []
    random = np.random.default_rng(seed)
    for _ in range(_DRAWS):
        rows = random.integers(len(time), size=len(time))
        if event[rows].sum() < 2:
            continue
        again = _slope(time[rows], event[rows], risk[rows] - centre)
        if again is None:
            continue
        counts = np.bincount(rows, minlength=len(time)).astype(float)
        draws.append((round(again[0], 4), _steps(time, event, again[0] * (risk - centre), counts, days)))
    if 2 * len(draws) < _DRAWS:
        return None
    steps = _steps(time, event, slope * (risk - centre), whole, days)
    record = SurvivalRecord(
        endpoint, len(time), int(event.sum()), centre, slope, error, days, steps, tuple(draws), days[-1], ()
    )
    return SurvivalRecord(**{**vars(record), "checks": _checks(record, time, event, risk)})


def _slope(time: Array, event: Array, centred: Array) -> tuple[float, float | None] | None:
    """(Cox coefficient of the risk, at least 0; its standard error); of one risk for all 0 and 0; None: none fits."""
    from tumorcast.evaluation.cox import Likelihood, cox_ridge

    if np.ptp(centred) == 0:
        return 0.0, 0.0
    with np.errstate(all="ignore"):
        beta = cox_ridge(centred[:, None], time, event, _SLOPE_PENALTY)
        _, hessian = Likelihood(centred[:, None], time, event).slopes(beta)
    slope, information = max(float(beta[0]), 0.0), float(hessian[0, 0])
    if not np.isfinite(beta[0]) or slope * np.ptp(centred) > _MOST_SPREAD:
        return None
    return slope, float(1 / np.sqrt(information)) if information > _LEAST_INFORMATION else None


def _grid(horizon: float) -> tuple[float, ...]:
    """Whole days, equally apart, up to the horizon."""
    step = max(1.0, np.floor(horizon / _STEPS))
    return tuple(float(day) for day in np.arange(0.0, horizon + 1e-9, step))


def _steps(
    time: Array, event: Array, eta: Array, weights: Array, days: tuple[float, ...]
) -> tuple[float, ...]:
    base = BaselineHazard.fit(time, event, eta, weights)
    return tuple(float(f"{value:.5g}") for value in base.at(np.array(days)))


def _checks(record: SurvivalRecord, time: Array, event: Array, risk: Array) -> tuple[Check, ...]:
    from tumorcast.metrics.survival import kaplan_meier

    seen = kaplan_meier(time, event > 0)
    made = []
    for share in _CHECKS:
        day = float(np.floor(share * record.horizon))
        hazard = np.interp(day, record.days, record.cumulative) * np.exp(
            record.slope * (risk - record.centre)
        )
        place = int(np.searchsorted(seen.time_days, day, side="right")) - 1
        said = (seen.survival, seen.low, seen.high) if place >= 0 else None
        observed = (1.0, 1.0, 1.0) if said is None else tuple(float(values[place]) for values in said)
        made.append(Check(day, float(np.exp(-hazard).mean()), *observed))
    return tuple(made)
