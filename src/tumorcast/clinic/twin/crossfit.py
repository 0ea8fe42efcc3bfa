"""Forecasts of a cohort's held-out scans by populations that never saw the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.forecast import forecast, posterior
from tumorcast.clinic.twin.learn import learn_population
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.readers.size_series import SizeSeries

N_FOLDS, N_FITS = 5, 2


@dataclass(frozen=True)
class Task:
    """What is asked of one patient: the scans that may be seen, and the days to forecast, all behind them."""

    known: SizeSeries
    days: Floats


def crossfit(
    series: Sequence[SizeSeries],
    folds: int = N_FOLDS,
    fits: int = N_FITS,
    forms: Sequence[str] = ("gompertz",),
    seed: int = 0,
) -> dict[str, tuple[TwinPopulation, ...]]:
    """Patient -> populations learnt from the others: `fits` of them, of different banks, whose draws are pooled.

    Pooling averages out the chance of the bank. A patient's own series is in none of its populations.
    """
    place = np.random.default_rng([seed, 1]).permutation(len(series)) % folds
    made: dict[str, tuple[TwinPopulation, ...]] = {}
    for fold in range(folds):
        others = [one for one, at in zip(series, place, strict=True) if at != fold]
        first = learn_population(others, f"without fold {fold}", forms, seed=seed)
        more = [
            learn_population(others, first.name, (first.form,), seed=seed + 100 * k) for k in range(1, fits)
        ]
        for one, at in zip(series, place, strict=True):
            if at == fold:
                made[one.patient_id] = (first, *more)
    return made


def written(populations: Sequence[TwinPopulation], task: Task, n: int = 2000, seed: int = 0) -> Floats:
    """[draws, T] numbers that will stand in the table, pooled over the populations."""
    each = max(n // len(populations), 1)
    return np.concatenate(
        [
            forecast(posterior(one, task.known), task.days, each, seed + k).written_mm
            for k, one in enumerate(populations)
        ]
    )
