"""What every model of tumour size is: a state, and where it is after some days of constant exposure."""

from __future__ import annotations

from typing import Protocol

from tumorcast.biology.dynamics.arrays import Exposure, Floats


class TumourModel(Protocol):
    """A state [n, k] that flows while exposure is constant; size in mm is a function of the state."""

    @property
    def n_draws(self) -> int:
        """Number of parameter draws."""
        ...

    def start(self) -> Floats:
        """State at the first day of the course, [n, k]."""
        ...

    def flow(self, state: Floats, elapsed: Floats, exposure: Exposure) -> Floats:
        """States [n, T, k] after `elapsed` [T] days (>= 0) from `state` [n, k] at constant exposure."""
        ...

    def size_mm(self, state: Floats) -> Floats:
        """[..., k] -> [...] in mm: the sum of diameters of the target lesions unless the model says otherwise."""
        ...

    def scaled(self, state: Floats, share: Floats) -> Floats:
        """The state with its size multiplied by `share` [n]: what a resection or radiotherapy leaves."""
        ...

    def dosed(self, state: Floats, drug: str, amount: float) -> Floats:
        """The state after a dose into the depot of `drug`; models without depots raise InputError."""
        ...
