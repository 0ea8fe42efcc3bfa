"""Responses to several drugs in one patient, correlated by a Gaussian copula of one common correlation."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, ndtri

from tumorcast.domain.errors import InputError

Floats = NDArray[np.float64]

_REACH, _NODES, _LEGENDRE = 9.0, 1801, 64
_POINTS_AT_ONCE = 2048


def all_below(shares: ArrayLike, correlation: float) -> Floats:
    """P(U_1 <= u_1, ..., U_k <= u_k) of uniforms that are normal scores of one correlation, [...].

    Two drugs: Plackett's identity (integral over the correlation). More: the integral over the shared factor.
    The order of the drugs does not matter, to the last bit.

    Args:
        shares: [k, ...], each from 0 to 1; NaN stays NaN.
        correlation: Pearson's, of the normal scores; 0 to 1, two drugs also from -1.

    Raises:
        InputError: a share outside 0 to 1, or a correlation out of range.
    """
    given = np.sort(np.asarray(shares, dtype=float), axis=0)
    if given.ndim == 0 or len(given) == 0 or (given < 0).any() or (given > 1).any():
        raise InputError(
            "shares are not between 0 and 1", got=shares, expected="[drugs, ...], each from 0 to 1"
        )
    need_correlation(correlation, len(given))
    if len(given) == 1 or correlation == 1:
        return np.asarray(given.min(axis=0))
    if correlation == 0:
        return np.asarray(given.prod(axis=0))
    if correlation == -1:
        return np.maximum(given.sum(axis=0) - 1, 0)
    flat = given.reshape(len(given), -1)
    made = np.empty(flat.shape[1])
    for start in range(0, len(made), _POINTS_AT_ONCE):
        part = slice(start, start + _POINTS_AT_ONCE)
        made[part] = (_two if len(given) == 2 else _many)(flat[:, part], correlation)
    return np.clip(made, np.maximum(flat.sum(axis=0) - len(flat) + 1, 0), flat.min(axis=0)).reshape(
        given.shape[1:]
    )


def correlated_uniforms(count: int, drugs: int, correlation: float) -> Floats:
    """Evenly spread (not random) points of the copula, [count, drugs]: the same in every call.

    Additive recurrence of the generalised golden ratio (Roberts 2018) in the shared factor and each drug's own.

    Args:
        correlation: 0 to 1, two drugs also from -1.
    """
    need_correlation(correlation, drugs)
    ratio = 2.0
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (drugs + 2))
    steps = ratio ** -np.arange(1.0, drugs + 2)
    normal = ndtri((0.5 + np.arange(1, count + 1)[:, None] * steps) % 1)
    shared, own = normal[:, :1], normal[:, 1:]
    sign = np.ones(drugs)
    sign[1:] = -1 if correlation < 0 else 1
    return np.asarray(ndtr(np.sqrt(abs(correlation)) * shared * sign + np.sqrt(1 - abs(correlation)) * own))


def need_correlation(correlation: float, drugs: int) -> None:
    """The correlation is one that `drugs` drugs can have.

    Raises:
        InputError: out of range.
    """
    lowest = -1.0 if drugs <= 2 else 0.0
    if not lowest <= correlation <= 1:
        raise InputError(
            "correlation is out of range", got=correlation, expected=f"{lowest:g} to 1, {drugs} drugs"
        )


def _two(shares: Floats, correlation: float) -> Floats:
    first, second = ndtri(np.clip(shares, 1e-300, 1 - 1e-16))
    nodes, weights = np.polynomial.legendre.leggauss(_LEGENDRE)
    half = np.arcsin(correlation) / 2
    angle = half * (nodes + 1)
    squares = (first**2 + second**2)[:, None] - 2 * (first * second)[:, None] * np.sin(angle)
    return shares.prod(axis=0) + half / (2 * np.pi) * np.exp(-squares / (2 * np.cos(angle) ** 2)) @ weights


def _many(shares: Floats, correlation: float) -> Floats:
    shared = np.linspace(-_REACH, _REACH, _NODES)
    density = np.exp(-(shared**2) / 2)
    product = np.ones((shares.shape[1], _NODES))
    for bound in ndtri(shares):
        product *= ndtr((bound[:, None] - np.sqrt(correlation) * shared) / np.sqrt(1 - correlation))
    return np.asarray(product @ (density / density.sum()))
