"""Whether a population that was read from a file can be used."""

from __future__ import annotations

import numpy as np

from tumorcast.clinic.twin.bank import FORMS
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.domain.errors import InputError

MOST_DAYS = 3653.0
"""No population of scans is followed for more than ten years."""
_N_READINGS = 7


def need_population(population: TwinPopulation) -> None:
    """Raise where something is missing, of the wrong length or out of bounds.

    Raises:
        InputError: with the field's name.
    """
    if population.form not in FORMS:
        _refuse(population, "form", population.form, ", ".join(FORMS))
    n = len(FORMS[population.form].parameters)
    centre, rows = population.centre, population.covariance
    if len(centre) != n or not np.isfinite(centre).all():
        _refuse(population, "centre", centre, f"{n} numbers")
    if len(rows) != n or any(len(row) != n for row in rows) or not _is_covariance(population.spread):
        _refuse(population, "covariance", rows, f"{n} rows of {n}, symmetric and positive definite")
    law = population.deviation
    ranges = {
        "first_log_mm": (population.first_log_mm[1], 0.0, 10.0), "tail": (population.tail, 0.0, 0.25),
        "horizon_days": (population.horizon_days, 0.0, MOST_DAYS),
        "interval_days": (population.interval_days, 0.0, population.horizon_days),
        "deviation.error": (law.error, 0.0, 10.0), "deviation.offset_mm": (law.offset_mm, 0.0, 1e5),
        "deviation.walk": (law.walk, 0.0, 10.0), "deviation.drift": (law.drift, 0.0, 10.0),
        "deviation.fade": (law.fade, 0.0, 10.0), "deviation.unrest_sd": (law.unrest_sd, 0.0, 10.0),
    }  # fmt: skip
    for name, (value, low, high) in ranges.items():
        if not low < value <= high:
            _refuse(population, name, value, f"above {low:g} to {high:g}")
    if population.readings is not None and len(population.readings.weights) != _N_READINGS:
        _refuse(population, "readings.weights", population.readings.weights, f"{_N_READINGS} numbers")


def _is_covariance(rows: np.ndarray) -> bool:
    is_symmetric = np.isfinite(rows).all() and np.allclose(rows, rows.T)
    return bool(is_symmetric and np.linalg.eigvalsh(rows).min() > 0)


def _refuse(population: TwinPopulation, name: str, got: object, expected: str) -> None:
    raise InputError(
        f"the population {population.name} cannot be used: {name}", got=got, expected=expected,
        fix="learn it again with `tumorcast twin fit`",
    )  # fmt: skip
