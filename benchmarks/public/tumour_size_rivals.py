"""What the twin stands beside: each curve fitted to one patient by least squares, without a population."""

from __future__ import annotations

import numpy as np
from scipy.optimize import least_squares

from tumorcast.biology.dynamics.bounded import Gompertz
from tumorcast.biology.dynamics.curves import Stein
from tumorcast.biology.dynamics.log_linear import claret, exponential
from tumorcast.biology.dynamics.schedule import Schedule
from tumorcast.biology.dynamics.simulate import simulate

MOST_MM = 500.0
_LARGE = 12.0
RIVALS = ("exponential", "gompertz", "stein", "claret")


def fitted(name: str, days: np.ndarray, sizes: np.ndarray, ahead: np.ndarray) -> np.ndarray:
    """[H] mm, held within 0 and 500, of the curve through a patient's numbers; days since the first scan."""
    start = {
        "exponential": [0.0],
        "gompertz": [0.0, -4.5],
        "stein": [-6.5, -6.5],
        "claret": [-7.0, -5.0, -4.0],
    }
    first = np.log(max(sizes[0], 1.0))

    def residuals(values: np.ndarray) -> np.ndarray:
        return curve(name, values, days) - sizes

    found = least_squares(residuals, [first, *start[name]], max_nfev=60)
    return np.clip(curve(name, found.x, ahead), 0.0, MOST_MM)


def curve(name: str, values: np.ndarray, days: np.ndarray) -> np.ndarray:
    """[T] mm of a curve with its first size and rates as logarithms (rate of the exponential: per 100 days)."""
    base = np.exp(np.clip(values[:1], -2, 7))
    rest = np.clip(values[1:], -_LARGE, 2.0)
    with np.errstate(over="ignore"):
        if name == "exponential":
            made = simulate(exponential(base, rest[:1] / 100), days)
        elif name == "gompertz":
            made = simulate(Gompertz(base, np.exp(rest[1:2]), base * np.exp(rest[:1])), days)
        elif name == "stein":
            made = simulate(Stein(base, np.exp(rest[:1]), np.exp(rest[1:2])), days)
        else:
            drug = claret(base, np.exp(rest[:1]), np.exp(rest[1:2]), np.exp(rest[2:3]))
            made = simulate(drug, days, Schedule.always("drug"))
    return np.minimum(np.nan_to_num(made[0], nan=MOST_MM, posinf=MOST_MM), 10 * MOST_MM)
