"""A population's patients of whom no scan is known: as they are, or weighed by what a model says of one patient."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank, relative_of
from tumorcast.clinic.twin.filter import Weighed
from tumorcast.clinic.twin.forecast import N_DRAWS, Draws, ahead_of, systematic
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.prior_size import PriorSize, with_size
from tumorcast.clinic.twin.usual import before_any, soft_size, unseen_bank
from tumorcast.clinic.twin.weights import posterior_weights


def unconditional(
    population: TwinPopulation, days: Floats, first_day: float, n: int = N_DRAWS, seed: int = 0,
    said: PriorSize | None = None,
) -> Draws:  # fmt: skip
    """Draws of patients of the population, of whom no scan is known, on sorted days from their first scan on.

    Args:
        said: what a model says of the patient; its day as `first_day` counts.
    """
    if said is not None:
        return Unseen(population, said, first_day).draws(days, n, seed)
    rng = np.random.default_rng([seed, 6])
    law, ahead = population.deviation, np.asarray(days, float) - first_day
    root = np.linalg.cholesky(population.spread)
    theta = population.middle + rng.standard_normal((n, len(root))) @ root.T
    middle, sd = population.first_log_mm
    first = np.exp(middle + sd * rng.standard_normal(n))
    unrest = np.exp(law.unrest_sd * rng.standard_normal(n))[:, None]
    own = np.linalg.cholesky(law.covariance(ahead, ahead) + 1e-9 * np.eye(len(ahead)))
    mean = law.z(np.exp(np.log(first)[:, None] + relative_of(population.form, theta, ahead)))
    z = mean + unrest * (rng.standard_normal((n, len(ahead))) @ own.T)
    measured = law.size_mm(z + unrest * law.error * rng.standard_normal(z.shape))
    return Draws(np.asarray(days, float), law.size_mm(z), measured, measured, theta, first, np.ones_like(z))


@dataclass(frozen=True)
class Unseen:
    """Virtual patients of a population, weighed by what a model says of the size on a day.

    Attributes:
        first_day: of the first scan, as the day of `said` counts.
    """

    population: TwinPopulation
    said: PriorSize
    first_day: float

    @cached_property
    def bank(self) -> Bank:
        """Unweighed."""
        return unseen_bank(self.population)

    @cached_property
    def _told(self) -> tuple[Weighed, Floats]:
        law, day = self.population.deviation, self.said.day - self.first_day
        word = soft_size(self.population, self.said, self.first_day)
        return with_size(before_any(self.population, self.bank), self.bank, law, word, day, None)

    @property
    def log_ratio(self) -> Floats:
        """[N] logarithm of the size on that day over the first, unweighed."""
        return self._told[1]

    @cached_property
    def weights(self) -> Floats:
        """[N], adding up to 1."""
        return posterior_weights(self.population, self.bank, self._told[0])[0]

    def draws(self, days: Floats, n: int = N_DRAWS, seed: int = 0) -> Draws:
        """On sorted days, from the first scan on."""
        rng = np.random.default_rng([seed, 6])
        law, state = self.population.deviation, self._told[0]
        chosen = systematic(self.weights, n, rng)
        z, measured = ahead_of(
            self.population, self.bank, state, chosen, np.asarray(days, float) - self.first_day, rng
        )
        sizes = law.size_mm(measured)
        return Draws(
            np.asarray(days, float), law.size_mm(z), sizes, sizes, self.bank.theta[chosen],
            np.exp(state.first[0, chosen]), np.ones_like(z),
        )  # fmt: skip
