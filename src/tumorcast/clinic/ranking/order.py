"""Contrasts between candidates, and groups of ties: an order only where intervals tell candidates apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt

from scipy.stats import norm

from tumorcast.clinic.ranking.contrast import Contrast

LEVEL = 0.95


@dataclass(frozen=True)
class Compared:
    """A candidate whose contrasts are supported.

    Attributes:
        probability: of response, of this patient.
        patients: effective number of training patients of this cancer who received it.
        low, high: the interval that is shown of it; None: none is.
    """

    key: str
    probability: float
    patients: float
    low: float | None = None
    high: float | None = None


def count_reach(probability: float, patients: float, level: float = LEVEL) -> float:
    """Half width of what so many patients leave open of such a share, 0 to 1."""
    return float(norm.ppf((1 + level) / 2)) * _error(probability, patients)


def contrasts_of(compared: Sequence[Compared], level: float = LEVEL) -> tuple[Contrast, ...]:
    """Every pair, the higher first.

    The interval is what the numbers of training patients leave open of a difference of two shares; all pairs hold
    together at `level` (Bonferroni). It reaches as far as the two shown intervals do, so that candidates tie wherever
    these overlap; what an individual adds is not in it.
    """
    ordered = sorted(compared, key=lambda one: (-one.probability, one.key))
    pairs = list(combinations(ordered, 2))
    if not pairs:
        return ()
    z = float(norm.ppf(1 - (1 - level) / (2 * len(pairs))))
    return tuple(_contrast(first, second, z) for first, second in pairs)


def tie_groups(compared: Sequence[Compared], contrasts: Sequence[Contrast]) -> tuple[tuple[str, ...], ...]:
    """Groups, higher probabilities first, keys of a group by name.

    Two candidates are in different groups only where every candidate of the one is told apart from every candidate of
    the other: a tie anywhere across keeps them together.
    """
    ordered = [one.key for one in sorted(compared, key=lambda one: (-one.probability, one.key))]
    ties = {frozenset((one.first, one.second)) for one in contrasts if one.is_tie}
    groups: list[list[str]] = []
    for place, key in enumerate(ordered):
        crosses = any(frozenset((a, b)) in ties for a in ordered[:place] for b in ordered[place:])
        if groups and crosses:
            groups[-1].append(key)
        else:
            groups.append([key])
    return tuple(tuple(sorted(group)) for group in groups)


def _contrast(first: Compared, second: Compared, z: float) -> Contrast:
    difference = first.probability - second.probability
    reach = z * sqrt(
        _error(first.probability, first.patients) ** 2 + _error(second.probability, second.patients) ** 2
    )
    low, high = difference - reach, difference + reach
    if first.low is not None and second.high is not None:
        low = min(low, first.low - second.high)
    if first.high is not None and second.low is not None:
        high = max(high, first.high - second.low)
    low, high = max(low, -1.0), min(high, 1.0)
    return Contrast(first.key, second.key, difference, low, high, low <= 0 <= high)


def _error(probability: float, patients: float) -> float:
    """Standard error of a share, drawn to a half by two successes and two failures: never zero."""
    share = (probability * patients + 2) / (patients + 4)
    return sqrt(share * (1 - share) / patients)
