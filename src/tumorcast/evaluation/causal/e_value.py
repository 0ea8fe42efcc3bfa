"""How strong an unseen common cause would have to be to explain an association away: E-values.

VanderWeele and Ding 2017 (Ann Intern Med 167:268): a cause that is associated with treatment and outcome by risk
ratios of less than E each, beside what was adjusted for, cannot bring the ratio to 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, isfinite, sqrt

from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class EValue:
    """Of the estimate, and of the bound of its interval that lies nearer to 1 (1 where the interval holds 1)."""

    value: float
    bound: float


def of_risk_ratio(ratio: float, low: float = 0.0, high: float = inf) -> EValue:
    """Of a risk ratio with its interval.

    Raises:
        InputError: not a ratio, or it lies outside of its interval.
    """
    return _both(ratio, low, high, lambda r: r)


def of_odds_ratio(ratio: float, low: float = 0.0, high: float = inf, is_rare: bool = False) -> EValue:
    """Of an odds ratio; where the outcome is not rare (15% or more) its square root stands for the risk ratio."""
    return _both(ratio, low, high, (lambda r: r) if is_rare else sqrt)


def of_hazard_ratio(ratio: float, low: float = 0.0, high: float = inf, is_rare: bool = False) -> EValue:
    """Of a hazard ratio; where the event is not rare at the end, (1 - .5^sqrt(h)) / (1 - .5^sqrt(1/h)) stands for the
    risk ratio."""
    return _both(ratio, low, high, (lambda r: r) if is_rare else _risk_of_hazard)


def _risk_of_hazard(ratio: float) -> float:
    if ratio in (0.0, inf):
        return ratio
    return float((1 - 0.5 ** sqrt(ratio)) / (1 - 0.5 ** sqrt(1 / ratio)))


def _both(ratio: float, low: float, high: float, as_risk: Callable[[float], float]) -> EValue:
    if not (isfinite(ratio) and ratio > 0 and 0 <= low <= ratio <= high):
        raise InputError(
            "no ratio with its interval",
            got=f"{ratio:g} [{low:g}, {high:g}]",
            expected="0 < ratio, between the bounds (not their logarithms)",
        )
    nearer = 1.0 if low <= 1 <= high else low if ratio > 1 else high
    return EValue(_e(as_risk(ratio)), _e(as_risk(nearer)))


def _e(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + sqrt(above * (above - 1))
