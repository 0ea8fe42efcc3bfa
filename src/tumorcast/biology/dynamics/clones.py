"""Sensitive and resistant clones that share a capacity and differ in what each drug does to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tumorcast.biology.dynamics.arrays import Exposure, Floats, Parameter, column, draws, positive
from tumorcast.biology.dynamics.drugs import same_number
from tumorcast.biology.dynamics.ode import solved
from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class Clone:
    """One clone.

    Attributes:
        share: of the tumour at the first day, [n]; all clones' shares add up to 1.
        growth: per day, [n].
        kills: drug -> kill rate per day and unit of exposure, [n]; a drug that is not named does nothing to
            it.
    """

    share: Parameter
    growth: Parameter
    kills: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True)
class Switch:
    """Cells of one clone that become another's, per day, [n]: mutation, or adaptation that may go back."""

    source: int
    target: int
    rate: Parameter


@dataclass(frozen=True)
class Clones:
    """d c_i/dt = growth_i c_i (1 - sum c / capacity) - sum over drugs kill_ij exposure_j c_i + switches.

    Lotka-Volterra clones with equal competition, as in Zhang et al., Nat Commun 2017, 8:1816. Burden is
    counted in mm of the sum of diameters, as tumour-growth-inhibition models do. The effects of several drugs
    on one clone add up: nothing beyond additivity of log-kill is claimed.

    Attributes:
        base_mm: size at the first day, [n].
        clones: at least one.
        capacity_mm: shared, [n]; None is unbounded growth.
        switches: between clones.
    """

    base_mm: Parameter
    clones: tuple[Clone, ...]
    capacity_mm: Parameter | None = None
    switches: tuple[Switch, ...] = ()
    shares: Floats = field(init=False, repr=False)
    growths: Floats = field(init=False, repr=False)

    def __post_init__(self) -> None:
        shares = [positive("share", clone.share, or_zero=True) for clone in self.clones]
        kills = [positive(d, v, or_zero=True) for clone in self.clones for d, v in clone.kills.items()]
        rates = [positive("switch", switch.rate, or_zero=True) for switch in self.switches]
        growths = [draws("growth", clone.growth) for clone in self.clones]
        capacity = [] if self.capacity_mm is None else [positive("capacity_mm", self.capacity_mm)]
        n = same_number(positive("base_mm", self.base_mm), *shares, *growths, *kills, *rates, *capacity)
        stacked = _stacked(shares, n)
        if not np.allclose(stacked.sum(axis=1), 1.0, atol=1e-9):
            raise InputError("shares of the clones do not add up", got=stacked.sum(axis=1)[:3], expected="1")
        object.__setattr__(self, "shares", stacked)
        object.__setattr__(self, "growths", _stacked(growths, n))

    @property
    def n_draws(self) -> int:
        """Number of parameter draws."""
        return len(self.shares)

    @property
    def drugs(self) -> tuple[str, ...]:
        """Names of the drugs that do something."""
        return tuple(sorted({name for clone in self.clones for name in clone.kills}))

    def start(self) -> Floats:
        """[n, clones] in mm."""
        return self.shares * column(positive("base_mm", self.base_mm))

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, clones]."""
        strange = sorted(set(exposure) - set(self.drugs))
        if strange:
            raise InputError(
                f"the model has no drug {strange[0]}", got=strange, expected=", ".join(self.drugs)
            )
        net = -self._kill(exposure)
        capacity = None if self.capacity_mm is None else column(draws("capacity_mm", self.capacity_mm))
        moves = [(s.source, s.target, draws("switch", s.rate)) for s in self.switches]

        def rate(clones: Floats) -> Floats:
            room = 1.0 if capacity is None else 1.0 - clones.sum(axis=1, keepdims=True) / capacity
            made = clones * (self.growths * room + net)
            for source, target, share in moves:
                made[:, source] -= share * clones[:, source]
                made[:, target] += share * clones[:, source]
            return made

        return solved(rate, state, elapsed, np.full(state.shape[1], 1e-3))

    def _kill(self, exposure: Exposure) -> Floats:
        per_clone = [
            sum(
                (level * draws(drug, clone.kills.get(drug, 0.0)) for drug, level in exposure.items()),
                np.zeros(1),
            )
            for clone in self.clones
        ]
        return _stacked(per_clone, self.n_draws)

    def size_mm(self, state: Floats) -> Floats:
        """mm."""
        return state.sum(axis=-1)

    def scaled(self, state: Floats, share: Floats) -> Floats:
        """Each clone with `share` of its size."""
        return state * column(share)

    def dosed(self, state: Floats, drug: str, amount: float) -> Floats:
        """Never: there are no depots.

        Raises:
            InputError: always.
        """
        raise InputError(f"{drug} has no depot in this model", fix="give levels (Exposed)")


def _stacked(parts: list[Floats], n: int) -> Floats:
    return np.stack([np.broadcast_to(part, (n,)) for part in parts], axis=-1)
