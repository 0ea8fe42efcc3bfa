"""Whether a posterior describes the patient at all, and until when its sizes are those of a body."""

from __future__ import annotations

import numpy as np
from scipy.special import chdtrc

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.forecast import Draws, Posterior
from tumorcast.clinic.twin.summary import FAN_TAIL

LEAST_EFFECTIVE = 40.0
"""Of 2048 virtual patients: fewer than these carry no band."""
LEAST_CHANCE = 0.005
MOST_MM = 1000.0


def misfit(after: Posterior) -> str:
    """Why the population does not describe the scans that were seen; "" where it does."""
    effective, chance = after.effective, predictive_chance(after)
    if chance < LEAST_CHANCE:
        return words.MISFIT.format(chance=chance, least=LEAST_CHANCE)
    if effective < LEAST_EFFECTIVE:
        return words.FEW_ALIKE.format(n=effective, least=LEAST_EFFECTIVE)
    return ""


def predictive_chance(after: Posterior) -> float:
    """Chance of scans at least as far from the virtual patients' own courses, over the posterior.

    The discrepancy is the sum of squared innovations of the measured scans (Gelman, Meng and Stern 1996).
    """
    is_measured = after.series.is_measured
    far = (after.state.innovations[0][:, is_measured] ** 2).sum(axis=1)
    return float(after.weights @ chdtrc(int(is_measured.sum()), far)) if is_measured.any() else 1.0


def plausible_until(fan: Draws, visits: Draws, tail: float) -> float:
    """The last day until which both bands lie within 1000 mm; inf: they do throughout, -inf: nowhere."""
    return min(_until(fan.days, fan.true_mm, FAN_TAIL), _until(visits.days, visits.written_mm, tail))


def _until(days: Floats, sizes: Floats, tail: float) -> float:
    is_over = np.quantile(sizes, 1 - tail, axis=0) > MOST_MM
    if not is_over.any():
        return float("inf")
    first = int(is_over.argmax())
    return float(days[first - 1]) if first else float("-inf")
