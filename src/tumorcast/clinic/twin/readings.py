"""How a size becomes a number in a table: often the number of the scan before is written down again.

In real tables a third of the numbers repeat the one before to the millimetre, most of all where little is left. A
forecast of what will be written down has to know that: its middle is then often the last value itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.scans import GONE_MM
from tumorcast.readers.size_series import TOO_SMALL_MM, SizeSeries

_SHARE, _WEIGHT = 0.28, 1.4
"""Share of repeats before a patient's own were seen, and how many readings it is worth."""


@dataclass(frozen=True)
class Readings:
    """Chance that a number repeats the one before: a logistic regression.

    Attributes:
        weights: of 1, the last one was a repeat, the patient's share of repeats, nothing was left, 5 mm or less was
            left, the logarithm of the size + 5 mm, there was no earlier pair.
    """

    weights: tuple[float, ...]

    def chance(self, last_mm: Floats, is_repeat: Floats, n_repeats: Floats, n_pairs: int) -> Floats:
        """[n] that the next number is `last_mm` [n] again."""
        score = _features(last_mm, is_repeat, n_repeats, n_pairs) @ np.array(self.weights)
        return np.asarray(1 / (1 + np.exp(-score)))


def fit_readings(series: Sequence[SizeSeries]) -> Readings:
    """Penalised maximum likelihood on the pairs of a population."""
    rows, repeats = [], []
    for one in series:
        numbers = one.high_mm
        same = (np.diff(numbers) == 0).astype(float)
        for k in range(len(same)):
            before = same[k - 1] if k else 0.0
            at = np.array([numbers[k]])
            rows.append(_features(at, np.array([before]), np.array([same[:k].sum()]), k)[0])
            repeats.append(same[k])
    table, sign = np.array(rows), 2 * np.array(repeats) - 1

    def loss(weights: Floats) -> tuple[float, Floats]:
        margin = sign * (table @ weights)
        gradient = -(table * (sign / (1 + np.exp(np.clip(margin, -50, 50))))[:, None]).sum(0)
        ridge = np.r_[0.0, weights[1:]]
        return float(np.logaddexp(0, -margin).sum() + 0.5 * (ridge**2).sum()), gradient + ridge

    found = minimize(loss, np.zeros(table.shape[1]), jac=True, method="L-BFGS-B")
    return Readings(tuple(found.x.tolist()))


def read_off(
    sizes: Floats, numbers: Floats, readings: Readings | None, luck: Floats, change: Floats | None = None
) -> Floats:
    """What will be written down of measured sizes [n, T]: rounded as the patient's are, or the number before.

    Args:
        numbers: those written down so far, in order.
        readings: None: sizes as they are.
        luck: [n, T] uniform draws: the same ones repeat the same numbers.
        change: [n, T] what a "what if" multiplied the sizes by; a repeated number moves with it.
    """
    if readings is None or not len(numbers):
        return np.where(sizes < GONE_MM, 0.0, sizes)
    same = (np.diff(numbers) == 0).astype(float)
    n_repeats = np.full(len(sizes), same.sum())
    is_repeat = np.full(len(sizes), same[-1] if len(same) else 0.0)
    decimals = 0 if (numbers == np.round(numbers)).all() else 1
    last, made = np.full(len(sizes), numbers[-1], float), np.empty_like(sizes)
    step = np.ones_like(sizes) if change is None else change / np.c_[np.ones(len(sizes)), change[:, :-1]]
    for k in range(sizes.shape[1]):
        chance = readings.chance(last, is_repeat, n_repeats, len(same) + k)
        is_repeat = (luck[:, k] < chance).astype(float)
        fresh = np.where(sizes[:, k] < GONE_MM, 0.0, np.round(sizes[:, k], decimals))
        last = np.where(is_repeat > 0, last * step[:, k], fresh)
        made[:, k], n_repeats = last, n_repeats + is_repeat
    return made


def _features(last_mm: Floats, is_repeat: Floats, n_repeats: Floats, n_pairs: int) -> Floats:
    share = (n_repeats + _SHARE * _WEIGHT) / (n_pairs + _WEIGHT)
    gone, small = last_mm <= 0, (last_mm > 0) & (last_mm <= TOO_SMALL_MM)
    columns = (np.ones_like(last_mm), is_repeat, share, gone, small, np.log(last_mm + 5.0))
    return np.stack([*columns, np.full_like(last_mm, float(n_pairs == 0))], axis=1)
