"""How a drug kills: a rate per unit of exposure, resistance, and the depot of K-PD models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tumorcast.biology.dynamics.arrays import Exposure, Floats, Parameter, positive
from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class Drug:
    """One drug's effect on a tumour.

    Attributes:
        name: as schedules name it.
        kill: per day and unit of exposure (per day, where exposure is 1 on and 0 off), [n] or one value.
        resistance: per day; the effect wanes as exp(-resistance * days since the course began).
        depot: per day, K-PD only: doses enter a virtual depot that empties at this rate, and the exposure is
            the
            rate at which it empties (depot * amount). None: schedules give levels.
    """

    name: str
    kill: Parameter
    resistance: Parameter = 0.0
    depot: Parameter | None = None
    kills: Floats = field(init=False, repr=False)
    resistances: Floats = field(init=False, repr=False)
    depots: Floats | None = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kills", positive(f"kill of {self.name}", self.kill, or_zero=True))
        object.__setattr__(
            self, "resistances", positive(f"resistance to {self.name}", self.resistance, or_zero=True)
        )
        depot = None if self.depot is None else positive(f"depot of {self.name}", self.depot)
        object.__setattr__(self, "depots", depot)


def need_levels(drugs: Sequence[Drug], exposure: Exposure) -> None:
    """Raise where an exposure names a drug that the model does not have.

    Raises:
        InputError: an unknown drug.
    """
    known = {drug.name for drug in drugs}
    strange = sorted(set(exposure) - known)
    if strange:
        raise InputError(
            f"the model has no drug {strange[0]}",
            got=strange,
            expected=", ".join(sorted(known)) or "no drug at all",
        )


def need_constant(drugs: Sequence[Drug], model: str) -> None:
    """Raise where a drug wanes or has a depot: `model` has a closed form under constant kill only.

    Raises:
        InputError: such a drug.
    """
    for drug in drugs:
        if drug.depots is not None or (drug.resistances > 0).any():
            raise InputError(
                f"{model} has no closed form with resistance or a depot of {drug.name}",
                expected="drugs with a constant kill rate",
                fix="use LogLinear (Claret, K-PD), or the ODE model of clones",
            )


def total_kill(drugs: Sequence[Drug], exposure: Exposure) -> Floats:
    """Kill rate of all drugs at their levels, [n, 1] per day."""
    total = np.zeros((1, 1))
    for drug in drugs:
        total = total + drug.kills[:, None] * exposure.get(drug.name, 0.0)
    return total


def same_number(*parameters: Floats) -> int:
    """Number of draws that all share; one value goes with any number.

    Raises:
        InputError: parameters of different lengths.
    """
    lengths = {len(p) for p in parameters} - {1}
    if len(lengths) > 1:
        raise InputError(
            "parameters have different numbers of draws", got=sorted(lengths), expected="one number"
        )
    return lengths.pop() if lengths else 1
