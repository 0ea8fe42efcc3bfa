"""Landmark analysis of a study whose responses have a day: who had responded by then, and what came after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tumorcast.cohort.courses import course_labels, course_table
from tumorcast.cohort.labels import RESPONSE_DAY, ordinal_of
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.landmark import Followed, fit_landmark
from tumorcast.metrics.intervals import Interval
from tumorcast.metrics.survival import kaplan_meier
from tumorcast.readers.study import Study

TimeFrom = Literal["treatment", "study"]
"""Day 0 of the times: the course's first day, or day 0 of the study's timeline."""
RESPONSE = "response"
FEWEST_A_SIDE, FEWEST_EVENTS_A_SIDE = 10, 5
"""Patients, and events after the landmark, of those who responded and of the others; below, nothing is compared."""
_PARTIAL = 2.0
_VISIT_DAYS = 7.0
_NOT_EVALUABLE = {"NE", "NED", "NOT EVALUABLE"}


@dataclass(frozen=True)
class LandmarkAnswer:
    """One landmark.

    Attributes:
        day: of treatment. endpoint: event that is timed.
        n_at_risk, n_events: patients at risk on the landmark, and events after it.
        n_responded: of them, known by then to respond; a response known later does not count.
        refusal: why responders and others are not compared; "" where they are.
        ratio: hazard of those, from the landmark on, over that of the others; NaN where refused.
        until: [k] days of treatment.
        responded, others: [k] share observed without the event until then (Kaplan-Meier), of those at risk on the
            landmark; empty where refused.
    """

    day: float
    endpoint: str
    n_at_risk: int
    n_events: int
    n_responded: int
    refusal: str
    ratio: Interval
    until: tuple[float, ...]
    responded: tuple[Interval, ...]
    others: tuple[Interval, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; not known is None."""
        told = asdict(self)
        told["ratio"] = {name: None if math.isnan(v) else v for name, v in self.ratio.as_dict().items()}
        for side in ("responded", "others"):
            told[side] = [one.as_dict() for one in getattr(self, side)]
        return told


def followed_of(
    study: Study,
    endpoint: str = "auto",
    log_risk: Mapping[str, float] | None = None,
    time_from: TimeFrom | None = None,
) -> tuple[list[Followed], str, list[str]]:
    """(patients from their first course on, the endpoint, lines on who was left out).

    A response is what the study dates (`RESPONSE_DAY`, of `tumorcast recist --study`). Whoever has CR or PR without a
    day cannot be told from one who responded later, and would be missed among the responders alone: refused for all.

    Args:
        endpoint: `OS`, `PFS`, ... ; "auto" as for training.
        log_risk: course -> what was said on the first day; None: nothing was.
        time_from: from when the times to the event count; None: it does not matter, as all courses begin on day 0.

    Raises:
        InputError: responses without a day; courses that begin on other days than 0 and no `time_from`.
    """
    table, labels = course_table(study, survival=endpoint), course_labels(study)
    table = table[~table["patient_id"].duplicated()]
    _need_zero(table["start_day"].to_numpy(float), time_from)
    left_out: Counter[str] = Counter()
    made: list[Followed] = []
    for course, row in table.iterrows():
        told = labels[str(course)]
        day = _number(told.get(RESPONSE_DAY))
        time = float(row["time_days"]) - (float(row["start_day"]) if time_from == "study" else 0.0)
        risk = 0.0 if log_risk is None else log_risk.get(str(course), math.nan)
        why = _left_out(told, day, time, risk)
        if why:
            left_out[why] += 1
            continue
        happened = {} if math.isnan(day) else {RESPONSE: _within(day, time)}
        made.append(Followed(str(row["patient_id"]), time, bool(row["is_event"]), risk, happened))
    undated = left_out[_UNDATED]
    if undated:
        raise InputError(
            "responses without a day cannot be used from a landmark on", got=f"{undated} patients with CR or PR",
            expected=f"{RESPONSE_DAY}: the day on which the response was known",
            fix="`tumorcast recist --study` writes it from lesions; the best response alone would compare who lived "
            "long enough to respond with the others",
        )  # fmt: skip
    return made, str(table.attrs["survival"]), [f"{n} patients {why}" for why, n in left_out.items()]


_UNDATED = "have CR or PR without a day"


def _left_out(told: Mapping[str, Any], day: float, time: float, risk: float) -> str:
    """Why a patient cannot be used; "" where one can."""
    if not time > 0:
        return "have no time from the first day of treatment to the event"
    if not math.isfinite(risk):
        return "have no risk"
    if not math.isnan(day):
        return ""
    if ordinal_of(told) >= _PARTIAL:
        return _UNDATED
    return "" if _is_known(told) else "have no response"


def _need_zero(start: np.ndarray[Any, np.dtype[np.float64]], time_from: TimeFrom | None) -> None:
    """A response is dated from the course's first day; a time that counts from elsewhere makes early responders
    live longer by the difference."""
    elsewhere = int(np.sum(np.isfinite(start) & (start != 0)))
    if elsewhere and time_from is None:
        raise InputError(
            "it is not known from when the times to the event count",
            got=f"{elsewhere} first courses that do not begin on day 0 of the study's timeline",
            expected="responses and times from the same day",
            fix="give --time-from treatment (times from the first day of treatment, as `tumorcast recist --study` "
            "writes them) or --time-from study (times from day 0 of the timeline, often the diagnosis)",
        )


def landmark_answer(
    patients: Sequence[Followed], day: float, endpoint: str, until: Sequence[float]
) -> LandmarkAnswer:
    """Hazard ratio of the landmark model, adjusted for the risk, and the shares observed without the event.

    Args:
        until: days of treatment; those past the follow-up of the landmark's patients are left out.

    Raises:
        InputError: too few patients at risk.
    """
    model = fit_landmark(patients, day)
    at_risk = [one for one in patients if one.time_days > day]
    asked = tuple(float(d) for d in until if day <= d <= day + model.baseline.horizon)
    has = np.array([one.days.get(RESPONSE, math.inf) <= day for one in at_risk])
    time = np.array([one.time_days - day for one in at_risk])
    event = np.array([one.is_event for one in at_risk])
    refusal = _too_few(has, event)
    sides = [
        () if refusal else _shares(time[side], event[side], [d - day for d in asked]) for side in (has, ~has)
    ]
    nothing = Interval(math.nan, math.nan, math.nan)
    return LandmarkAnswer(
        day, endpoint, model.n_patients, model.n_events, int(has.sum()), refusal,
        nothing if refusal else model.ratio(RESPONSE), asked, sides[0], sides[1],
    )  # fmt: skip


def _too_few(has: np.ndarray[Any, np.dtype[np.bool_]], event: np.ndarray[Any, np.dtype[np.bool_]]) -> str:
    for name, side in (("responders", has), ("others", ~has)):
        n, events = int(side.sum()), int(event[side].sum())
        if n < FEWEST_A_SIDE or events < FEWEST_EVENTS_A_SIDE:
            return (
                f"not compared: {n} {name} with {events} events, fewer than {FEWEST_A_SIDE} with "
                f"{FEWEST_EVENTS_A_SIDE}"
            )
    return ""


def _shares(
    time: np.ndarray[Any, np.dtype[np.float64]],
    event: np.ndarray[Any, np.dtype[np.bool_]],
    until: Sequence[float],
) -> tuple[Interval, ...]:
    """Kaplan-Meier with Greenwood's interval on days after the landmark; no further than the last patient seen."""
    curve = kaplan_meier(time, event)
    made = []
    for day in until:
        if day > time.max():
            break
        k = int(np.searchsorted(curve.time_days, day, side="right")) - 1
        made.append(
            Interval(1.0, 1.0, 1.0) if k < 0
            else Interval(float(curve.survival[k]), float(curve.low[k]), float(curve.high[k]))
        )  # fmt: skip
    return tuple(made)


def _is_known(told: Mapping[str, Any]) -> bool:
    word = str(told.get("BEST_RESPONSE", "")).strip().upper()
    return not math.isnan(ordinal_of(told)) or word in _NOT_EVALUABLE or word.startswith("NON-CR")


def _within(day: float, time: float) -> float:
    """A response of the visit with which follow-up ends is within it, whichever of its days counts."""
    return min(day, time) if day <= time + _VISIT_DAYS else day


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
