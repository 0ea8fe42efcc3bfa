"""A bank of virtual patients: draws of a model's parameters, their curves, and what stands in for chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.biology.dynamics.bounded import Gompertz
from tumorcast.biology.dynamics.curves import Stein, SteinFraction
from tumorcast.biology.dynamics.log_linear import claret, exponential
from tumorcast.biology.dynamics.model import TumourModel
from tumorcast.biology.dynamics.schedule import Schedule
from tumorcast.biology.dynamics.simulate import simulate

TREATMENT = "treatment"
_WIDER = 1.3
_MOST = 6.0
"""Curves are held within exp(-6) and exp(6) of the start: beyond, nothing that is alive is described."""


@dataclass(frozen=True)
class ModelForm:
    """A model as the twin uses it: relative size, parameters without bounds.

    Attributes:
        parameters: names; those in `as_is` enter as they are, the others are logarithms (`fraction`: a logit).
        typical: middle among patients, before any data.
        spread: standard deviation among patients, before any data.
    """

    parameters: tuple[str, ...]
    typical: tuple[float, ...]
    spread: tuple[float, ...]
    build: Callable[[Floats], TumourModel]
    has_drug: bool = False


def _claret(theta: Floats) -> TumourModel:
    growth, kill, resistance = _values(theta)
    return claret(np.ones(len(theta)), growth, kill, resistance, TREATMENT)


def _fraction(theta: Floats) -> TumourModel:
    growth, shrink = _values(theta[:, :2])
    return SteinFraction(np.ones(len(theta)), growth, shrink, 1 / (1 + np.exp(-theta[:, 2])))


def _values(theta: Floats) -> list[Floats]:
    return list(np.exp(np.clip(theta, -14, 1)).T)


FORMS: dict[str, ModelForm] = {
    "claret": ModelForm(
        ("growth", "kill", "resistance"), (-6.8, -5.0, -4.2), (0.8, 0.8, 0.5),
        _claret, True,
    ),
    "stein": ModelForm(
        ("growth", "shrink"), (-6.7, -6.0), (0.9, 1.1),
        lambda theta: Stein(np.ones(len(theta)), *_values(theta)),
    ),
    "g_d_phi": ModelForm(
        ("growth", "shrink", "fraction"), (-6.7, -4.6, 0.0), (0.8, 0.8, 1.2),
        _fraction,
    ),
    "gompertz": ModelForm(
        ("plateau", "decline"), (-0.05, -4.5), (0.45, 0.5),
        lambda theta: Gompertz(
            np.ones(len(theta)), np.exp(np.clip(theta[:, 1], -14, 1)), np.exp(np.clip(theta[:, 0], -6, 6))
        ),
    ),
    "exponential": ModelForm(
        ("rate",), (-0.05,), (0.15,), lambda theta: exponential(np.ones(len(theta)), theta[:, 0] / 100)
    ),
}  # fmt: skip
"""Claret's and Stein's middles and spreads are near those of the published populations; see docs/dynamics.md."""


@dataclass(frozen=True)
class Bank:
    """`n` virtual patients drawn around `centre` with `spread`.

    Attributes:
        normal: [n, 2 + parameters] standard normal draws: of the first size, of the unrest, of the parameters.
        theta: [n, parameters].
        log_drawn: [n] density from which `normal` was drawn, up to a constant of its number of columns.
    """

    form: str
    normal: Floats
    theta: Floats
    centre: Floats
    root: Floats
    log_drawn: Floats

    @classmethod
    def drawn(cls, form: str, n: int, centre: Floats, covariance: Floats, seed: int = 0) -> Bank:
        """A scrambled Sobol sequence; `n` a power of two."""
        normal = _sobol(n, 2 + len(centre), seed)
        root = np.asarray(np.linalg.cholesky(covariance), dtype=float)
        return cls(form, normal, centre + normal[:, 2:] @ root.T, centre, root, -0.5 * (normal**2).sum(1))

    def drawn_around(self, weights: Floats, n: int, seed: int = 1) -> Bank:
        """`n` virtual patients where weights [n] are: most from a normal distribution over them."""
        middle = weights @ self.normal
        apart = self.normal - middle
        spread = _WIDER**2 * ((apart * weights[:, None]).T @ apart + 0.02 * np.eye(len(middle)))
        own = np.linalg.cholesky(spread)
        drawn = _sobol(n, len(middle), seed)
        normal = np.where((np.arange(n) % 8 > 0)[:, None], middle + drawn @ own.T, drawn)
        near = -0.5 * (np.linalg.solve(own, (normal - middle).T) ** 2).sum(0) - np.log(np.diag(own)).sum()
        density = np.logaddexp(np.log(7 / 8) + near, np.log(1 / 8) - 0.5 * (normal**2).sum(1))
        return Bank(
            self.form, normal, self.centre + normal[:, 2:] @ self.root.T, self.centre, self.root, density
        )

    @property
    def n(self) -> int:
        """How many."""
        return len(self.theta)

    def log_density(self) -> Floats:
        """[n] of drawing a virtual patient but for its first size, up to a constant that all banks share."""
        unrest = self.normal[:, 1]
        return np.asarray(self.log_drawn + 0.5 * unrest**2 - np.log(np.diag(self.root)).sum())

    def relative(self, days: Floats, schedule: Schedule | None = None) -> Floats:
        """[n, T] logarithm of the size over the first, on sorted days since the first scan."""
        return relative_of(self.form, self.theta, days, schedule)

    def uniform(self, scan: int) -> Floats:
        """[n] draws for the censored scan number `scan`; the same whenever it is asked for."""
        return _uniform(self.n, scan)

    def normal_draws(self, scan: int) -> Floats:
        """[n] likewise, standard normal."""
        return np.asarray(ndtri(np.clip(self.uniform(scan), 1e-12, 1 - 1e-12)))


def relative_of(form: str, theta: Floats, days: Floats, schedule: Schedule | None = None) -> Floats:
    """[n, T] logarithm of the size over the first of patients with `theta` [n, parameters]."""
    shape = FORMS[form]
    plan = schedule or (Schedule.always(TREATMENT) if shape.has_drug else Schedule())
    with np.errstate(over="ignore"):
        sizes = simulate(shape.build(theta), days, plan)
        return np.asarray(np.clip(np.log(np.maximum(sizes, 1e-12)), -_MOST, _MOST))


@cache
def _sobol(n: int, dimensions: int, seed: int) -> Floats:
    drawn = qmc.Sobol(dimensions, seed=seed).random(n)
    return np.asarray(ndtri(np.clip(drawn, 1e-6, 1 - 1e-6)))


@cache
def _uniform(n: int, scan: int) -> Floats:
    return np.asarray(np.random.default_rng([7, scan]).random(n))
