"""A population's virtual patients before anything is known of one of them, and what their sizes do."""

from __future__ import annotations

import numpy as np

from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.filter import LOG_ROOT, Weighed
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.prior_size import PriorSize, SoftSize, with_size

N_UNSEEN = 4096


def unseen_bank(population: TwinPopulation) -> Bank:
    """Unweighed."""
    return Bank.drawn(population.form, N_UNSEEN, population.middle, population.spread, seed=12)


def before_any(population: TwinPopulation, bank: Bank) -> Weighed:
    """Before anything is known: first sizes as they are among the population's patients."""
    middle, sd = population.first_log_mm
    nothing, n = np.zeros((1, 0)), bank.n
    return Weighed(
        nothing, np.zeros((1, n)), (middle + sd * bank.normal[:, 0])[None], np.full((1, n), np.log(sd) + LOG_ROOT),
        np.exp(population.deviation.unrest_sd * bank.normal[:, 1]), np.zeros((1, 0, 0)), np.zeros((1, n, 0)),
    )  # fmt: skip


def soft_size(population: TwinPopulation, said: PriorSize, first_day: float) -> SoftSize:
    """A model's word beside what the population's virtual patients do until that day.

    Args:
        first_day: of the first scan, as the day of `said` counts.
    """
    bank = unseen_bank(population)
    view, day = before_any(population, bank), said.day - first_day
    return SoftSize(said, np.sort(with_size(view, bank, population.deviation, None, day, None)[1]))
