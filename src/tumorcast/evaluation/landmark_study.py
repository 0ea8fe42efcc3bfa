"""Landmark analysis of a study whose responses have a day: who had responded by then, and what came after."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tumorcast.cohort.courses import course_labels, course_table
from tumorcast.cohort.labels import RESPONSE_DAY, ordinal_of
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.landmark import Followed, fit_landmark
from tumorcast.metrics.intervals import Interval
from tumorcast.readers.study import Study

RESPONSE = "response"
_PARTIAL = 2.0
_VISIT_DAYS = 7.0
_NOT_EVALUABLE = {"NE", "NOT EVALUABLE"}


@dataclass(frozen=True)
class LandmarkAnswer:
    """One landmark.

    Attributes:
        day: of treatment. endpoint: event that is timed.
        n_at_risk, n_events: patients at risk on the landmark, and events after it.
        n_responded: of them, known by then to respond; a response known later does not count.
        ratio: hazard of those, from the landmark on, over that of the others; NaN where all are alike.
        until: [k] days of treatment.
        responded, others: [k] share without the event until then, given none by the landmark.
    """

    day: float
    endpoint: str
    n_at_risk: int
    n_events: int
    n_responded: int
    ratio: Interval
    until: tuple[float, ...]
    responded: tuple[float, ...]
    others: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values; not known is None."""
        told = asdict(self)
        told["ratio"] = {name: None if math.isnan(v) else v for name, v in self.ratio.as_dict().items()}
        return told


def followed_of(
    study: Study, endpoint: str = "auto", log_risk: Mapping[str, float] | None = None
) -> tuple[list[Followed], str, list[str]]:
    """(patients from their first course on, the endpoint, lines on who was left out).

    A response is what the study dates (`RESPONSE_DAY`, of `tumorcast recist --study`). Whoever has CR or PR without a
    day cannot be told from one who responded later, and would be missed among the responders alone: refused for all.

    Args:
        endpoint: `OS`, `PFS`, ... ; "auto" as for training.
        log_risk: course -> what was said on the first day; None: nothing was.

    Raises:
        InputError: responses without a day.
    """
    table, labels = course_table(study, survival=endpoint), course_labels(study)
    left_out: Counter[str] = Counter()
    made, undated = [], 0
    for course, row in table[~table["patient_id"].duplicated()].iterrows():
        told = labels[str(course)]
        day, is_known = _number(told.get(RESPONSE_DAY)), _is_known(told)
        if not row["time_days"] > 0:
            left_out["have no time to the event"] += 1
        elif log_risk is not None and not math.isfinite(log_risk.get(str(course), math.nan)):
            left_out["have no risk"] += 1
        elif math.isnan(day) and ordinal_of(told) >= _PARTIAL:
            undated += 1
        elif math.isnan(day) and not is_known:
            left_out["have no response"] += 1
        else:
            happened = {} if math.isnan(day) else {RESPONSE: _within(day, float(row["time_days"]))}
            risk = 0.0 if log_risk is None else log_risk[str(course)]
            made.append(
                Followed(
                    str(row["patient_id"]), float(row["time_days"]), bool(row["is_event"]), risk, happened
                )
            )
    if undated:
        raise InputError(
            "responses without a day cannot be used from a landmark on", got=f"{undated} patients with CR or PR",
            expected=f"{RESPONSE_DAY}: the day on which the response was known",
            fix="`tumorcast recist --study` writes it from lesions; the best response alone would compare who lived "
            "long enough to respond with the others",
        )  # fmt: skip
    return made, str(table.attrs["survival"]), [f"{n} patients {why}" for why, n in left_out.items()]


def landmark_answer(
    patients: Sequence[Followed],
    day: float,
    endpoint: str,
    until: Sequence[float],
    log_risk: float | None = None,
) -> LandmarkAnswer:
    """The landmark model, and the share without the event of a patient of middle risk by what had happened.

    Args:
        until: days of treatment; those past the follow-up of the landmark's patients are left out.
        log_risk: of the curves; None: the median of those at risk.

    Raises:
        InputError: too few patients at risk.
    """
    model = fit_landmark(patients, day)
    at_risk = [one for one in patients if one.time_days > day]
    asked = tuple(float(d) for d in until if day <= d <= day + model.baseline.horizon)
    risk = sorted(one.log_risk for one in at_risk)[len(at_risk) // 2] if log_risk is None else log_risk
    n = sum(one.days.get(RESPONSE, math.inf) <= day for one in at_risk)
    has_both = RESPONSE in model.names
    curves = [
        tuple(model.survival(risk, days, asked).tolist()) if has_both and asked else ()
        for days in ({RESPONSE: day}, {})
    ]
    return LandmarkAnswer(
        day, endpoint, model.n_patients, model.n_events, n, model.ratio(RESPONSE), asked, curves[0], curves[1]
    )


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
