"""What a population says of virtual patients that were drawn from elsewhere."""

from __future__ import annotations

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.filter import Weighed
from tumorcast.clinic.twin.population import TwinPopulation

_LOG_ROOT = 0.5 * float(np.log(2 * np.pi))


def log_prior(population: TwinPopulation, bank: Bank) -> Floats:
    """[N] density of the parameters among the population's patients over that in the bank, logarithm."""
    root = np.linalg.cholesky(population.spread)
    apart = np.linalg.solve(root, (bank.theta - population.middle).T)
    return np.asarray(-0.5 * (apart**2).sum(0) - np.log(np.diag(root)).sum() - bank.log_density())


def first_density(population: TwinPopulation, first: Floats) -> Floats:
    """Log density of the logarithm of the first size."""
    middle, sd = population.first_log_mm
    return np.asarray(-0.5 * ((first - middle) / sd) ** 2 - np.log(sd) - _LOG_ROOT)


def posterior_weights(population: TwinPopulation, bank: Bank, state: Weighed) -> Floats:
    """[P, N], each row adds up to 1."""
    logs = state.log_likelihood + state.first_log_ratio + first_density(population, state.first)
    logs = logs + log_prior(population, bank)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))
