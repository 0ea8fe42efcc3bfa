"""Exponential growth against any number of drugs with resistance: exponential, Claret's and K-PD models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tumorcast.biology.dynamics.arrays import (
    Exposure,
    Floats,
    Parameter,
    column,
    decayed,
    draws,
    positive,
)
from tumorcast.biology.dynamics.drugs import Drug, need_levels, same_number
from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class LogLinear:
    """d ln(size)/dt = growth - sum over drugs of kill * exposure(t) * exp(-resistance * t).

    With one drug at level 1 this is Claret's model,
    size = base exp(growth t - kill/resistance (1 - exp(-resistance t))) (Claret et al., J Clin Oncol 2009,
    27:4103). A drug with a depot is a K-PD model (Jacqmin et al., J Pharmacokinet Pharmacodyn 2007, 34:57;
    Claret 2009). Zecchin's model has two drugs and no resistance.

    Attributes:
        base_mm: size at the first day, [n].
        growth: per day, [n]; may be negative.
        drugs: what they do.
    """

    base_mm: Parameter
    growth: Parameter
    drugs: tuple[Drug, ...] = ()
    base: Floats = field(init=False, repr=False)
    rate: Floats = field(init=False, repr=False)
    n: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", positive("base_mm", self.base_mm))
        object.__setattr__(self, "rate", draws("growth", self.growth))
        parts = [each for drug in self.drugs for each in (drug.kills, drug.resistances, drug.depots)]
        known = [each for each in parts if each is not None]
        object.__setattr__(self, "n", same_number(self.base, self.rate, *known))

    @property
    def n_draws(self) -> int:
        """Number of parameter draws."""
        return self.n

    def start(self) -> Floats:
        """[n, 2 + drugs]: log of the size, days since the start, amount in each drug's depot."""
        state = np.zeros((self.n, 2 + len(self.drugs)))
        state[:, 0] = np.log(self.base)
        return state

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 2 + drugs]; exact."""
        need_levels(self.drugs, exposure)
        made = np.repeat(state[:, None, :], len(elapsed), axis=1)
        made[:, :, 1] += elapsed
        made[:, :, 0] += column(self.rate) * elapsed
        for k, drug in enumerate(self.drugs):
            wane = column(drug.resistances)
            waned = np.exp(-wane * state[:, 1:2]) * column(drug.kills)
            made[:, :, 0] -= exposure.get(drug.name, 0.0) * waned * decayed(wane, elapsed)
            if drug.depots is not None:
                empty = column(drug.depots)
                amount = state[:, 2 + k : 3 + k]
                made[:, :, 0] -= waned * empty * amount * decayed(empty + wane, elapsed)
                made[:, :, 2 + k] = amount * np.exp(-empty * elapsed)
        return made

    def size_mm(self, state: Floats) -> Floats:
        """mm."""
        return np.exp(state[..., 0])

    def scaled(self, state: Floats, share: Floats) -> Floats:
        """With `share` of its size."""
        made = state.copy()
        made[:, 0] += np.log(share)
        return made

    def dosed(self, state: Floats, drug: str, amount: float) -> Floats:
        """With `amount` more in the depot of `drug`.

        Raises:
            InputError: the model does not know the drug, or it has no depot.
        """
        names = [one.name for one in self.drugs if one.depots is not None]
        if drug not in names:
            raise InputError(
                f"{drug} has no depot in this model", got=f"a dose of {drug}", expected=names or "no doses"
            )
        made = state.copy()
        made[:, 2 + [one.name for one in self.drugs].index(drug)] += amount
        return made


def exponential(base_mm: Parameter, growth: Parameter, drugs: Sequence[Drug] = ()) -> LogLinear:
    """size = base exp((growth - kill) t)."""
    return LogLinear(base_mm, growth, tuple(drugs))


def claret(
    base_mm: Parameter, growth: Parameter, kill: Parameter, resistance: Parameter, drug: str = "drug"
) -> LogLinear:
    """Claret's model with one drug at level 1: KL, KDE (times its exposure) and lambda, per day."""
    return LogLinear(base_mm, growth, (Drug(drug, kill, resistance),))
