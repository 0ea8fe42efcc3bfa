"""Growth of one tumour's arms under many drugs: Claret's curve with drug, tumour and target-by-tumour effects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SCALE_DAYS = 21.0
_ROUNDS = 15
_RIDGE = 1e-6


@dataclass(frozen=True)
class GrowthArms:
    """Arms of n tumours under D drugs as what their curves say of Claret's two parameters.

    ln(V / V0) = growth t/21 - kill (1 - exp(-rate t)) / (21 rate), with noise of one size: per arm, the information
    about (growth, kill) is a sum over its days.

    Attributes:
        information: [n, D, 2, 2] sum of f fT over the days; zero where the arm is not known.
        score: [n, D, 2] sum of f y.
        squares: [n, D] sum of y y.
        counts: [n, D] days.
    """

    information: Floats
    score: Floats
    squares: Floats
    counts: Floats

    def of(self, tumours: Floats | NDArray[np.intp] | Flags) -> GrowthArms:
        """Of some tumours (index or flags)."""
        return GrowthArms(
            self.information[tumours], self.score[tumours], self.squares[tumours], self.counts[tumours]
        )

    def where(self, is_shown: Flags) -> GrowthArms:
        """The same with only those arms [n, D] known."""
        shown = is_shown.astype(float)
        return GrowthArms(
            self.information * shown[:, :, None, None],
            self.score * shown[:, :, None],
            self.squares * shown,
            self.counts * shown,
        )


def basis(days: Floats, rate: float) -> Floats:
    """[T, 2]: what growth and kill do to ln(V / V0) on those days."""
    return np.stack([days, np.expm1(-rate * days) / rate], axis=-1) / _SCALE_DAYS


def gather(
    arms: dict[tuple[int, int], tuple[Floats, Floats]], shape: tuple[int, int], rate: float
) -> GrowthArms:
    """`GrowthArms` of (tumour, drug) -> (days after the first, ln(V / V0) on them).

    Args:
        shape: (tumours, drugs).
        rate: at which the kill wanes, per day.
    """
    made = GrowthArms(np.zeros((*shape, 2, 2)), np.zeros((*shape, 2)), np.zeros(shape), np.zeros(shape))
    for place, (days, log_ratio) in arms.items():
        f = basis(days, rate)
        made.information[place], made.score[place] = f.T @ f, f.T @ log_ratio
        made.squares[place], made.counts[place] = log_ratio @ log_ratio, len(days)
    return made


@dataclass(frozen=True)
class GrowthEffects:
    """What was learnt: mean (growth, kill) of each drug and how tumours and arms differ from it.

    Attributes:
        mean: [D, 2]. tumour, shared, arm: [2, 2] covariances of a tumour's effect on all drugs, on drugs with shared
            targets, and on one arm.
        likeness: [D, D] of drugs by targets, 1 on the diagonal.
        noise: variance of ln(V / V0) within an arm.
    """

    mean: Floats
    tumour: Floats
    shared: Floats
    arm: Floats
    likeness: Floats
    noise: float

    @property
    def prior(self) -> Floats:
        """[2D, 2D] covariance of a tumour's arms."""
        drugs = len(self.mean)
        parts = (
            self.tumour[None, :, None, :]
            + self.likeness[:, None, :, None] * self.shared[None, :, None, :]
            + np.eye(drugs)[:, None, :, None] * self.arm[None, :, None, :]
        )
        return np.asarray(parts.reshape(2 * drugs, 2 * drugs))

    def posterior(self, known: GrowthArms) -> tuple[Floats, Floats]:
        """Mean [n, D, 2] and covariance [n, D, 2, 2] of every arm, given the known ones of the same tumour."""
        prior = self.prior
        gain, weight = _weights(self, known, prior)
        size = prior.shape[0]
        mean = self.mean + (gain @ prior).reshape(len(gain), -1, 2)
        cov = (prior - prior @ weight @ prior).reshape(len(gain), size // 2, 2, size // 2, 2)
        drugs = np.arange(size // 2)
        return mean, cov[:, drugs, :, drugs, :].transpose(1, 0, 2, 3)


def fit_effects(
    arms: GrowthArms, likeness: Floats, *, has_shared: bool, rounds: int = _ROUNDS
) -> GrowthEffects:
    """Effects by expectation-maximisation over the tumours; drugs' means by generalised least squares.

    Args:
        likeness: [D, D] positive semidefinite, 1 on the diagonal.
        has_shared: whether drugs of shared targets may share a tumour's effect.
    """
    total = arms.information.sum(axis=(0, 1)) + _RIDGE * np.eye(2)
    centre = np.linalg.solve(total, arms.score.sum(axis=(0, 1)))
    start = 0.1 * np.eye(2) * max(float(np.abs(centre).max()), 0.1)
    made = GrowthEffects(
        np.tile(centre, (len(likeness), 1)), start, start * float(has_shared), start, likeness, 0.05
    )
    spread = np.eye(2)
    for _ in range(rounds):
        made, spread = _round(made, arms, spread)
    return made


def _round(now: GrowthEffects, arms: GrowthArms, spread: Floats) -> tuple[GrowthEffects, Floats]:
    """One round; the drugs' means are shrunk towards their own mean by their own spread."""
    mean = _drug_means(now, arms, spread)
    now = GrowthEffects(mean, now.tumour, now.shared, now.arm, now.likeness, now.noise)
    centred = mean - mean.mean(axis=0)
    spread = centred.T @ centred / len(mean) + _RIDGE * np.eye(2)
    gain, weight = _weights(now, arms, now.prior)
    n, drugs = len(gain), len(mean)
    parts = gain.reshape(n, drugs, 2)
    blocks = weight.reshape(n, drugs, 2, drugs, 2)
    whole = parts.sum(axis=1)
    tumour = _updated(now.tumour, whole.T @ whole / n, blocks.sum(axis=(1, 3)).mean(axis=0))
    like = np.einsum("naj,ab,nbk->jk", parts, now.likeness, parts) / (n * drugs)
    like_cov = np.einsum("najbk,ab->jk", blocks, now.likeness) / (n * drugs)
    shared = _updated(now.shared, like, like_cov)
    own = np.einsum("naj,nak->jk", parts, parts) / (n * drugs)
    arm = _updated(now.arm, own, np.einsum("najak->jk", blocks) / (n * drugs))
    return GrowthEffects(mean, tumour, shared, arm, now.likeness, _noise(now, arms)), spread


def _updated(prior: Floats, gain: Floats, weight: Floats) -> Floats:
    """E[x xT] of a part whose prior covariance is `prior`."""
    made = prior + prior @ (gain - weight) @ prior
    return (made + made.T) / 2


def _weights(now: GrowthEffects, arms: GrowthArms, prior: Floats) -> tuple[Floats, Floats]:
    """(V^-1 residual [n, 2D], V^-1 [n, 2D, 2D]) in the space of the arms' parameters; zero where no arm is known."""
    n, size = len(arms.counts), prior.shape[0]
    known = _blocks(arms.information) / now.noise
    residual = (arms.score - np.einsum("najk,ak->naj", arms.information, now.mean)).reshape(
        n, size
    ) / now.noise
    inverse = np.linalg.inv(np.eye(size) + known @ prior)
    return np.einsum("nij,nj->ni", inverse, residual), inverse @ known


def _drug_means(now: GrowthEffects, arms: GrowthArms, spread: Floats) -> Floats:
    zero = GrowthEffects(np.zeros_like(now.mean), now.tumour, now.shared, now.arm, now.likeness, now.noise)
    gain, weight = _weights(zero, arms, zero.prior)
    drugs = len(now.mean)
    precision = np.kron(np.eye(drugs) - 1 / drugs, np.linalg.inv(spread))
    left = weight.sum(axis=0) + precision + _RIDGE * np.eye(2 * drugs)
    return np.linalg.solve(left, gain.sum(axis=0)).reshape(drugs, 2)


def _noise(now: GrowthEffects, arms: GrowthArms) -> float:
    mean, cov = now.posterior(arms)
    squares = (
        arms.squares
        - 2 * np.einsum("naj,naj->na", mean, arms.score)
        + np.einsum("naj,najk,nak->na", mean, arms.information, mean)
        + np.einsum("najk,nakj->na", cov, arms.information)
    )
    return float(max(squares.sum() / max(arms.counts.sum(), 1), 1e-4))


def _blocks(information: Floats) -> Floats:
    """[n, D, 2, 2] -> block diagonal [n, 2D, 2D]."""
    n, drugs = information.shape[:2]
    made = np.zeros((n, drugs, 2, drugs, 2))
    for drug in range(drugs):
        made[:, drug, :, drug, :] = information[:, drug]
    return made.reshape(n, 2 * drugs, 2 * drugs)
