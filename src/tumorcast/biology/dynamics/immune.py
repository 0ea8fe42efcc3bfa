"""Tumour and immune effector cells: Kuznetsov's model with its published parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tumorcast.biology.dynamics.arrays import Exposure, Floats, Parameter, column, draws, positive
from tumorcast.biology.dynamics.drugs import same_number
from tumorcast.biology.dynamics.ode import solved
from tumorcast.domain.errors import InputError

CELLS_PER_MM3 = 1e6
"""A convention (10^9 cells a cm^3); Del Monte, Cell Cycle 2009, 8:505, argues for a tenth of it in human tumours."""


@dataclass(frozen=True)
class Kuznetsov:
    """E' = s + p E T/(g + T) - m E T - d E;  T' = a T (1 - b T) - n E T.

    Kuznetsov et al., Bull Math Biol 1994, 56:295. The defaults are the paper's, for BCL1 lymphoma in the
    spleen of chimeric mice: they show what such a system does (dormancy, escape), and are no estimate for a
    patient. The size is the diameter of one sphere.

    Attributes:
        tumour_cells: T at the first day, [n].
        effector_cells: E at the first day, [n].
        influx: s, cells per day.
        recruitment: p, per day.
        half_recruitment: g, cells.
        inactivation: m, per day and cell.
        death: d, per day.
        growth: a, per day.
        inverse_capacity: b, per cell.
        killing: n, per day and cell.
        kills: drug -> kill rate of tumour cells, per day and unit of exposure.
        boosts: drug -> further influx of effectors, cells per day and unit of exposure.
    """

    tumour_cells: Parameter
    effector_cells: Parameter
    influx: Parameter = 1.3e4
    recruitment: Parameter = 0.1245
    half_recruitment: Parameter = 2.019e7
    inactivation: Parameter = 3.422e-10
    death: Parameter = 0.0412
    growth: Parameter = 0.18
    inverse_capacity: Parameter = 2.0e-9
    killing: Parameter = 1.101e-7
    kills: Mapping[str, Parameter] = field(default_factory=dict)
    boosts: Mapping[str, Parameter] = field(default_factory=dict)
    cells_per_mm3: float = CELLS_PER_MM3

    def __post_init__(self) -> None:
        positive("tumour_cells", self.tumour_cells)

    @property
    def _parameters(self) -> tuple[Floats, ...]:
        names = (
            "effector_cells", "influx", "recruitment", "half_recruitment", "inactivation", "death", "growth",
            "inverse_capacity", "killing",
        )  # fmt: skip
        return tuple(positive(name, getattr(self, name), or_zero=True) for name in names)

    @property
    def n_draws(self) -> int:
        """Number of parameter draws."""
        effects = [draws(name, value) for name, value in (*self.kills.items(), *self.boosts.items())]
        return same_number(positive("tumour_cells", self.tumour_cells), *self._parameters, *effects)

    def start(self) -> Floats:
        """[n, 2]: effector cells, tumour cells."""
        cells = (positive("effector_cells", self.effector_cells, or_zero=True), draws("T", self.tumour_cells))
        return np.stack([np.broadcast_to(part, (self.n_draws,)) for part in cells], axis=-1)

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, 2]."""
        strange = sorted(set(exposure) - {*self.kills, *self.boosts})
        if strange:
            raise InputError(f"the model has no drug {strange[0]}", got=strange)
        _, s, p, g, m, d, a, b, n = self._parameters
        kill, boost = self._effect(self.kills, exposure), self._effect(self.boosts, exposure)

        def rate(cells: Floats) -> Floats:
            effectors, tumour = cells[:, 0], cells[:, 1]
            met = effectors * tumour
            up = s + boost + p * met / (g + tumour) - m * met - d * effectors
            return np.stack([up, a * tumour * (1 - b * tumour) - n * met - kill * tumour], axis=-1)

        return solved(rate, state, elapsed, np.ones(2))

    @staticmethod
    def _effect(effects: Mapping[str, Parameter], exposure: Exposure) -> Floats:
        parts = (level * draws(drug, effects.get(drug, 0.0)) for drug, level in exposure.items())
        return sum(parts, np.zeros(1))

    def size_mm(self, state: Floats) -> Floats:
        """Diameter in mm of a sphere of the tumour cells."""
        return np.cbrt(6.0 / np.pi * state[..., 1] / self.cells_per_mm3)

    def scaled(self, state: Floats, share: Floats) -> Floats:
        """With `share` of the diameter: its cube of the tumour cells."""
        made = state.copy()
        made[:, 1:2] *= column(share) ** 3
        return made

    def dosed(self, state: Floats, drug: str, amount: float) -> Floats:
        """Never: there are no depots.

        Raises:
            InputError: always.
        """
        raise InputError(f"{drug} has no depot in this model", fix="give levels (Exposed)")
