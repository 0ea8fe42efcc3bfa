"""A patient's posterior, scan by scan, and draws of how the size goes on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank, relative_of
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.filter import Weighed, absorb, absorb_all, begin
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.prior_size import PriorSize, SoftSize, with_size
from tumorcast.clinic.twin.readings import read_off
from tumorcast.clinic.twin.scans import Scans
from tumorcast.clinic.twin.usual import soft_size
from tumorcast.clinic.twin.weights import posterior_weights
from tumorcast.readers.size_series import SizeSeries

N_VIRTUAL, N_DRAWS = 2048, 2000
_ROUNDS = 2
"""How often the bank is drawn again where the posterior is."""


@dataclass(frozen=True)
class Posterior:
    """What is known of one patient after the scans of `series`.

    Attributes:
        population: the prior.
        bank: virtual patients.
        state: after the scans, one patient.
        prior: what a model said of the size before any scan, beside what the population does by itself.
    """

    population: TwinPopulation
    series: SizeSeries
    bank: Bank
    state: Weighed
    prior: SoftSize | None = None

    @cached_property
    def told(self) -> Weighed:
        """After the scans and what a model said."""
        return _told(self.state, self.bank, self.population, self.series, self.prior)

    @cached_property
    def weights(self) -> Floats:
        """[N] of the virtual patients, adding up to 1."""
        return posterior_weights(self.population, self.bank, self.told)[0]

    @property
    def effective(self) -> float:
        """How many virtual patients the posterior rests on."""
        return float(1 / (self.weights**2).sum())

    def updated(self, day: float, low_mm: float, high_mm: float) -> Posterior:
        """With one more scan, later than those before; the same as all at once."""
        old = self.series
        series = replace(
            old, days=np.append(old.days, day), low_mm=np.append(old.low_mm, low_mm),
            high_mm=np.append(old.high_mm, high_mm),
        )  # fmt: skip
        state = absorb(self.state, self.bank, self.population.deviation, Scans.of([series]), len(old))
        return Posterior(self.population, series, self.bank, state, self.prior)


@dataclass(frozen=True)
class Draws:
    """Draws of a patient's future, all [draws, T] for `days` [T] counted as the series counts them.

    Attributes:
        true_mm: size.
        measured_mm: with error.
        written_mm: as it will stand in a table.
        theta: [draws, parameters].
        first_mm: [draws].
        luck: [draws, T] that decided which numbers repeat the one before; an upper bound is not repeated.
    """

    days: Floats
    true_mm: Floats
    measured_mm: Floats
    written_mm: Floats
    theta: Floats
    first_mm: Floats
    luck: Floats

    def until(self, day: float) -> Draws:
        """Without what comes after a day."""
        n = int((self.days <= day).sum())
        return Draws(
            self.days[:n], self.true_mm[:, :n], self.measured_mm[:, :n], self.written_mm[:, :n], self.theta,
            self.first_mm, self.luck[:, :n],
        )  # fmt: skip


def posterior(
    population: TwinPopulation, series: SizeSeries, said: PriorSize | None = None, n: int = N_VIRTUAL
) -> Posterior:
    """After all scans of a series, one at least.

    Args:
        said: by a model before any scan.
    """
    scans = Scans.of([series])
    word = None if said is None else soft_size(population, said, float(series.days[0]))
    bank = Bank.drawn(population.form, n // 2, population.middle, population.spread, seed=11)
    for _ in range(_ROUNDS):
        state = absorb_all(bank, population.deviation, scans)
        weights = posterior_weights(population, bank, _told(state, bank, population, series, word))[0]
        bank = bank.drawn_around(weights, n // 2 if _ < _ROUNDS - 1 else n)
    return Posterior(population, series, bank, absorb_all(bank, population.deviation, scans), word)


def _told(
    state: Weighed, bank: Bank, population: TwinPopulation, series: SizeSeries, word: SoftSize | None
) -> Weighed:
    if word is None:
        return state
    base = float(series.high_mm[0]) if series.is_measured[0] and series.high_mm[0] > 0 else None
    return with_size(state, bank, population.deviation, word, word.said.day - float(series.days[0]), base)[0]


def prior(population: TwinPopulation, series: SizeSeries, n: int = N_VIRTUAL) -> Posterior:
    """Before any scan of a series was looked at but where the first one lies: to be `updated` scan by scan."""
    bank = Bank.drawn(population.form, n, population.middle, population.spread, seed=11)
    scans = Scans.of([series.first(1)])
    state = absorb(begin(bank, population.deviation, scans), bank, population.deviation, scans, 0)
    return Posterior(population, series.first(1), bank, state)


def forecast(after: Posterior, days: Floats, n: int = N_DRAWS, seed: int = 0) -> Draws:
    """Joint draws on sorted days after the last scan."""
    rng = np.random.default_rng([seed, 5])
    chosen = systematic(after.weights, n, rng)
    ahead = np.asarray(days, float) - after.series.days[0]
    z, measured = ahead_of(after.population, after.bank, after.told, chosen, ahead, rng)
    theta, first = after.bank.theta[chosen], after.told.first[0, chosen]
    return _drawn(after, np.asarray(days, float), z, measured, theta, first, rng)


def ahead_of(
    population: TwinPopulation, bank: Bank, state: Weighed, chosen: NDArray[np.intp], ahead: Floats,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:  # fmt: skip
    """(z, z with error of measurement) [draws, T] of chosen virtual patients, `ahead` days after the first scan."""
    law = population.deviation
    pull, root = _conditional(law, state.factor[0], state.days[0], ahead)
    unrest = state.unrest[chosen][:, None]
    theta, first = bank.theta[chosen], state.first[0, chosen]
    mean = law.z(np.exp(first[:, None] + relative_of(population.form, theta, ahead)))
    departure = state.innovations[0, chosen] @ pull + rng.standard_normal((len(chosen), len(ahead))) @ root.T
    z = mean + unrest * departure
    return z, z + unrest * law.error * rng.standard_normal(z.shape)


def _drawn(
    after: Posterior, days: Floats, z: Floats, measured: Floats, theta: Floats, first: Floats,
    rng: np.random.Generator,
) -> Draws:  # fmt: skip
    law = after.population.deviation
    sizes = law.size_mm(np.clip(measured, -10, 12))
    luck = rng.random(sizes.shape[::-1]).T
    if not after.series.is_number[-1]:
        luck[:, 0] = 1.0
    written = read_off(sizes, after.series.high_mm, after.population.readings, luck)
    return Draws(days, law.size_mm(np.clip(z, -10, 12)), sizes, written, theta, np.exp(first), luck)


def _conditional(law: Deviation, factor: Floats, known: Floats, ahead: Floats) -> tuple[Floats, Floats]:
    """What innovations pull future departures to [T, H], and a root of what is left open [H, H]; at unrest 1."""
    pull = np.linalg.solve(factor, law.covariance(known, ahead))
    left = law.covariance(ahead, ahead) - pull.T @ pull
    return np.asarray(pull, dtype=float), np.asarray(
        np.linalg.cholesky(left + 1e-9 * np.eye(len(ahead))), float
    )


def systematic(weights: Floats, n: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Places of `n` draws by weights [N]."""
    places = (np.arange(n) + rng.random()) / n
    return np.searchsorted(np.cumsum(weights), places).clip(0, len(weights) - 1)
