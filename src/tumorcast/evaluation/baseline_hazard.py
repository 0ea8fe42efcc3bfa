"""The baseline of risks: Breslow's cumulative hazard, as far as enough patients are at risk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tumorcast.domain.errors import InputError

Array = NDArray[np.float64]

FEWEST_AT_RISK = 10


@dataclass(frozen=True)
class BaselineHazard:
    """Cumulative hazard of a patient of log-risk 0: a step function.

    Attributes:
        times: [k] of events, ascending. cumulative: [k] hazard up to and at each.
        horizon: last time at which at least ten patients are at risk; nothing is said beyond.
    """

    times: tuple[float, ...]
    cumulative: tuple[float, ...]
    horizon: float

    @classmethod
    def fit(
        cls, time: ArrayLike, is_event: ArrayLike, log_risk: ArrayLike, weights: ArrayLike | None = None
    ) -> BaselineHazard:
        """Breslow's estimate (1972, JRSS B 34:216): sum over event times of events / sum of risks of those at risk.

        Args:
            time: [n]. is_event: [n]. log_risk: [n]. weights: [n] how often each row counts.

        Raises:
            InputError: no event, or values that are not finite.
        """
        t, score = np.asarray(time, float), np.asarray(log_risk, float)
        event = np.asarray(is_event, float) > 0
        load = np.ones(len(t)) if weights is None else np.asarray(weights, float)
        if not (np.isfinite(t).all() and np.isfinite(score).all()) or not (load * event).any():
            raise InputError(
                "no baseline hazard", got=f"{int(event.sum())} events", expected="finite times, events"
            )
        moments = np.unique(t[event & (load > 0)])
        order = np.argsort(t)
        tail = np.r_[np.cumsum((load * np.exp(score))[order][::-1])[::-1], 0.0]
        at_risk = tail[np.searchsorted(t[order], moments, side="left")]
        died = np.bincount(np.searchsorted(moments, t[event]), load[event], minlength=len(moments))[
            : len(moments)
        ]
        steps = np.cumsum(died / np.maximum(at_risk, 1e-300))
        latest = np.sort(t)[::-1]
        horizon = latest[min(FEWEST_AT_RISK, len(latest)) - 1]
        return cls(tuple(moments.tolist()), tuple(steps.tolist()), float(horizon))

    def at(self, times: ArrayLike) -> Array:
        """[k] cumulative hazard up to and at each time."""
        place = np.searchsorted(np.array(self.times), np.asarray(times, float), side="right")
        return np.asarray(np.r_[0.0, np.array(self.cumulative)][place])

    def survival(self, log_risk: ArrayLike, times: ArrayLike) -> Array:
        """[n, k] share without the event after each time, of patients of these log-risks [n]."""
        return np.exp(-np.exp(np.atleast_1d(np.asarray(log_risk, float)))[:, None] * self.at(times)[None, :])

    def restricted_mean(self, log_risk: ArrayLike, until: float) -> Array:
        """[n] mean time without the event up to `until`, in the unit of the times."""
        inner = np.array([t for t in self.times if t < until])
        curve = np.concatenate([np.ones((np.size(log_risk), 1)), self.survival(log_risk, inner)], axis=1)
        return np.asarray(curve @ np.diff(np.r_[0.0, inner, until]))

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> BaselineHazard:
        """The inverse of `to_json`, lists for tuples allowed."""
        return cls(tuple(fields["times"]), tuple(fields["cumulative"]), float(fields["horizon"]))
