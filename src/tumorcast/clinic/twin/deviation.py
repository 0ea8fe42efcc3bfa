"""How a tumour departs from its model: on log(size + offset), a random walk and a drift that fades."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats


@dataclass(frozen=True)
class Deviation:
    """Departure from the mean curve and error of measurement, both on z = log(size + offset).

    An error of a + p * size in mm is an error of p on z with offset a / p: additive and proportional in one.
    The departure is zero at the first scan; all of it is multiplied by a patient's own unrest.

    Attributes:
        error: p, standard deviation of a measurement on z.
        offset_mm: a / p.
        walk: standard deviation of the random walk after 100 days.
        drift: of the drift's part, an integrated Ornstein-Uhlenbeck process: growth goes on for a while.
        fade: per day, the rate at which the drift is forgotten.
        unrest_sd: standard deviation of the logarithm of the unrest between patients.
    """

    error: float = 0.04
    offset_mm: float = 5.0
    walk: float = 0.14
    drift: float = 0.10
    fade: float = 0.03
    unrest_sd: float = 0.35

    def covariance(self, days: Floats, others: Floats) -> Floats:
        """Of the departures at unrest 1, [..., n, m], for days since the first scan [..., n] and [..., m]."""
        a, b = days[..., :, None], others[..., None, :]
        low, high, k = np.minimum(a, b), np.maximum(a, b), self.fade
        going = 2 * k * low - 2 + 2 * np.exp(-k * low) + 2 * np.exp(-k * high)
        going = going - np.exp(-k * (high - low)) - np.exp(-k * (high + low))
        return np.asarray(self.walk**2 * low / 100 + self.drift**2 * going / 2)

    def z(self, size_mm: Floats) -> Floats:
        """log(size + offset)."""
        return np.asarray(np.log(size_mm + self.offset_mm))

    def size_mm(self, z: Floats) -> Floats:
        """The inverse of `z`; nothing is smaller than nothing."""
        return np.asarray(np.maximum(np.exp(z) - self.offset_mm, 0.0))
