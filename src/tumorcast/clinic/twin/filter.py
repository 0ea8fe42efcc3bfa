"""Posterior weights of a bank of virtual patients, scan by scan.

Each virtual patient j has parameters, a first size and an unrest; given these, the departures from its curve and
the errors are Gaussian on z, so they are integrated exactly, one Cholesky row a scan. A scan that is known within
bounds only multiplies the weight by the probability of the bounds and draws the innovation within them (the
simulator of Geweke, Hajivassiliou and Keane). What was absorbed before is never looked at again: one scan at a time
and all at once are the same computation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtr, ndtri

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import Bank
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.scans import Scans

LOG_ROOT = 0.5 * float(np.log(2 * np.pi))
_LEAST_FIRST_MM = 3.0
_FIRST_SPREAD = 1.5


@dataclass(frozen=True)
class Weighed:
    """P patients' views of N virtual patients after T scans.

    Attributes:
        days: [P, T].
        log_likelihood: [P, N], of the scans so far.
        first: [P, N] logarithm of the first size of each virtual patient.
        first_log_ratio: [P, N] logarithm of how much wider `first` is than the bank's draws.
        unrest: [N].
        factor: [P, T, T] Cholesky factor of the scans' covariance at unrest 1.
        innovations: [P, N, T], standard normal.
    """

    days: Floats
    log_likelihood: Floats
    first: Floats
    first_log_ratio: Floats
    unrest: Floats
    factor: Floats
    innovations: Floats


def begin(bank: Bank, deviation: Deviation, scans: Scans) -> Weighed:
    """Before any scan was absorbed; the first size is drawn near the first measurement and weighed back."""
    first = np.log(np.maximum(0.5 * (scans.low_mm[:, 0] + scans.high_mm[:, 0]), _LEAST_FIRST_MM))
    spread = _FIRST_SPREAD * (0.08 + deviation.error * (1 + deviation.offset_mm / np.exp(first)))
    draws = bank.normal[:, 0]
    ratio = np.broadcast_to(np.log(spread)[:, None] + LOG_ROOT, (len(scans), bank.n))
    empty = np.zeros((len(scans), 0))
    return Weighed(
        empty, np.zeros((len(scans), bank.n)), first[:, None] + spread[:, None] * draws, ratio,
        np.exp(deviation.unrest_sd * bank.normal[:, 1]), np.zeros((len(scans), 0, 0)),
        np.zeros((len(scans), bank.n, 0)),
    )  # fmt: skip


def absorb(
    before: Weighed, bank: Bank, deviation: Deviation, scans: Scans, k: int, means: Floats | None = None
) -> Weighed:
    """With scan `k` of every patient that has one; `k` scans were absorbed before.

    Args:
        means: `mean_z` at the scan, [P, N], where it is known already.
    """
    days = scans.days[:, : k + 1]
    factor = with_row(before.factor, deviation, days)
    known, own = factor[:, k, :k], factor[:, k, k]
    if means is None:
        means = mean_z(before, bank, deviation, scans.days[:, k : k + 1])[..., 0]
    expected = means + before.unrest * np.einsum("pnk,pk->pn", before.innovations, known)
    scale = before.unrest * own[:, None]
    high = (deviation.z(scans.high_mm[:, k])[:, None] - expected) / scale
    is_number, is_there = scans.is_measured[:, k], scans.is_there[:, k]
    jacobian = deviation.z(scans.high_mm[:, k])[:, None]
    gained = -0.5 * high**2 - np.log(scale) - LOG_ROOT - jacobian
    innovation = high
    is_bounded = is_there & ~is_number
    if is_bounded.any():
        low_mm = scans.low_mm[is_bounded, k]
        low = (deviation.z(low_mm)[:, None] - expected[is_bounded]) / scale[is_bounded]
        low[low_mm <= 0] = -np.inf
        gained[is_bounded], innovation[is_bounded] = _within(low, high[is_bounded], bank.uniform(k))
    gained = np.where(is_there[:, None], gained, 0.0)
    innovation = np.where(is_there[:, None], innovation, 0.0)
    return Weighed(
        days, before.log_likelihood + gained, before.first, before.first_log_ratio, before.unrest, factor,
        np.concatenate([before.innovations, innovation[..., None]], axis=2),
    )  # fmt: skip


def absorb_all(bank: Bank, deviation: Deviation, scans: Scans) -> Weighed:
    """All scans, one after the other."""
    state = begin(bank, deviation, scans)
    means = mean_z(state, bank, deviation, scans.days)
    for k in range(scans.days.shape[1]):
        state = absorb(state, bank, deviation, scans, k, means[..., k])
    return state


def mean_z(state: Weighed, bank: Bank, deviation: Deviation, days: Floats) -> Floats:
    """[P, N, T] of z without departures, on `days` [P, T]."""
    distinct, place = np.unique(days, return_inverse=True)
    relative = bank.relative(distinct)[:, place.reshape(days.shape)]
    return deviation.z(np.exp(state.first[..., None] + np.moveaxis(relative, 1, 0)))


def with_row(factor: Floats, deviation: Deviation, days: Floats) -> Floats:
    """The Cholesky factor [P, k, k] with one more scan, the last of `days` [P, k + 1]: [P, k + 1, k + 1]."""
    patients, k = factor.shape[:2]
    made = np.zeros((patients, k + 1, k + 1))
    made[:, :k, :k] = factor
    last = days[:, k:]
    cross = deviation.covariance(last, days)[:, 0]
    for j in range(k):
        made[:, k, j] = (cross[:, j] - np.einsum("pi,pi->p", made[:, k, :j], factor[:, j, :j])) / factor[
            :, j, j
        ]
    left = cross[:, k] + deviation.error**2 - (made[:, k, :k] ** 2).sum(1)
    made[:, k, k] = np.sqrt(np.maximum(left, 1e-10))
    return made


def _within(low: Floats, high: Floats, uniform: Floats) -> tuple[Floats, Floats]:
    """Log probability of the bounds, and a draw within them."""
    under, over = ndtr(low), ndtr(high)
    is_open = np.isneginf(low)
    with np.errstate(divide="ignore"):
        chance = np.where(is_open, log_ndtr(high), np.log(np.maximum(over - under, 1e-300)))
    drawn = ndtri(np.clip(under + uniform * (over - under), 1e-300, 1 - 1e-12))
    return chance, np.clip(drawn, -30, 30)
