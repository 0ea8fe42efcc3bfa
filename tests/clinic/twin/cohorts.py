"""Series of a population that is known, for tests of the twin."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tumorcast.clinic.twin.bank import relative_of
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.readers.size_series import SizeSeries

DAYS = np.arange(0.0, 8 * 42, 42)


def known_population(form: str = "gompertz") -> TwinPopulation:
    """Of simulated patients; nothing was learnt."""
    law = Deviation(error=0.05, offset_mm=5.0, walk=0.08, drift=0.05, fade=0.03, unrest_sd=0.4)
    return replace(
        TwinPopulation.before_data(form, "simulated"), deviation=law, first_log_mm=(3.8, 0.5),
        horizon_days=400.0, interval_days=42.0, n_patients=100, n_scans=800, arms=("drug",),
    )  # fmt: skip


def simulated(population: TwinPopulation, n: int, seed: int = 0) -> list[SizeSeries]:
    """`n` patients of a population, scanned on `DAYS`."""
    rng = np.random.default_rng(seed)
    law, root = population.deviation, np.linalg.cholesky(population.spread)
    theta = population.middle + rng.standard_normal((n, len(root))) @ root.T
    first = population.first_log_mm[0] + population.first_log_mm[1] * rng.standard_normal(n)
    unrest = np.exp(law.unrest_sd * rng.standard_normal(n))[:, None]
    own = np.linalg.cholesky(law.covariance(DAYS, DAYS) + law.error**2 * np.eye(len(DAYS)))
    mean = law.z(np.exp(first[:, None] + relative_of(population.form, theta, DAYS)))
    sizes = law.size_mm(mean + unrest * (rng.standard_normal((n, len(DAYS))) @ own.T))
    return [series(f"P{k:03d}", DAYS, row) for k, row in enumerate(sizes)]


def series(name: str, days: np.ndarray, sizes: np.ndarray) -> SizeSeries:
    """Measured sizes."""
    values = np.asarray(sizes, float)
    return SizeSeries(name, np.asarray(days, float), values, values.copy(), (), "drug")
