"""Models without a closed form: the same doors, solved numerically."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import solve_ivp

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.domain.errors import TumorcastError

RELATIVE_ERROR = 1e-10
_METHOD = "DOP853"


def solved(rate: Callable[[Floats], Floats], state: Floats, elapsed: Floats, scale: Floats) -> Floats:
    """States [n, T, k] after `elapsed` [T] days from `state` [n, k]; all draws in one integration.

    Args:
        rate: [n, k] -> [n, k] per day; autonomous, as exposure is constant here.
        scale: [k], typical magnitudes; errors are bounded relative to the larger of them and the state.

    Raises:
        TumorcastError: the solver gave up (stiff or exploding parameters).
    """
    shape = state.shape
    wanted, back = np.unique(elapsed, return_inverse=True)
    if len(wanted) == 0 or wanted[-1] == 0:
        return np.repeat(state[:, None, :], len(elapsed), axis=1)
    tolerance = np.broadcast_to(RELATIVE_ERROR * scale, shape).ravel()
    done = solve_ivp(
        lambda _, y: rate(y.reshape(shape)).ravel(), (0.0, float(wanted[-1])), state.ravel(), method=_METHOD,
        t_eval=wanted, rtol=RELATIVE_ERROR, atol=tolerance,
    )  # fmt: skip
    if not done.success or done.y.shape[1] != len(wanted):
        raise TumorcastError("the growth model could not be solved", got=done.message, fix="check its rates")
    return done.y.T.reshape(len(wanted), *shape)[back].transpose(1, 0, 2)
