"""Sums, what stands in and what was not read are those of a loop over samples and rows."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.biology.pgs.dosage import DosagePolicy
from tumorcast.biology.pgs.genotypes import MISSING, GenotypeBlock, Record
from tumorcast.biology.pgs.matching import MatchPolicy
from tumorcast.biology.pgs.places import placed
from tumorcast.biology.pgs.score import DOMINANT, PolygenicScore
from tumorcast.biology.pgs.sums import ScoreSums

N_ROWS, N_SAMPLES = 9, 12


def score(rng: np.random.Generator, name: str, kind: int) -> PolygenicScore:
    at = np.arange(1, N_ROWS + 1)
    is_ref = rng.random(N_ROWS) < 0.4
    effect, other = (np.where(is_ref == flag, "A", "G").astype(object) for flag in (True, False))
    return PolygenicScore(
        name, None, np.ones(N_ROWS, np.int64), at, effect, other, rng.normal(size=N_ROWS),
        np.full(N_ROWS, np.nan), np.full(N_ROWS, kind, np.int8), at,
    )  # fmt: skip


@pytest.mark.parametrize("kind", [0, DOMINANT])
@pytest.mark.parametrize("missing", ["cohort", "none"])
@pytest.mark.parametrize("share", [0.0, 0.1, 0.6])
def test_sums_and_missing_weight_of_a_loop(kind: int, missing: str, share: float) -> None:
    rng = np.random.default_rng(int(100 * share) + kind)
    strands = rng.integers(0, 2, (2, N_ROWS, N_SAMPLES)).astype(np.int8)
    strands[rng.random(strands.shape) < share] = MISSING
    scores = [score(rng, name, kind) for name in "ab"]
    sums = ScoreSums(placed(scores), N_SAMPLES, MatchPolicy(), DosagePolicy(missing))
    sums.add(GenotypeBlock([Record(n, "A", ("G",)) for n in range(N_ROWS)], *strands))
    expected, gone = np.zeros((2, N_SAMPLES)), np.zeros((2, N_SAMPLES))
    for s, one in enumerate(scores):
        for n in range(N_ROWS):
            is_read = (strands[:, n] != MISSING).all(axis=0)
            copies = (strands[:, n] == (0 if one.effect[n] == "A" else 1)).sum(axis=0)
            mean = copies[is_read].mean() if is_read.any() else 0.0
            counted = np.minimum(copies, 1) if kind == DOMINANT else copies
            stand_in = 0.0 if missing == "none" else mean / 2 if kind == DOMINANT else mean
            if is_read.any():
                expected[s] += one.weight[n] * np.where(is_read, counted, stand_in)
                gone[s] += abs(one.weight[n]) * ~is_read
    assert sums.sums == pytest.approx(expected)
    assert sums.missing_weight == pytest.approx(gone)
    at = sums.outcomes.n_missing.reshape(N_ROWS, 2)
    assert at.tolist() == [[int((strands[:, n] == MISSING).any(axis=0).sum())] * 2 for n in range(N_ROWS)]
