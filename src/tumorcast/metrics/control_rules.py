"""Rules that tell an instrument out of control from the series of its control's values.

Levey and Jennings 1950 (Am J Clin Pathol 20:1059); rules of Westgard 1981 (Clin Chem 27:493).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.metrics.ratio import Array

Rule = Literal["1-2s", "1-3s", "2-2s", "R-4s", "4-1s", "10x"]
REJECTING: tuple[Rule, ...] = ("1-3s", "2-2s", "R-4s", "4-1s", "10x")
MEANING: dict[Rule, str] = {
    "1-2s": "one value beyond 2 SD: a warning",
    "1-3s": "one value beyond 3 SD",
    "2-2s": "two values in a row beyond 2 SD on one side",
    "R-4s": "two values in a row beyond 2 SD on opposite sides",
    "4-1s": "four values in a row beyond 1 SD on one side",
    "10x": "ten values in a row on one side of the mean",
}
FEWEST_RUNS = 10
"""Runs from which a mean and an SD are taken."""


@dataclass(frozen=True)
class Baseline:
    """What a control showed when all was well: mean, SD, and how many runs they are of."""

    mean: float
    sd: float
    runs: int

    @classmethod
    def of(cls, values: ArrayLike) -> Baseline:
        """Of repeated runs [n], finite; ValueError for fewer than `FEWEST_RUNS`."""
        runs = np.asarray(values, float)
        if runs.ndim != 1 or len(runs) < FEWEST_RUNS or not np.isfinite(runs).all():
            raise ValueError(f"{runs.size} runs, at least {FEWEST_RUNS} finite values are needed")
        return cls(float(runs.mean()), float(runs.std(ddof=1)), len(runs))

    def z(self, values: ArrayLike) -> Array:
        """[n] normal scores of new values.

        By Student's t of a prediction from few runs: one new value exceeds 3 as seldom as under known mean and SD,
        however few runs there were. Where all runs were equal: 0, or infinite for any other value.
        """
        from scipy.stats import norm, t

        away = np.asarray(values, float) - self.mean
        if self.sd <= 0:
            return np.where(away == 0, 0.0, np.copysign(np.inf, away))
        quantile = away / (self.sd * np.sqrt(1 + 1 / self.runs))
        return np.asarray(-np.sign(away) * norm.ppf(t.sf(np.abs(quantile), self.runs - 1)))


def violations(z: ArrayLike) -> tuple[Rule, ...]:
    """Rules that the last of a series of normal scores [n] breaks, together with those before it; () for none."""
    values = np.asarray(z, float)
    values = values[~np.isnan(values)]
    broken = {rule: _is_broken(rule, values) for rule in MEANING}
    return tuple(rule for rule, is_so in broken.items() if is_so)


def is_rejected(broken: tuple[Rule, ...]) -> bool:
    """Whether one of the rules is more than a warning."""
    return any(rule in REJECTING for rule in broken)


def _is_broken(rule: Rule, z: Array) -> bool:
    match rule:
        case "1-2s":
            return len(z) > 0 and abs(z[-1]) > 2
        case "1-3s":
            return len(z) > 0 and abs(z[-1]) > 3
        case "2-2s":
            return _on_one_side(z, 2, 2)
        case "R-4s":
            return len(z) > 1 and abs(z[-1]) > 2 and abs(z[-2]) > 2 and z[-1] * z[-2] < 0
        case "4-1s":
            return _on_one_side(z, 4, 1)
        case "10x":
            return _on_one_side(z, 10, 0)


def _on_one_side(z: Array, count: int, beyond: float) -> bool:
    last = z[-count:]
    return len(last) == count and bool((last > beyond).all() or (last < -beyond).all())
