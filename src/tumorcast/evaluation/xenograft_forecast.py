"""What a drug would do to the growth of a xenograft never seen, from other tumours and what is shown of this one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.xenografts import FIRST_DAY, calls_of, running_average
from tumorcast.evaluation.growth_effects import GrowthArms, GrowthEffects, basis, fit_effects, gather

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Curves = Mapping[tuple[int, int], tuple[Floats, Floats]]
"""(tumour, drug) -> (days after the first, ln(V / V0) on them)."""

OPTIONS = tuple((rate, has_shared) for rate in (0.05, 0.15) for has_shared in (False, True))
"""Rate at which the kill wanes, per day, and whether drugs of like targets share a tumour's effect."""
SMALLEST = 0.05
"""Volumes below this share of the first one count as it: mRECIST's complete response begins there."""
INNER_FOLDS, DRAWS, INNER_SHOWN = 3, 200, 4
VISITS = np.arange(0.0, 46.0, 3.5)
"""Days of measurement that a forecast assumes, twice a week."""
_BAND = (5.0, 95.0)


@dataclass(frozen=True)
class Forecast:
    """Of one tumour's D drugs.

    Attributes:
        average: [D] median best average response in %. call: [D] most frequent mRECIST.
        mean, spread: [D, 2] and [D, 2, 2] of Claret's parameters; `noise` and `rate` make curves of them.
    """

    average: Floats
    call: NDArray[np.str_]
    mean: Floats
    spread: Floats
    noise: float
    rate: float

    def curve(self, drug: int, days: Floats) -> tuple[Floats, Floats, Floats]:
        """ln(V / V0) on days [T]: the median and the 90% band of a measurement, [T] each."""
        f = basis(days, self.rate)
        middle = f @ self.mean[drug]
        width = 1.6449 * np.sqrt(np.einsum("tj,jk,tk->t", f, self.spread[drug], f) + self.noise)
        return middle, middle - width, middle + width


@dataclass(frozen=True)
class Grower:
    """Effects learnt on some tumours, and what their arms' best average responses were."""

    effects: GrowthEffects
    rate: float
    drug_level: Floats

    def forecast(self, known: GrowthArms) -> Forecast:
        """Of one tumour [1, D] of which some arms are known, or none.

        The best average response is the mean of two: what curves drawn from the posterior give, and the drug's mean
        among the training tumours moved by what the known arms change in those curves.
        """
        nothing = known.where(np.zeros(known.counts.shape, dtype=bool))
        average, call, mean, spread = self._drawn(known)
        plain = self._drawn(nothing)[0]
        moved = self.drug_level + _log(average) - _log(plain)
        level = np.where(np.isfinite(moved), moved, _log(average))
        both = 100 * np.expm1((level + _log(average)) / 2)
        return Forecast(both, call, mean, spread, self.effects.noise, self.rate)

    def _drawn(self, known: GrowthArms) -> tuple[Floats, NDArray[np.str_], Floats, Floats]:
        mean, spread = (part[0] for part in self.effects.posterior(known))
        random = np.random.default_rng(0)
        normal = random.normal(size=(DRAWS, 1, 2))
        noise = random.normal(size=(DRAWS, 1, len(VISITS)))
        root = np.linalg.cholesky(spread + 1e-9 * np.eye(2))
        drawn = mean + np.einsum("ajk,sak->saj", root, np.broadcast_to(normal, (DRAWS, len(mean), 2)))
        log_ratio = drawn @ basis(VISITS, self.rate).T + np.sqrt(self.effects.noise) * noise
        log_ratio[:, :, 0] = 0
        change = 100 * np.expm1(np.maximum(log_ratio, np.log(SMALLEST / 2)))
        counted = VISITS >= FIRST_DAY
        best, average = change[:, :, counted].min(axis=2), running_average(change)[:, :, counted].min(axis=2)
        calls = calls_of(best, average)
        return np.median(average, axis=0), np.asarray([_most(column) for column in calls.T]), mean, spread


def log_curve(days: Floats, volumes: Floats) -> tuple[Floats, Floats]:
    """(days after the first, ln(V / V0) on them), nothing below `SMALLEST`."""
    return days[1:], np.log(np.maximum(volumes[1:] / volumes[0], SMALLEST))


def mean_curve(curves: Sequence[tuple[Floats, Floats]], days: Floats) -> Floats:
    """Mean of ln(V / V0) of several arms on days [T]: straight lines between days, past the last at the mean rate."""
    made = []
    for own, values in curves:
        inside = np.interp(days, np.concatenate([[0.0], own]), np.concatenate([[0.0], values]))
        made.append(np.where(days <= own[-1], inside, values[-1] * days / own[-1]))
    return np.mean(made, axis=0)


def learnt(
    curves: Curves, averages: Floats, likeness: Floats, tumours: NDArray[np.intp], seed: int
) -> tuple[Grower, tuple[float, bool]]:
    """Effects learnt on `tumours`, with the option that forecasts best among them.

    Args:
        averages: [n, D] best average response in %, NaN where not known.
        likeness: [D, D] of the drugs.
        tumours: rows to learn on; the option is chosen by folds of them, the inner tumour showing a few arms.
    """
    data = {rate: gather(dict(curves), averages.shape, rate) for rate in {rate for rate, _ in OPTIONS}}
    losses = {
        option: _inner_loss(data[option[0]], curves, likeness, tumours, option, seed) for option in OPTIONS
    }
    best = min(losses, key=lambda option: losses[option])
    effects = fit_effects(data[best[0]].of(tumours), likeness, has_shared=best[1])
    with np.errstate(invalid="ignore"):
        level = _nanmean(_log(averages[tumours]))
    return Grower(effects, best[0], level), best


def a_few(arms: Flags, count: int, seed: int) -> Flags:
    """[D] flags of `count` of the arms [D] that are there, at random."""
    chosen = np.zeros(len(arms), dtype=bool)
    chosen[np.random.default_rng(seed).permutation(np.flatnonzero(arms))[:count]] = True
    return chosen


def _inner_loss(
    data: GrowthArms,
    curves: Curves,
    likeness: Floats,
    tumours: NDArray[np.intp],
    option: tuple[float, bool],
    seed: int,
) -> float:
    """Mean absolute error of ln(V / V0) of arms that were not shown, tumours left out in folds."""
    part = np.random.default_rng(seed).permutation(len(tumours)) % INNER_FOLDS
    errors = []
    for fold in range(INNER_FOLDS):
        effects = fit_effects(data.of(tumours[part != fold]), likeness, has_shared=option[1])
        for tumour in tumours[part == fold]:
            arms = data.counts[tumour] > 0
            shown = a_few(arms, INNER_SHOWN, seed + int(tumour))
            mean = effects.posterior(data.of(np.asarray([tumour])).where(shown[None]))[0][0]
            for drug in np.flatnonzero(arms & ~shown):
                days, log_ratio = curves[int(tumour), int(drug)]
                errors.append(np.abs(basis(days, option[0]) @ mean[drug] - log_ratio).mean())
    return float(np.mean(errors)) if errors else 0.0


def _log(percent: Floats) -> Floats:
    return np.log1p(np.maximum(percent, -99.0) / 100)


def _nanmean(values: Floats) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=0)
    return np.where(count > 0, np.where(known, values, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _most(words: NDArray[np.str_]) -> str:
    kinds, counts = np.unique(words, return_counts=True)
    return str(kinds[counts.argmax()])
