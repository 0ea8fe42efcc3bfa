"""A sum set against reference people by principal components: most similar population, percentile, Z scores.

As the PGS Catalog Calculator adjusts (Lambert et al., Nature Genetics 2024, 56:1989): percentile and Z within the most
similar reference population; Z_norm1, the residual of the score on the components (Khera et al., Circulation 2019,
139:1593); Z_norm2, with a variance that depends on them too, both fitted together (Khan et al., Nature Medicine 2022,
28:1412). Populations are told apart by Mahalanobis distance. A percentile is given within a population alone, and
nothing at all outside the reference panel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import chdtrc

from tumorcast.domain.errors import InputError

Floats = NDArray[np.float64]
LEAST_PEOPLE, LEAST_PER_COMPONENT = 30, 5
"""Reference people of one population below which it is not used, whatever the components, and for each of them."""
LEAST_PER_COEFFICIENT = 10
"""Reference people for each fitted coefficient below which there is no Z score by components."""
OUTSIDE_P = 1e-3
"""A sample this unlikely under a normal distribution of components is outside."""
LEAST_POSTERIOR = 0.5
LEAST_PURITY = 0.9
"""Share of the reference people nearest to a population that are of it, below which the components do not tell it."""
_LEAST_LOG_VARIANCE = -30.0
_FLAT = 1e-9
_STEEP = 1e-3
"""Slope of the likelihood at the end of a fit that found no maximum."""


def least_people(n_components: int) -> int:
    """Of one population, to tell how far somebody is from it."""
    return max(LEAST_PEOPLE, LEAST_PER_COMPONENT * n_components)


@dataclass(frozen=True)
class Reference:
    """Reference people: components [n, k], population of each, one score's sums [n]."""

    components: Floats
    population: NDArray[np.object_]
    sums: Floats


@dataclass(frozen=True)
class Similarity:
    """Where one sample lies.

    Attributes:
        population: the nearest one. p: how likely its distance is there.
        posterior: its share of the density of all; below a half the sample is between populations.
        p_panel: how likely the sample's distance from the whole panel is.
    """

    population: str
    p: float
    posterior: float
    p_panel: float


@dataclass(frozen=True)
class Adjusted:
    """One sum against the reference; what may not be told is None, and `refusal` says why."""

    similarity: Similarity
    n_reference: int = 0
    percentile: float | None = None
    z_population: float | None = None
    z_norm1: float | None = None
    z_norm2: float | None = None
    refusal: str = ""


class Panel:
    """A reference panel's components: which population a sample is most similar to."""

    def __init__(self, components: Floats, population: NDArray[np.object_]) -> None:
        least = least_people(components.shape[1])
        self.names = [str(one) for one in dict.fromkeys(population) if (population == one).sum() >= least]
        self._groups = {name: _Normal(components[population == name]) for name in self.names}
        self._all = _Normal(components)
        self._purity = self._purities(components, population)

    def _purities(self, components: Floats, population: NDArray[np.object_]) -> dict[str, float]:
        nearest = np.array(self.names, object)[self._distances(components).argmin(axis=1)]
        return {
            name: float(np.mean(population[nearest == name] == name)) if (nearest == name).any() else 0.0
            for name in self.names
        }

    def _distances(self, samples: Floats) -> Floats:
        return np.stack([self._groups[name].distance(samples) for name in self.names], axis=1)

    def _shares(self, samples: Floats) -> Floats:
        logs = np.stack([self._groups[name].log_density(samples) for name in self.names], axis=1)
        shares = np.exp(logs - logs.max(axis=1, keepdims=True))
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float64)

    def is_told_apart(self, name: str) -> bool:
        """Whether who is nearest to a population is of it, by the reference people themselves."""
        return self._purity[name] >= LEAST_PURITY

    def similarities(self, samples: Floats) -> list[Similarity]:
        """Most similar population of each sample's components [n, k]: that of the smallest Mahalanobis distance."""
        nearest = self._distances(samples).argmin(axis=1)
        shares = self._shares(samples)
        likely = np.stack([self._groups[name].p(samples) for name in self.names], axis=1)
        panel = self._all.p(samples)
        return [
            Similarity(self.names[best], float(likely[n, best]), float(shares[n, best]), float(panel[n]))
            for n, best in enumerate(nearest)
        ]


class _Normal:
    def __init__(self, values: Floats) -> None:
        self.mean = values.mean(axis=0)
        covariance = np.atleast_2d(np.cov(values, rowvar=False))
        if np.linalg.matrix_rank(covariance, hermitian=True) < len(covariance):
            raise InputError(
                "components of the reference people are constant, or say the same", got=f"{len(values)} people",
                expected=f"{len(covariance)} components that differ among them", fix="--components asks for fewer",
            )  # fmt: skip
        self._inverse = np.linalg.pinv(covariance)
        self._log_volume = float(np.linalg.slogdet(covariance)[1])

    def distance(self, samples: Floats) -> Floats:
        """Squared Mahalanobis distances [n]."""
        apart = samples - self.mean
        return np.asarray(np.einsum("nk,kj,nj->n", apart, self._inverse, apart), np.float64)

    def p(self, samples: Floats) -> Floats:
        return np.asarray(chdtrc(len(self.mean), self.distance(samples)), np.float64)

    def log_density(self, samples: Floats) -> Floats:
        return -0.5 * (self.distance(samples) + self._log_volume)


def adjusted(reference: Reference, components: Floats, sums: Sequence[float | None]) -> list[Adjusted]:
    """Every sample [n, k] against the reference; a sum of None stays without numbers."""
    panel = Panel(reference.components, reference.population)
    is_flat = not np.std(reference.sums) > 0
    model = None if is_flat else _fitted(reference)
    found = []
    for where, sample, value in zip(panel.similarities(components), components, sums, strict=True):
        refusal = _refusal(where, value, is_flat)
        if refusal or value is None:
            found.append(Adjusted(where, refusal=refusal))
        else:
            found.append(_told(reference, model, where, sample, value, panel.is_told_apart(where.population)))
    return found


def _refusal(where: Similarity, value: float | None, is_flat: bool) -> str:
    if value is None:
        return "the sum is refused"
    if is_flat:
        return "the reference people's sums do not differ"
    if where.p_panel < OUTSIDE_P:
        return "outside the reference ancestry"
    return ""


def _told(
    reference: Reference,
    model: _Model | None,
    where: Similarity,
    sample: Floats,
    value: float,
    is_told_apart: bool,
) -> Adjusted:
    z_norm1, z_norm2 = model.scores(sample, value) if model else (None, None)
    mine = reference.sums[reference.population == where.population]
    outside = ""
    if where.p < OUTSIDE_P:
        outside = "outside every reference population: no percentile"
    elif where.posterior < LEAST_POSTERIOR:
        outside = "between reference populations: no percentile"
    elif not is_told_apart:
        outside = f"these components do not tell {where.population} from other populations: no percentile"
    if outside:
        return Adjusted(where, len(mine), None, None, z_norm1, z_norm2, outside)
    below, ties = float(np.mean(mine < value)), float(np.mean(mine == value))
    percentile = 100.0 * (below + 0.5 * (ties + (ties > 0) / len(mine)))
    spread = float(mine.std())
    z = (value - float(mine.mean())) / spread if spread else None
    return Adjusted(where, len(mine), percentile, z, z_norm1, z_norm2)


@dataclass(frozen=True)
class _Model:
    """Mean and log variance of the score, linear in standardised components; `second` None where it was not found."""

    center: Floats
    scale: Floats
    mean1: Floats
    deviation1: float
    second: tuple[Floats, Floats] | None

    def scores(self, sample: Floats, value: float) -> tuple[float, float | None]:
        row = np.append(1.0, (sample - self.center) / self.scale)
        z_norm1 = float(value - row @ self.mean1) / self.deviation1
        if self.second is None:
            return z_norm1, None
        mean, log_variance = self.second
        return z_norm1, float(value - row @ mean) / float(np.exp(0.5 * row @ log_variance))


def _fitted(reference: Reference) -> _Model | None:
    """None for fewer people than the coefficients of the mean ask for, or a score that the components are."""
    center, scale = reference.components.mean(axis=0), reference.components.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    rows = np.column_stack([np.ones(len(reference.sums)), (reference.components - center) / scale])
    mean1 = np.linalg.lstsq(rows, reference.sums, rcond=None)[0]
    residual = reference.sums - rows @ mean1
    deviation1 = float(residual.std())
    least = LEAST_PER_COEFFICIENT * rows.shape[1]
    if len(rows) < least or deviation1 <= _FLAT * float(reference.sums.std()):
        return None
    second = _second(rows, reference.sums, mean1, deviation1) if len(rows) >= 2 * least else None
    return _Model(center, scale, mean1, deviation1, second)


def _second(rows: Floats, sums: Floats, mean1: Floats, deviation1: float) -> tuple[Floats, Floats] | None:
    """Mean and log variance fitted together, from the first fit; None where no maximum was found."""
    unit = sums / deviation1
    start = np.concatenate([mean1 / deviation1, np.zeros(rows.shape[1])])
    found = minimize(_loss, start, args=(rows, unit), jac=True, method="BFGS", options={"maxiter": 1000})
    if not np.abs(found.jac).max() < _STEEP:
        return None
    mean2, log_variance2 = np.split(found.x, 2)
    log_variance2 = log_variance2.copy()
    log_variance2[0] += 2.0 * np.log(deviation1)
    return mean2 * deviation1, log_variance2


def _loss(values: Floats, rows: Floats, score: Floats) -> tuple[float, Floats]:
    """Mean negative log likelihood of a normal score with linear mean and log variance, and its gradient."""
    mean, log_variance = np.split(values, 2)
    apart = score - rows @ mean
    logs = np.maximum(rows @ log_variance, _LEAST_LOG_VARIANCE)
    inverse = np.exp(-logs)
    loss = 0.5 * float(np.mean(logs + apart**2 * inverse))
    by_mean = -(apart * inverse) @ rows
    by_variance = 0.5 * (1.0 - apart**2 * inverse) @ rows
    return loss, np.concatenate([by_mean, by_variance]) / len(score)
