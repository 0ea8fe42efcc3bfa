"""A combination's own data beside independent action and additivity: what they show, and what they do not."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, ndtri

from tumorcast.biology.combinations.copula import Floats
from tumorcast.biology.combinations.marginals import risks_of
from tumorcast.domain.errors import InputError

NOTE = (
    "Of the combinations approved in the United States from 1995 to 2020 for advanced cancers, 95% had effects on "
    "progression-free survival that were additive or less (Hwangbo et al. 2023, doi:10.1038/s43018-023-00667-z)."
)
LEAST_EVENTS = 5


class Finding(Enum):
    """What an interval says; the value is how it is told."""

    LESS = "less than independent action"
    INDEPENDENT = "consistent with independent action"
    BETWEEN = "more than independent action, less than additive"
    ADDITIVE = "consistent with additivity, more than independent action"
    NOT_TOLD_APART = "consistent with independent action and with additivity"
    MORE = "more than independent action; no additive reference"
    SYNERGY = "more than additive"


@dataclass(frozen=True)
class Range:
    """A value with its low and high end: an observation's interval, or a reference over what is not known of it.

    Larger must be better (share that responds, time without progression), for both alike.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise InputError(
                "a range out of order", got=(self.low, self.value, self.high), expected="low to high"
            )


@dataclass(frozen=True)
class Verdict:
    """A finding, what it was judged on, and the note that belongs beside every such finding."""

    finding: Finding
    observed: Range
    independent: Range
    additive: Range | None
    note: str = NOTE

    @property
    def is_synergy(self) -> bool:
        """True only where the whole interval lies above additivity."""
        return self.finding is Finding.SYNERGY


def judge(observed: Range, independent: Range, additive: Range | None = None) -> Verdict:
    """The combination's observation against both references, in the same measure and at the same time.

    An interval counts as above or below a reference only where it lies wholly outside the reference's range.

    Args:
        independent: range over the correlations that are possible, and over the single drugs' uncertainty.
        additive: likewise; None where the measure has none (a share that responds).
    """
    return Verdict(_finding(observed, independent, additive), observed, independent, additive)


def spanned(values: ArrayLike) -> Range:
    """A reference computed under several assumptions (correlations), [m], as one range; its middle is the median.

    Raises:
        InputError: a value that is not known.
    """
    made = np.asarray(values, dtype=float)
    if made.size == 0 or not np.isfinite(made).all():
        raise InputError(
            "a reference is not known", got=made.tolist(), fix="an earlier horizon, for which it is"
        )
    return Range(float(np.median(made)), float(made.min()), float(made.max()))


def observed_share(responders: int, patients: int, confidence: float = 0.95) -> Range:
    """Share that responded with Wilson's interval.

    Raises:
        InputError: no patients, or more responders than patients.
    """
    if not 0 <= responders <= patients or patients == 0:
        raise InputError("responders cannot be counted so", got=f"{responders} of {patients}")
    z = float(ndtri((1 + confidence) / 2))
    share = responders / patients
    scale = 1 + z**2 / patients
    centre = (share + z**2 / (2 * patients)) / scale
    half = z * np.sqrt(share * (1 - share) / patients + z**2 / (4 * patients**2)) / scale
    return Range(share, min(max(centre - half, 0.0), share), max(min(centre + half, 1.0), share))


def observed_mean_time(
    times: ArrayLike, is_event: ArrayLike, horizon: float, confidence: float = 0.95
) -> Range:
    """Mean time without progression up to `horizon` (restricted mean) with its normal interval.

    With fewer than `LEAST_EVENTS` progressions the normal interval is too narrow (with none it has no width): its low
    end is then that of the share without progression (Clopper and Pearson), as though the rest had progressed at once.

    Args:
        times: [n] above 0. is_event: [n] True = progressed, False = censored.

    Raises:
        InputError: as `risks_of`, or a horizon past the last time followed.
    """
    risks = risks_of(times, is_event)
    if not 0 < horizon <= risks.horizon:
        raise InputError(
            "the horizon is past the last time followed", got=horizon, expected=f"up to {risks.horizon:g}"
        )
    at = np.concatenate([[0.0], risks.times[risks.times < horizon], [horizon]])
    pieces = np.diff(at) * risks.curve.survival(at[:-1])
    beyond = np.cumsum(pieces[::-1])[::-1][1:]
    inside = risks.times < horizon
    left = risks.at_risk[inside] - risks.events[inside]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(left > 0, risks.events[inside] / (risks.at_risk[inside] * left), 0.0)
    error = float(np.sqrt((beyond**2 * terms).sum()))
    z, mean = float(ndtri((1 + confidence) / 2)), float(pieces.sum())
    low = max(mean - z * error, 0.0)
    if risks.events[inside].sum() < LEAST_EVENTS:
        reached = int((np.asarray(times, dtype=float) >= horizon).sum())
        low = min(low, horizon * _least_share(reached, reached + int(risks.events[inside].sum()), confidence))
    return Range(mean, low, min(mean + z * error, horizon))


def mean_time(times: Floats, shares: Floats, horizon: float) -> float:
    """The restricted mean of a curve given at `times` [T] rising from 0 to the horizon; NaN where it is not known."""
    at = np.asarray(times, dtype=float)
    if at[0] != 0 or at[-1] != horizon or (np.diff(at) <= 0).any():
        raise InputError("times do not rise from 0 to the horizon", got=(float(at[0]), float(at[-1])))
    return float(np.trapezoid(np.asarray(shares, dtype=float), at))


def _least_share(reached: int, followed: int, confidence: float) -> float:
    """Low end of Clopper and Pearson's interval."""
    if reached == 0:
        return 0.0
    return float(betaincinv(reached, followed - reached + 1, (1 - confidence) / 2))


def _finding(observed: Range, independent: Range, additive: Range | None) -> Finding:
    is_above = observed.low > independent.high
    if observed.high < independent.low:
        return Finding.LESS
    if additive is None:
        return Finding.MORE if is_above else Finding.INDEPENDENT
    if observed.low > additive.high:
        return Finding.SYNERGY
    reaches_additive = observed.high >= additive.low
    if is_above:
        return Finding.ADDITIVE if reaches_additive else Finding.BETWEEN
    return Finding.NOT_TOLD_APART if reaches_additive else Finding.INDEPENDENT
