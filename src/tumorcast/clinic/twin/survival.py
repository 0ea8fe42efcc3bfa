"""Overall survival from time to growth, where the population's own publication links the two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.biology.dynamics.derived import time_to_growth
from tumorcast.biology.dynamics.survival_link import motesanib_survival
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.forecast import Draws
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.record import SurvivalLink
from tumorcast.domain.errors import InputError

_LINKED = "motesanib_nsclc"
_NOTE = (
    "Claret 2014, doi:10.1038/clpt.2014.11: first-line chemotherapy of non-squamous lung cancer, counted from the "
    "first scan, given that the patient was alive at the last one; the spread is that of the median between the "
    "posterior's draws, not of one patient's survival."
)


@dataclass(frozen=True)
class Host:
    """What the survival formula asks besides the tumour."""

    is_asian: bool
    is_ever_smoker: bool


def need_link(population: TwinPopulation) -> None:
    """Raise where facts for the survival link are given and the population has none.

    Raises:
        InputError: of another population.
    """
    if population.name != _LINKED:
        raise InputError(
            f"the population {population.name} has no link to survival", got="facts of the host (Asian, ever smoker)",
            expected=f"population {_LINKED}", fix="leave --asian and --ever-smoker out, or choose that population",
        )  # fmt: skip


def survival_link(
    population: TwinPopulation, draws: Draws, host: Host | None, alive_days: float
) -> tuple[SurvivalLink | None, str]:
    """Median survival of one who lives `alive_days` after the first scan, or why there is none.

    The draws are weighed by their chance to be alive then. Nothing is said past the population's follow-up.
    """
    if host is None:
        return None, ""
    need_link(population)
    growth, kill, resistance = np.exp(draws.theta).T
    link = motesanib_survival(
        draws.first_mm, time_to_growth(growth, kill, resistance), host.is_asian, host.is_ever_smoker
    )
    is_known = np.isfinite(link.location)
    weights = np.where(is_known, np.nan_to_num(link.survival(np.array([alive_days]))[:, 0]), 0.0)
    if weights.sum() <= 0:
        return None, words.NO_SURVIVAL
    days = np.where(is_known, link.median_given_alive(alive_days), np.inf)
    low, middle, high = _quantiles(days, weights, (0.05, 0.5, 0.95))
    limit = population.horizon_days
    if middle > limit:
        return None, words.SURVIVAL_PAST.format(horizon=limit)
    return SurvivalLink(round(middle, 1), round(low, 1), round(high, 1) if high <= limit else None, _NOTE), ""


def _quantiles(values: Floats, weights: Floats, levels: tuple[float, ...]) -> list[float]:
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    return [float(values[order][min(int(np.searchsorted(share, one)), len(order) - 1)]) for one in levels]
