"""Missing genotypes on X where a haploid allele counts as one: half as much for whom has one X by the other calls."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class OpenX:
    """Takes rows on X piece by piece; what a sample's missing ones count is known when all were read."""

    def __init__(self, n_scores: int, n_samples: int) -> None:
        self._stood_in = np.zeros((n_scores, n_samples))
        self._is_open = np.zeros((n_scores, n_samples), bool)
        self._has_haploid, self._has_diploid = np.zeros(n_samples, bool), np.zeros(n_samples, bool)

    def add(
        self,
        scores: NDArray[np.int64],
        weights: NDArray[np.float64],
        dosage: NDArray[np.float64],
        is_missing: NDArray[np.bool_],
        strands: NDArray[np.int64],
    ) -> None:
        """Rows on X.

        Args:
            scores: [n_scores here], their numbers. weights: [n_scores here, n].
            dosage: [n, n_samples], what stands in for two strands where `is_missing`. strands: of each call.
        """
        self._stood_in[scores] += weights @ np.where(is_missing, dosage, 0.0)
        self._is_open[scores] |= (weights != 0).astype(np.int64) @ is_missing.astype(np.int64) > 0
        self._has_haploid |= (~is_missing & (strands == 1)).any(axis=0)
        self._has_diploid |= (~is_missing & (strands == 2)).any(axis=0)

    def surplus(self, score: int) -> NDArray[np.float64]:
        """What was counted too much, [n_samples]: half of what stands in for those with haploid calls alone."""
        return np.where(self._has_haploid & ~self._has_diploid, 0.5 * self._stood_in[score], 0.0)

    def is_unknown(self, score: int) -> NDArray[np.bool_]:
        """[n_samples], True where genotypes are missing and the calls on X are of both kinds, or there are none."""
        return self._is_open[score] & (self._has_haploid == self._has_diploid)
