"""What draws of a future say by RECIST's sums: when progression is seen, and which best response."""

from __future__ import annotations

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.biology.recist.target import PR_SHARE, ROUNDING, progression_size_mm
from tumorcast.clinic.twin.record import Progression
from tumorcast.readers.size_series import SizeSeries

WORDS = ("CR", "PR", "SD", "PD")


def progressed_day(days: Floats, sizes: Floats, least: Floats | None = None) -> float | None:
    """Day of the scan on which a series [T] first progressed; None where it did not.

    Args:
        least: [T] the least that each size can be, where `sizes` are upper bounds: an upper bound shows no growth.
    """
    found = np.flatnonzero(_is_over(sizes[None], sizes[None] if least is None else least[None])[0])
    return float(days[found[0]]) if len(found) else None


def seen_in(series: SizeSeries) -> Progression | None:
    """Progression that has been seen, by sums or by what else a table of lesions shows; the earlier of both.

    "undecided", without a day: bounds leave open whether a sum progressed.
    """
    by_sums, beside = progressed_day(series.days, series.high_mm, series.low_mm), series.progressed
    if beside is not None and (by_sums is None or beside[0] < by_sums):
        return Progression(beside[0], None, None, beside[1])
    if by_sums is not None:
        return Progression(by_sums, None, None, "sums")
    return None if undecided_day(series) is None else Progression(None, None, None, "undecided")


def undecided_day(series: SizeSeries) -> float | None:
    """Day of the first scan that may be progression within its bounds, or those of the smallest size before it.

    A lesion too small to measure is 5 mm, as RECIST has it; any other upper bound may hide a smaller size.
    """
    smallest = np.where(series.is_number, series.high_mm, series.low_mm)
    may_be = _is_over(smallest[None], series.high_mm[None])[0]
    found = np.flatnonzero(may_be & ~_is_over(series.high_mm[None], series.low_mm[None])[0])
    return float(series.days[found[0]]) if len(found) else None


def progression_chance(known: Floats, ahead: Floats) -> Floats:
    """[H] share of the draws in which progression was seen at or before each future scan.

    Args:
        known: [T] numbers so far: the nadir is theirs.
        ahead: [draws, H] numbers to come.
    """
    whole = np.concatenate([np.broadcast_to(known, (len(ahead), len(known))), ahead], axis=1)
    over = _is_over(whole)[:, len(known) :]
    return np.asarray(np.maximum.accumulate(over, axis=1).mean(axis=0))


def best_response_chance(known: Floats, ahead: Floats) -> dict[str, float]:
    """Word -> share of draws with this best response by sums alone, until progression.

    New and non-target lesions, nodes and confirmation are not in a sum: a CR is a sum of zero.
    """
    whole = np.concatenate([np.broadcast_to(known, (len(ahead), len(known))), ahead], axis=1)
    over = _is_over(whole)
    is_before = ~np.maximum.accumulate(over, axis=1)
    least = np.where(is_before, whole, np.inf)[:, 1:].min(axis=1, initial=np.inf)
    is_pr = least <= (1 - PR_SHARE) * whole[:, 0] + ROUNDING
    at_once = over[:, 1] if over.shape[1] > 1 else np.zeros(len(whole), bool)
    word = np.select([least <= 0, is_pr, at_once], ["CR", "PR", "PD"], "SD")
    return {one: float((word == one).mean()) for one in WORDS}


def _is_over(sizes: Floats, reached: Floats | None = None) -> np.ndarray:
    """[n, T] whether each number (of `reached`, if given) is progression given `sizes` before."""
    smallest = np.minimum.accumulate(sizes, axis=1)
    made = np.zeros(sizes.shape, bool)
    made[:, 1:] = (sizes if reached is None else reached)[:, 1:] >= progression_size_mm(
        smallest[:, :-1]
    ) - ROUNDING
    return made
