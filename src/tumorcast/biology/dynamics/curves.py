"""Empirical curves of size since the start of one unchanged treatment: Stein, g-d-phi, Wang."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from tumorcast.biology.dynamics.arrays import Exposure, Floats, Parameter, column, draws, positive
from tumorcast.biology.dynamics.drugs import same_number
from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class _Curve(ABC):
    """What the curves share: parts [n, k] that shrink or grow on their own and add up to the size.

    They describe a treatment that goes on as it began: exposure cannot change, so holidays and other doses
    are refused.

    Attributes:
        base_mm: size at the first day, [n].
    """

    base_mm: Parameter

    @property
    @abstractmethod
    def _parameters(self) -> tuple[Floats, ...]:
        """The others, each of one value or [n]."""

    @property
    def n_draws(self) -> int:
        """Number of parameter draws."""
        return same_number(positive("base_mm", self.base_mm), *self._parameters)

    @property
    def base(self) -> Floats:
        """Size at the first day, [n] mm."""
        return np.broadcast_to(positive("base_mm", self.base_mm), (self.n_draws,)).copy()

    def size_mm(self, state: Floats) -> Floats:
        """mm."""
        return state.sum(axis=-1)

    def scaled(self, state: Floats, share: Floats) -> Floats:
        """Each part with `share` of its size."""
        return state * column(share)

    def dosed(self, state: Floats, drug: str, amount: float) -> Floats:
        """Never.

        Raises:
            InputError: always.
        """
        raise _unchanged(type(self).__name__)

    def _need_unchanged(self, exposure: Exposure) -> None:
        if exposure:
            raise _unchanged(type(self).__name__)


@dataclass(frozen=True)
class Stein(_Curve):
    """size = base (exp(-shrink t) + exp(growth t) - 1) (Stein et al., Clin Cancer Res 2011, 17:907).

    Attributes:
        growth: per day, [n].
        shrink: per day, [n].
    """

    growth: Parameter
    shrink: Parameter

    @property
    def _parameters(self) -> tuple[Floats, ...]:
        return positive("growth", self.growth, or_zero=True), positive("shrink", self.shrink, or_zero=True)

    def start(self) -> Floats:
        """[n, 3]: what shrinks, what grows, and the base that is taken off."""
        return column(self.base) * np.array([1.0, 1.0, -1.0])

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 3]."""
        self._need_unchanged(exposure)
        growth, shrink = self._parameters
        factors = _broadcast(-column(shrink) * elapsed, column(growth) * elapsed, np.zeros((1, len(elapsed))))
        return state[:, None, :] * np.exp(factors)


@dataclass(frozen=True)
class SteinFraction(_Curve):
    """g-d-phi: size = base (fraction exp(-shrink t) + (1 - fraction) exp(growth t)).

    Wilkerson et al., Lancet Oncol 2017, 18:143.

    Attributes:
        growth: g per day, [n].
        shrink: d per day, [n].
        fraction: phi, the share of the tumour that the treatment kills, [n]; 1 is shrinking alone, 0 growth
            alone.
    """

    growth: Parameter
    shrink: Parameter
    fraction: Parameter

    def __post_init__(self) -> None:
        if (draws("fraction", self.fraction) > 1).any():
            raise InputError("fraction is out of range", got=self.fraction, expected="0 to 1")

    @property
    def _parameters(self) -> tuple[Floats, ...]:
        return (
            positive("growth", self.growth, or_zero=True),
            positive("shrink", self.shrink, or_zero=True),
            positive("fraction", self.fraction, or_zero=True),
        )

    def start(self) -> Floats:
        """[n, 2]: what shrinks and what grows."""
        fraction = self._parameters[2]
        return np.stack(np.broadcast_arrays(self.base * fraction, self.base * (1 - fraction)), axis=-1)

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 2]."""
        self._need_unchanged(exposure)
        growth, shrink, _ = self._parameters
        return state[:, None, :] * np.exp(_broadcast(-column(shrink) * elapsed, column(growth) * elapsed))


@dataclass(frozen=True)
class Wang(_Curve):
    """size = base exp(-shrink t) + slope t (Wang et al., Clin Pharmacol Ther 2009, 86:167).

    Attributes:
        shrink: per day, [n].
        slope: mm per day, [n].
    """

    shrink: Parameter
    slope: Parameter

    @property
    def _parameters(self) -> tuple[Floats, ...]:
        return positive("shrink", self.shrink, or_zero=True), positive("slope", self.slope, or_zero=True)

    def start(self) -> Floats:
        """[n, 2]: what shrinks and what was added."""
        return np.stack([self.base, np.zeros_like(self.base)], axis=-1)

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 2]."""
        self._need_unchanged(exposure)
        shrink, slope = self._parameters
        parts = (
            state[:, 0:1] * np.exp(-column(shrink) * elapsed),
            state[:, 1:2] + column(slope) * elapsed,
        )
        return _broadcast(*parts)


def _broadcast(*parts: Floats) -> Floats:
    return np.stack(np.broadcast_arrays(*parts), axis=-1)


def _unchanged(name: str) -> InputError:
    return InputError(
        f"{name} describes one treatment that goes on as it began",
        got="an exposure or a dose",
        expected="a schedule of events alone",
        fix="use LogLinear (Claret, K-PD) or the ODE model of clones for schedules",
    )
