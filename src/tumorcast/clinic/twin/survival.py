"""Overall survival from time to growth, where the population's own publication links the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorcast.biology.dynamics.derived import time_to_growth
from tumorcast.biology.dynamics.survival_link import motesanib_survival
from tumorcast.clinic.twin.forecast import Draws
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.record import SurvivalLink

_LINKED = "motesanib_nsclc"
_NOTE = (
    "Claret 2014, doi:10.1038/clpt.2014.11: first-line chemotherapy of non-squamous lung cancer, counted from the "
    "first scan; the spread is that of the median between the posterior's draws, not of one patient's survival."
)


@dataclass(frozen=True)
class Host:
    """What the survival formula asks besides the tumour."""

    is_asian: bool
    is_ever_smoker: bool


def survival_link(population: TwinPopulation, draws: Draws, host: Host | None) -> SurvivalLink | None:
    """None where the population has no link, or the host's facts are not given."""
    if population.name != _LINKED or host is None:
        return None
    growth, kill, resistance = np.exp(draws.theta).T
    days = motesanib_survival(
        draws.first_mm, time_to_growth(growth, kill, resistance), host.is_asian, host.is_ever_smoker
    ).median_days
    known = days[np.isfinite(days)]
    if not len(known):
        return None
    low, middle, high = np.quantile(known, (0.05, 0.5, 0.95))
    return SurvivalLink(round(float(middle), 1), round(float(low), 1), round(float(high), 1), _NOTE)
