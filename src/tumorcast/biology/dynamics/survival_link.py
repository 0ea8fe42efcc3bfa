"""From tumour dynamics to overall survival: Claret's log-normal model of time to growth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from tumorcast.biology.dynamics.arrays import Floats, Parameter, draws

_INTERCEPT, _BASE, _LOG_TTG, _ASIAN, _SMOKER, _LOG_SCALE = 1.079, -0.00197, 0.97695, 0.319, -0.264, -0.24
_TTG_SHIFT = 100.0


@dataclass(frozen=True)
class LogNormalSurvival:
    """ln(survival in days) is normal with `location` [n] and one `scale`."""

    location: Floats
    scale: float

    @property
    def median_days(self) -> Floats:
        """[n]."""
        return np.exp(self.location)

    def median_given_alive(self, day: float) -> Floats:
        """[n] day until which half of those who are alive on `day` live."""
        left = 0.5 * self.survival(np.array([day]))[:, 0]
        return np.asarray(np.maximum(np.exp(self.location - self.scale * ndtri(left)), day))

    def survival(self, days: Parameter) -> Floats:
        """Share alive after `days` [T], [n, T]."""
        log_days = np.log(np.maximum(draws("days", days), np.finfo(float).tiny))
        return np.asarray(ndtr((self.location[:, None] - log_days) / self.scale))


def motesanib_survival(
    base_mm: Parameter,
    time_to_growth_days: Parameter,
    is_asian: bool | NDArray[np.bool_],
    is_ever_smoker: bool | NDArray[np.bool_],
) -> LogNormalSurvival:
    """Overall survival of first-line non-squamous lung cancer from time to growth.

    Claret 2014, doi:10.1038/clpt.2014.11. Fitted on chemotherapy with motesanib or placebo, time to growth
    and survival on the same patients: who lives longer has more scans. Patients without a scan after baseline
    are not in it. Not for other drugs or cancers.

    Returns:
        NaN location where the time to growth is -100 days or below: the formula ends there.
    """
    shifted = draws("time_to_growth_days", time_to_growth_days) + _TTG_SHIFT
    log_shifted = np.log(np.where(shifted > 0, shifted, np.nan))
    location = _INTERCEPT + _BASE * draws("base_mm", base_mm) + _LOG_TTG * log_shifted
    location = location + _ASIAN * np.asarray(is_asian, float) + _SMOKER * np.asarray(is_ever_smoker, float)
    return LogNormalSurvival(np.atleast_1d(location), float(np.exp(_LOG_SCALE)))
