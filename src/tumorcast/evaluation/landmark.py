"""Risks updated on a landmark day by what had happened by then, among those still at risk then.

Comparing patients who ever responded with those who never did compares those who lived long enough to respond with the
others: immortal time (Anderson, Cain and Gelber 1983, J Clin Oncol 1:710; van Houwelingen 2007, Scand J Stat 34:70).
Here an event counts only with the day on which it was known, for patients at risk on the landmark, and only if that day
is not later than the landmark. There is no way to hand in a status without its day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.evaluation.baseline_hazard import BaselineHazard
from tumorcast.evaluation.cox import Likelihood, cox_ridge
from tumorcast.metrics.intervals import Interval

Array = NDArray[np.float64]

FEWEST_AT_RISK, FEWEST_EVENTS = 20, 10
_PENALTY = 1e-3


@dataclass(frozen=True)
class Followed:
    """A patient from the first day of treatment on.

    Attributes:
        time_days: to the event or the end of follow-up. is_event: whether it happened.
        log_risk: said on the first day.
        days: name of what happened under way ("response") -> day on which it was known.
    """

    patient_id: str
    time_days: float
    is_event: bool
    log_risk: float
    days: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class LandmarkModel:
    """Cox regression from a landmark on.

    Attributes:
        day: of the landmark. names: of the events that had happened by then for some and not for others.
        coefficients: of log-risk, then of `names`; errors: their standard errors.
        n_patients, n_events: at risk on the landmark, and events after it.
        baseline: by days since the landmark.
    """

    day: float
    names: tuple[str, ...]
    coefficients: tuple[float, ...]
    errors: tuple[float, ...]
    n_patients: int
    n_events: int
    baseline: BaselineHazard

    def ratio(self, name: str, confidence: float = 0.95) -> Interval:
        """Hazard ratio, from the landmark on, of patients to whom this had happened; NaN where all are alike."""
        if name not in self.names:
            return Interval(float("nan"), float("nan"), float("nan"))
        k = 1 + self.names.index(name)
        reach = norm.ppf(0.5 + confidence / 2) * self.errors[k]
        value = self.coefficients[k]
        return Interval(*(float(np.exp(v)) for v in (value, value - reach, value + reach)))

    def survival(self, log_risk: float, days: Mapping[str, float], until: Sequence[float]) -> Array:
        """[k] share without the event on days `until` of treatment, of a patient at risk on the landmark.

        Args:
            days: what happened, with the day on which it was known.

        Raises:
            LeakageError: something was known only after the landmark.
            InputError: a day before the landmark or past the horizon.
        """
        later = sorted(name for name, day in days.items() if not day <= self.day)
        if later:
            raise LeakageError(
                f"known only after the landmark: {', '.join(later)}",
                got=f"landmark on day {self.day:g}",
                expected="only what was known by then",
                fix="leave it out, or take a later landmark on which the patient is still at risk",
            )
        asked = np.asarray(until, float) - self.day
        if (asked < 0).any() or (asked > self.baseline.horizon).any():
            raise InputError(
                "days outside of what the landmark's patients were followed for",
                expected=f"from day {self.day:g} to {self.day + self.baseline.horizon:g}",
            )
        row = np.array([log_risk, *(float(name in days) for name in self.names)])
        return self.baseline.survival(float(row @ np.array(self.coefficients)), asked)[0]


def fit_landmark(patients: Sequence[Followed], day: float) -> LandmarkModel:
    """From patients who are at risk on the landmark; the others teach nothing.

    Raises:
        InputError: a negative landmark; something known after a patient's follow-up ended; fewer than 20 patients at
            risk or ten later events.
    """
    if not day >= 0:
        raise InputError("a landmark is a day of treatment", got=day, expected="0 or later")
    _check_days(patients)
    at_risk = [one for one in patients if one.time_days > day]
    happened = sum(one.is_event for one in at_risk)
    if len(at_risk) < FEWEST_AT_RISK or happened < FEWEST_EVENTS:
        raise InputError(
            "too few patients at risk on the landmark",
            got=f"{len(at_risk)} at risk, {happened} later events",
            expected=f"{FEWEST_AT_RISK} and {FEWEST_EVENTS}",
            fix="take an earlier landmark",
        )
    every = sorted({name for one in at_risk for name in one.days})
    columns = {
        name: np.array([float(one.days.get(name, np.inf) <= day) for one in at_risk]) for name in every
    }
    names = tuple(name for name in every if np.ptp(columns[name]) > 0)
    design = np.stack([[one.log_risk for one in at_risk], *(columns[name] for name in names)], axis=1)
    time = np.array([one.time_days for one in at_risk]) - day
    event = np.array([one.is_event for one in at_risk], float)
    beta = cox_ridge(design, time, event, _PENALTY)
    _, hessian = Likelihood(design, time, event).slopes(beta)
    errors = np.sqrt(np.diag(np.linalg.inv(hessian + _PENALTY * np.eye(len(beta)))))
    base = BaselineHazard.fit(time, event, design @ beta)
    return LandmarkModel(
        float(day), names, tuple(beta.tolist()), tuple(errors.tolist()), len(at_risk), int(happened), base
    )


def _check_days(patients: Sequence[Followed]) -> None:
    for one in patients:
        impossible = [name for name, own in one.days.items() if not 0 <= own <= one.time_days]
        if impossible:
            raise InputError(
                f"{', '.join(impossible)} known outside of the follow-up of patient {one.patient_id}",
                got=f"days {', '.join(f'{one.days[name]:g}' for name in impossible)} of {one.time_days:g}",
                expected="days between the start and the end of follow-up",
            )
