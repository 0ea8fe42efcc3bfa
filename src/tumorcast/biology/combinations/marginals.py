"""Time to progression under one drug as a distribution: exponential, Weibull, or a Kaplan-Meier curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike

from tumorcast.biology.combinations.copula import Floats
from tumorcast.domain.errors import InputError


class Marginal(Protocol):
    """Time to progression under one drug; every time in the unit of the others it is combined with."""

    @property
    def horizon(self) -> float:
        """Last time of which it says something; inf for a formula."""

    def survival(self, times: ArrayLike) -> Floats:
        """Share without progression after `times` [...]; NaN past the horizon."""

    def quantile(self, shares: ArrayLike) -> Floats:
        """Time by which the share [...] has progressed; inf where that is past the horizon."""


@dataclass(frozen=True)
class Weibull:
    """S(t) = 2^-((t/median)^shape); exponential at shape 1."""

    median: float
    shape: float = 1.0

    def __post_init__(self) -> None:
        if not (0 < self.median < np.inf and 0 < self.shape < np.inf):
            raise InputError(
                "a Weibull distribution needs a median and a shape above 0", got=(self.median, self.shape)
            )

    @property
    def horizon(self) -> float:
        """inf."""
        return np.inf

    def survival(self, times: ArrayLike) -> Floats:
        """As `Marginal`."""
        return np.exp2(-((np.maximum(times, 0) / self.median) ** self.shape))

    def quantile(self, shares: ArrayLike) -> Floats:
        """As `Marginal`."""
        with np.errstate(divide="ignore"):
            halvings = -np.log1p(-np.asarray(shares, dtype=float)) / np.log(2)
        return np.asarray(self.median * halvings ** (1 / self.shape))


def exponential(median: float) -> Weibull:
    """Of constant hazard.

    Raises:
        InputError: the median is not above 0.
    """
    return Weibull(median)


@dataclass(frozen=True, eq=False)
class Curve:
    """A step curve, as Kaplan and Meier's.

    Attributes:
        times: [k] ascending, above 0: where it falls.
        shares: [k] share without progression from that time on, never rising.
        horizon: last time followed; past it nothing is known.
    """

    times: Floats
    shares: Floats
    horizon: float

    def __post_init__(self) -> None:
        is_falling = (np.diff(self.times) > 0).all() and (np.diff(self.shares) <= 0).all()
        is_share = ((self.shares >= 0) & (self.shares <= 1)).all()
        is_within = len(self.times) == 0 or (self.times[0] > 0 and self.times[-1] <= self.horizon)
        if self.times.shape != self.shares.shape or not (is_falling and is_share and is_within):
            raise InputError(
                "these points are no survival curve",
                got=f"{len(self.times)} times, {len(self.shares)} shares",
                expected="times that rise from above 0 to the horizon, shares from 0 to 1 that never rise",
            )

    def survival(self, times: ArrayLike) -> Floats:
        """As `Marginal`."""
        at = np.asarray(times, dtype=float)
        found = np.concatenate([[1.0], self.shares])[np.searchsorted(self.times, at, side="right")]
        return np.where((at <= self.horizon) | (found == 0), found, np.nan)

    def quantile(self, shares: ArrayLike) -> Floats:
        """As `Marginal`."""
        place = np.searchsorted(1 - self.shares, np.asarray(shares, dtype=float) - 1e-12, side="left")
        return np.concatenate([self.times, [np.inf]])[place]


@dataclass(frozen=True, eq=False)
class Risks:
    """Patients as Kaplan and Meier count them: at each of [k] times of progression, how many of those at risk."""

    times: Floats
    events: Floats
    at_risk: Floats
    horizon: float

    @property
    def curve(self) -> Curve:
        """The product-limit estimate."""
        left: Floats = np.cumprod(1 - self.events / self.at_risk, dtype=np.float64)
        return Curve(self.times, left, self.horizon)


def risks_of(times: ArrayLike, is_event: ArrayLike) -> Risks:
    """Of patients' times [n] above 0, `is_event` [n] True = progressed.

    Raises:
        InputError: nobody, lengths that differ, or times that are not above 0.
    """
    time, event = np.asarray(times, dtype=float), np.asarray(is_event, dtype=bool)
    if time.ndim != 1 or time.shape != event.shape or len(time) == 0 or not (time > 0).all():
        raise InputError(
            "times to progression cannot be read", got=time.shape, expected="[n] above 0, [n] flags"
        )
    at, events = np.unique(time[event], return_counts=True)
    at_risk = (time[None, :] >= at[:, None]).sum(axis=1)
    return Risks(at, events.astype(float), at_risk.astype(float), float(time.max()))
