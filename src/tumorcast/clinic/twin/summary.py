"""Draws as bands, visits and progression."""

from __future__ import annotations

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.progress import progression_chance
from tumorcast.clinic.twin.record import Band, Progression, Visit

FAN_TAIL = 0.05
"""Of the true size, which nobody sees, and of simulated patients: nothing calibrates these."""


def bands(days: Floats, sizes: Floats) -> tuple[Band, ...]:
    """Median, middle half and 5% to 95% of draws [draws, T] of the true size on each day."""
    levels = (FAN_TAIL, 0.25, 0.5, 0.75, 1 - FAN_TAIL)
    rows = np.round(np.quantile(sizes, levels, axis=0).T, 2).tolist()
    return tuple(Band(day, *row) for day, row in zip(days.tolist(), rows, strict=True))


def visits_of(
    population: TwinPopulation, days: Floats, known: Floats | None, written: Floats,
    seen: Progression | None = None,
) -> tuple[Visit, ...]:  # fmt: skip
    """Each scan to come.

    Args:
        seen: progression that was seen already: no chance of it is given.
        known: numbers so far; None: `written` has the first number of the draws in its first column.
    """
    chances, ahead = _chances(known, written)
    followed = _followed(population, known, written)
    tail = FAN_TAIL if known is None else population.tail
    levels = (0.5, tail, 1 - tail)
    rows = np.round(np.quantile(ahead, levels, axis=0).T, 2).tolist()
    last = None if known is None else float(known[-1])
    return tuple(
        Visit(
            day, middle, low, high, None if seen else round(float(chances[k]), 4),
            None if followed is None else round(followed[k], 4), last,
        )
        for k, (day, (middle, low, high)) in enumerate(zip(days.tolist(), rows, strict=True))
    )  # fmt: skip


def progression_of(
    seen: Progression | None, days: Floats, known: Floats | None, written: Floats
) -> Progression:
    """Median and chance by the last scan; nothing where it was seen already."""
    if seen is not None:
        return seen
    chances, _ = _chances(known, written)
    reached = np.flatnonzero(chances >= 0.5)
    return Progression(None, float(days[reached[0]]) if len(reached) else None, round(float(chances[-1]), 4))


def _chances(known: Floats | None, written: Floats) -> tuple[Floats, Floats]:
    if known is not None:
        return progression_chance(known, written), written
    over = [progression_chance(row[:1], row[None, 1:]) for row in written]
    return np.mean(over, axis=0), written[:, 1:]


def _followed(population: TwinPopulation, known: Floats | None, written: Floats) -> list[float] | None:
    """Mean over draws of the chance to be scanned at each visit."""
    if population.leaving is None:
        return None
    offset = population.deviation.offset_mm
    before = written[:, :1] if known is None else np.broadcast_to(known, (len(written), len(known)))
    whole = np.concatenate([before, written[:, 1:] if known is None else written], axis=1)
    z = np.log(whole + offset)
    low = np.minimum.accumulate(z, axis=1)
    chance = population.leaving.chance((z - low)[:, :-1], z[:, 1:] - low[:, :-1])
    stays = np.cumprod(1 - chance[:, before.shape[1] - 1 :], axis=1)
    return [float(one) for one in stays.mean(axis=0)]
