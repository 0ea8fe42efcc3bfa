"""Pass, fail, or not enough cases: one criterion against one figure, and all together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tumorcast.lab.site.criteria import NEEDS_OUTCOMES, Criteria, Criterion, Measure
from tumorcast.lab.site.figures import Own
from tumorcast.metrics.intervals import Interval

Verdict = Literal["pass", "fail", "not enough cases", "not judged"]


@dataclass(frozen=True)
class Judged:
    """One criterion.

    Attributes:
        low, high: between which the whole interval must lie; None: no limit.
        figure: None where it could not be had.
        why_not: why it is not judged; "" where it is.
    """

    measure: Measure
    is_required: bool
    low: float | None
    high: float | None
    figure: Interval | None
    verdict: Verdict
    purpose: str
    why_not: str = ""


@dataclass(frozen=True)
class Cases:
    """How many there are: courses in all, and patients with a known outcome of either kind."""

    courses: int
    responders: int = 0
    others: int = 0


def judge(
    criteria: Criteria, figures: Mapping[Measure, Interval], own: Own | None, cases: Cases
) -> tuple[Judged, ...]:
    """Each criterion: passed where the whole interval lies within its limits, failed where all of it lies beyond one,
    else not enough cases."""
    return tuple(_judge_one(one, criteria, figures.get(one.measure), own, cases) for one in criteria.criteria)


def overall(judged: tuple[Judged, ...]) -> Verdict:
    """Of the required ones: failed where one is, passed where all are; "not judged" ones do not count unless all
    are."""
    found = {one.verdict for one in judged if one.is_required} - {"not judged"}
    if not found:
        return "not judged"
    if "fail" in found:
        return "fail"
    return "not enough cases" if "not enough cases" in found else "pass"


def _judge_one(
    one: Criterion, criteria: Criteria, figure: Interval | None, own: Own | None, cases: Cases
) -> Judged:
    base = _base(one, own)
    low, high = (
        None if limit is None or base is None else base + limit for limit in (one.at_least, one.at_most)
    )
    verdict, why = _verdict(one, criteria, figure, (low, high), cases)
    if base is None and verdict != "not judged":
        verdict, why = "not judged", "the bundle does not tell its own held-out figure"
    return Judged(one.measure, one.is_required, low, high, figure, verdict, one.why, why)


def _base(one: Criterion, own: Own | None) -> float | None:
    if one.base == "zero":
        return 0.0
    if own is None:
        return None
    if one.base == "promised":
        return own.promised
    return own.auroc.value if one.measure == "auroc" else None


def _verdict(
    one: Criterion,
    criteria: Criteria,
    figure: Interval | None,
    limits: tuple[float | None, float | None],
    cases: Cases,
) -> tuple[Verdict, str]:
    if figure is None or not np.isfinite(figure.value):
        return "not judged", "no such figure of these cases"
    if one.measure in NEEDS_OUTCOMES and (
        cases.responders < criteria.fewest_responders or cases.others < criteria.fewest_others
    ):
        wanted = f"{criteria.fewest_responders} responders and {criteria.fewest_others} others"
        return "not enough cases", f"{cases.responders} and {cases.others} patients; wanted {wanted}"
    if one.measure in ("answered", "unlike") and cases.courses < criteria.fewest_cases:
        return "not enough cases", f"{cases.courses} cases; wanted {criteria.fewest_cases}"
    ends = (figure.low, figure.high)
    if not np.isfinite(ends).all():
        return "not enough cases", "no interval can be given"
    low, high = limits
    if (low is not None and figure.high < low) or (high is not None and figure.low > high):
        return "fail", ""
    if (low is None or figure.low >= low) and (high is None or figure.high <= high):
        return "pass", ""
    return "not enough cases", ""
