"""Growth that slows as the tumour grows: logistic, Gompertz and general Bertalanffy, under constant kill rates."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tumorcast.biology.dynamics.arrays import Exposure, Floats, Parameter, column, decayed, draws, positive
from tumorcast.biology.dynamics.drugs import Drug, need_constant, need_levels, same_number, total_kill
from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class _OneSize:
    """What the three laws share: the state is the size itself, drugs kill at a constant rate per unit of exposure.

    Attributes:
        base_mm: size at the first day, [n].
        drugs: with constant kill rates.
    """

    base_mm: Parameter
    drugs: tuple[Drug, ...] = field(default=(), kw_only=True)
    n: int = field(init=False, repr=False)

    def _check(self, *parameters: Floats) -> None:
        need_constant(self.drugs, type(self).__name__)
        kills = [drug.kills for drug in self.drugs]
        number = same_number(positive("base_mm", self.base_mm), *parameters, *kills)
        object.__setattr__(self, "n", number)

    @property
    def n_draws(self) -> int:
        """Number of parameter draws."""
        return self.n

    def start(self) -> Floats:
        """[n, 1]: the size."""
        return np.broadcast_to(positive("base_mm", self.base_mm), (self.n,)).reshape(-1, 1).copy()

    def size_mm(self, state: Floats) -> Floats:
        """mm."""
        return state[..., 0]

    def scaled(self, state: Floats, share: Floats) -> Floats:
        """With `share` of its size."""
        return state * column(share)

    def dosed(self, state: Floats, drug: str, amount: float) -> Floats:
        """Never: there are no depots.

        Raises:
            InputError: always.
        """
        raise InputError(f"{drug} has no depot in this model", fix="give levels (Exposed), or use LogLinear")


@dataclass(frozen=True)
class Logistic(_OneSize):
    """d size/dt = growth size (1 - size/capacity) - kill size (Verhulst 1838).

    Attributes:
        growth: per day, [n], > 0.
        capacity_mm: size at which growth ends, [n].
    """

    growth: Parameter
    capacity_mm: Parameter

    def __post_init__(self) -> None:
        self._check(positive("growth", self.growth), positive("capacity_mm", self.capacity_mm))

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 1]; 1/size obeys a linear equation."""
        need_levels(self.drugs, exposure)
        growth, capacity = column(draws("growth", self.growth)), column(draws("capacity", self.capacity_mm))
        net = growth - total_kill(self.drugs, exposure)
        inverse = np.exp(-net * elapsed) / state + growth / capacity * decayed(net, elapsed)
        return (1.0 / inverse)[..., None]


@dataclass(frozen=True)
class Gompertz(_OneSize):
    """d size/dt = decline size ln(capacity/size) - kill size (Laird, Br J Cancer 1964, 18:490).

    Attributes:
        decline: per day, [n], > 0: the rate at which growth slows.
        capacity_mm: size at which growth ends, [n].
    """

    decline: Parameter
    capacity_mm: Parameter

    def __post_init__(self) -> None:
        self._check(positive("decline", self.decline), positive("capacity_mm", self.capacity_mm))

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 1]; the logarithm obeys a linear equation."""
        need_levels(self.drugs, exposure)
        decline = column(draws("decline", self.decline))
        goal = np.log(column(draws("capacity", self.capacity_mm)))
        goal = goal - total_kill(self.drugs, exposure) / decline
        return np.exp(goal + (np.log(state) - goal) * np.exp(-decline * elapsed))[..., None]


@dataclass(frozen=True)
class Bertalanffy(_OneSize):
    """d size/dt = growth size^power - loss size - kill size (von Bertalanffy 1957; West et al., Nature 2001, 413:628).

    `power` 2/3 is von Bertalanffy's for volumes, 3/4 West's. In this package the size is a diameter unless
    said otherwise: a law for volumes needs volumes in and out.

    Attributes:
        growth: mm^(1 - power) per day, [n], > 0.
        loss: per day, [n], >= 0.
        power: below 1, [n].
    """

    growth: Parameter
    loss: Parameter
    power: Parameter

    def __post_init__(self) -> None:
        power = draws("power", self.power)
        if (power >= 1).any():
            raise InputError("power is out of range", got=float(power.max()), expected="< 1")
        self._check(positive("growth", self.growth), positive("loss", self.loss, or_zero=True), power)

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 1]; size^(1 - power) obeys a linear equation."""
        need_levels(self.drugs, exposure)
        rest = 1.0 - column(draws("power", self.power))
        loss = column(draws("loss", self.loss)) + total_kill(self.drugs, exposure)
        growth = column(draws("growth", self.growth))
        root = state**rest * np.exp(-rest * loss * elapsed) + rest * growth * decayed(rest * loss, elapsed)
        return (root ** (1.0 / rest))[..., None]
