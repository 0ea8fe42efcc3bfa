"""Published populations as a twin's prior: sourced, without departures, which no publication gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tumorcast.biology.dynamics.population import Population, population, populations
from tumorcast.clinic.twin.bank import FORMS
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.record_json import read_population
from tumorcast.domain.errors import ConfigError, InputError, did_you_mean

HORIZON_DAYS = 365.0
_ADDITIVE_OFFSET_MM = 1000.0
"""On log(size + 1000 mm) an error is all but additive."""
_ANY_FIRST = (3.9, 1.5)


def named_population(name: str) -> TwinPopulation:
    """A file that `tumorcast twin fit` wrote, or a published population's name.

    Raises:
        InputError: neither.
    """
    if name.endswith(".json"):
        return read_population(Path(name))
    usable = published_names()
    if name not in usable:
        raise InputError(
            f"no population is named {name}",
            expected=f"{', '.join(usable)}, or a file .json of `tumorcast twin fit`",
            fix=did_you_mean(name, usable),
        )
    return from_published(population(name))


def need_population(name: str | None) -> str:
    """The name that was given.

    Raises:
        ConfigError: none was: no population is taken for a patient unasked.
    """
    if not name:
        raise ConfigError(
            "no population was chosen", got="no --population",
            expected=f"{', '.join(published_names())}, or a file .json of `tumorcast twin fit`",
            fix="name one of the patient's cancer and treatment; without one there is no forecast",
        )  # fmt: skip
    return name


def published_names() -> list[str]:
    """Of the publications whose model the twin has."""
    return [one for one, entry in populations().items() if entry.model in FORMS]


def from_published(entry: Population) -> TwinPopulation:
    """Log-normal values as published; departures are held near zero; the horizon is one year."""
    names = FORMS[entry.model].parameters
    values = [entry.values[name] for name in names]
    base = entry.values.get("base_mm")
    share = entry.proportional
    law = Deviation(
        error=share or entry.additive_mm / _ADDITIVE_OFFSET_MM,
        offset_mm=entry.additive_mm / share if share else _ADDITIVE_OFFSET_MM,
        walk=1e-4, drift=1e-4, unrest_sd=1e-3,
    )  # fmt: skip
    return TwinPopulation(
        entry.name, entry.model, tuple(float(np.log(one.value)) for one in values),
        tuple(map(tuple, np.diag([one.log_sd**2 for one in values]).tolist())),
        (float(np.log(base.value)), base.log_sd) if base else _ANY_FIRST, law, horizon_days=HORIZON_DAYS,
        n_patients=entry.n_patients or 0, arms=entry.arms,
        source=f"{entry.source}, {entry.doi} ({entry.verification})",
        caveat=entry.caveat, cancer=entry.cancer, is_horizon_assumed=True,
    )  # fmt: skip
