"""A population from the series of its patients: empirical Bayes on a bank of virtual patients that is weighed again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.filter import absorb_all
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.scans import Scans
from tumorcast.clinic.twin.weights import first_density, log_prior
from tumorcast.domain.errors import InputError
from tumorcast.readers.size_series import SizeSeries

LEAST_PATIENTS = 20
_PRIOR_PATIENTS = 20.0
"""How many patients the form's own middles and spreads are worth."""
_ROWS = 32
_WIDER = 1.25
_BOUNDS = {"error": (0.02, 0.15), "offset_mm": (2.0, 15.0), "walk": (0.01, 0.6), "drift": (0.005, 0.8),
           "fade": (0.004, 0.2), "unrest_sd": (0.1, 0.4)}  # fmt: skip


@dataclass(frozen=True)
class FitSettings:
    """How hard to try: virtual patients, those and the patients on which departures are fitted, evaluations."""

    n_virtual: int = 1024
    n_rough: int = 256
    n_patients_rough: int = 192
    n_evaluations: int = 70
    n_rounds: int = 12


def fit_population(
    series: Sequence[SizeSeries], form: str, name: str, settings: FitSettings | None = None, seed: int = 0
) -> TwinPopulation:
    """Middles, spreads and departures by maximum penalised likelihood; readings and leaving come after (`learn`).

    Raises:
        InputError: fewer than `LEAST_PATIENTS` patients with two scans.
    """
    settings = settings or FitSettings()
    used = sorted((one for one in series if len(one) >= 2), key=len)
    if len(used) < LEAST_PATIENTS:
        raise InputError(
            "too few patients for a population", got=f"{len(used)} with two scans or more",
            expected=f">= {LEAST_PATIENTS}", fix="give more series, or a published population",
        )  # fmt: skip
    scans = Scans.of(used)
    start = TwinPopulation.before_data(form, name)
    rough = Scans.of([used[k] for k in _spread_out(len(used), settings.n_patients_rough)])
    found = start
    for round_ in range(2):
        bank = Bank.drawn(form, settings.n_virtual, found.middle, _WIDER**2 * found.spread, seed)
        found = _weighed(found, start, bank, scans, settings.n_rounds)
        small = Bank.drawn(form, settings.n_rough, found.middle, found.spread, seed + 1)
        found = replace(found, deviation=_departures(found, small, rough, settings.n_evaluations))
        found = _weighed(found, start, bank, scans, settings.n_rounds)
        del round_
    return found


def log_evidence(
    population: TwinPopulation, series: Sequence[SizeSeries], n: int = 1024, seed: int = 3
) -> Floats:
    """[P] log density in mm of each patient's sizes: what a model says of patients that it has not seen."""
    bank = Bank.drawn(population.form, n, population.middle, population.spread, seed)
    scans = Scans.of(series)
    parts = []
    for rows in _chunks(len(scans)):
        parts.append(_evidence(population, bank, scans.rows(rows)))
    return np.concatenate(parts)


def _weighed(
    found: TwinPopulation, start: TwinPopulation, bank: Bank, scans: Scans, rounds: int
) -> TwinPopulation:
    """EM: virtual patients are weighed by each patient, the population moves to their mean and spread."""
    states = [(absorb_all(bank, found.deviation, scans.rows(rows))) for rows in _chunks(len(scans))]
    fixed = np.concatenate([one.log_likelihood + one.first_log_ratio for one in states])
    first = np.concatenate([one.first for one in states])
    del states
    n, prior = len(scans), _PRIOR_PATIENTS
    for _ in range(rounds):
        weights = _normalised(fixed + log_prior(found, bank) + first_density(found, first))
        shares = weights.sum(0)
        middle = (shares @ bank.theta + prior * start.middle) / (n + prior)
        apart, from_start = bank.theta - middle, start.middle - middle
        spread = (apart * shares[:, None]).T @ apart + prior * (
            start.spread + np.outer(from_start, from_start)
        )
        mean = float((weights * first).sum() / n)
        sd = float(np.sqrt((weights * (first - mean) ** 2).sum() / n))
        rows = (spread / (n + prior)).tolist()
        found = replace(
            found, centre=tuple(middle.tolist()), covariance=tuple(map(tuple, rows)),
            first_log_mm=(mean, max(sd, 0.1)),
        )  # fmt: skip
    return found


def _departures(found: TwinPopulation, bank: Bank, scans: Scans, evaluations: int) -> Deviation:
    """Departures and error of greatest likelihood, the population held."""
    names = list(_BOUNDS)
    limits = np.log(np.array([_BOUNDS[name] for name in names]))

    def built(logs: Floats) -> Deviation:
        values = np.exp(np.clip(logs, limits[:, 0], limits[:, 1]))
        return Deviation(**dict(zip(names, values.tolist(), strict=True)))

    def loss(logs: Floats) -> float:
        tried = replace(found, deviation=built(logs))
        total = sum(float(_evidence(tried, bank, scans.rows(rows)).sum()) for rows in _chunks(len(scans)))
        outside = logs - np.clip(logs, limits[:, 0], limits[:, 1])
        return -total + 100 * float((outside**2).sum())

    start = np.log([getattr(found.deviation, name) for name in names])
    corners = np.vstack([start, start + 0.3 * np.eye(len(names))])
    made = minimize(
        loss, start, method="Nelder-Mead", options={"maxfev": evaluations, "initial_simplex": corners}
    )
    return built(made.x)


def _evidence(population: TwinPopulation, bank: Bank, scans: Scans) -> Floats:
    state = absorb_all(bank, population.deviation, scans)
    logs = state.log_likelihood + state.first_log_ratio + first_density(population, state.first)
    logs = logs + log_prior(population, bank)
    top = logs.max(axis=1, keepdims=True)
    return np.asarray(top[:, 0] + np.log(np.exp(logs - top).mean(axis=1)))


def _normalised(logs: Floats) -> Floats:
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _chunks(n: int) -> Iterator[slice]:
    return (slice(first, min(first + _ROWS, n)) for first in range(0, n, _ROWS))


def _spread_out(n: int, most: int) -> list[int]:
    """Places of at most `most` of `n`, evenly."""
    return sorted({int(k) for k in np.linspace(0, n - 1, min(n, most))})
