"""What a run of polygenic scores found: sums, what they rest on, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.dosage import DosagePolicy
from tumorcast.biology.pgs.matching import (
    AMBIGUOUS,
    FLIPPED,
    LEFT_OUT,
    MATCHED,
    REASONS,
    MatchPolicy,
)  # fmt: skip
from tumorcast.biology.pgs.score import PolygenicScore

_ROUNDING = 1e-9
_OVERFLOW = "the weights overflow: the sum is no finite number"
_COUNTED_BY = {FLIPPED: ("strand flips", "--accept-flips"), AMBIGUOUS: ("ambiguous", "--keep-ambiguous")}
"""Reasons that an option lets count: what they are called, the option."""
LEAST_SAMPLES = 20
"""Samples from which their distribution is drawn."""


@dataclass(frozen=True)
class Thresholds:
    """Below these there is no number.

    Attributes:
        overlap: share of the score's variants that are matched (the PGS Catalog Calculator's `min_overlap`).
        weight: share of its absolute weight that is matched.
        genotyped: share of the matched absolute weight that was read in one sample.
    """

    overlap: float = 0.75
    weight: float = 0.5
    genotyped: float = 0.5


@dataclass(frozen=True)
class Variants:
    """What became of a score's rows: [n] each, in the file's order; `names` (REF, ALT), None without a record."""

    reason: NDArray[np.int8]
    is_flipped: NDArray[np.bool_]
    is_ambiguous: NDArray[np.bool_]
    is_multiallelic: NDArray[np.bool_]
    n_missing: NDArray[np.int64]
    frequency: NDArray[np.float64]
    names: NDArray[np.object_]

    def counts(self) -> dict[str, int]:
        """Reason -> rows; `matched` first."""
        found = {"matched": int((self.reason == MATCHED).sum())}
        for code in np.unique(self.reason[self.reason != MATCHED]):
            found[REASONS[code]] = int((self.reason == code).sum())
        return found


@dataclass(frozen=True)
class ScoreResult:
    """One score of all samples.

    Attributes:
        sums: [n_samples]; of no meaning where refused.
        genotyped: [n_samples], share of the matched absolute weight that was read.
        refusal: why there is no sum of any sample; "" where there is.
        sample_refusals: sample's number -> why it has none.
    """

    score: PolygenicScore
    sums: NDArray[np.float64]
    genotyped: NDArray[np.float64]
    variants: Variants
    match_rate: float
    weight_coverage: float
    refusal: str = ""
    sample_refusals: Mapping[int, str] = field(default_factory=dict)
    notes: Sequence[str] = ()

    def has_sum(self, sample: int) -> bool:
        """Whether a number is told."""
        return not self.refusal and sample not in self.sample_refusals


@dataclass(frozen=True)
class PgsRun:
    """All of it.

    Attributes:
        build: of the genotypes, None where nothing says. files: names of the genotypes' files.
        refused_files: name of a scoring file -> why it could not be used.
    """

    samples: Sequence[str]
    results: Sequence[ScoreResult]
    refused_files: Mapping[str, str]
    build: str | None
    files: Sequence[str]
    matching: MatchPolicy
    dosage: DosagePolicy
    fields: Sequence[str]
    thresholds: Thresholds
    notes: Sequence[str] = ()


def concluded(
    score: PolygenicScore,
    sums: NDArray[np.float64],
    missing_weight: NDArray[np.float64],
    variants: Variants,
    thresholds: Thresholds,
) -> ScoreResult:
    """Rates, and what they forbid."""
    weight = _scaled(np.abs(score.weight), score)
    rate, coverage = _rates(weight, variants.reason == MATCHED)
    matched = float(weight[variants.reason == MATCHED].sum())
    lacking = _scaled(missing_weight, score)
    genotyped = np.clip(1.0 - lacking / matched, 0.0, 1.0) if matched else np.full(len(sums), float(rate > 0))
    is_scarce = genotyped < thresholds.genotyped - _ROUNDING
    scarce = {
        n: f"{genotyped[n]:.0%} of the matched weight was genotyped, {thresholds.genotyped:.0%} is asked for"
        for n in np.flatnonzero(is_scarce).tolist()
    }
    overflown = dict.fromkeys(np.flatnonzero(~np.isfinite(sums)).tolist(), _OVERFLOW)
    return ScoreResult(
        score, sums, genotyped, variants, rate, coverage, _refusal(weight, variants, thresholds),
        scarce | overflown, _notes(score, variants, coverage),
    )  # fmt: skip


def _scaled(values: NDArray[np.float64], score: PolygenicScore) -> NDArray[np.float64]:
    """Divided by a power of two near the largest weight: shares stay as they are, and no sum overflows."""
    exponent = int(np.frexp(np.abs(score.weight).max(initial=0.0))[1])
    return np.asarray(np.ldexp(values, -exponent), np.float64)


def _rates(weight: NDArray[np.float64], is_counted: NDArray[np.bool_]) -> tuple[float, float]:
    """Shares of the rows and of their absolute weight; no weight at all is all of it."""
    whole = float(weight.sum())
    coverage = min(1.0, float(weight[is_counted].sum()) / whole) if whole else 1.0
    return float(is_counted.sum()) / len(weight), coverage


def _refusal(weight: NDArray[np.float64], variants: Variants, thresholds: Thresholds) -> str:
    n = int((variants.reason == MATCHED).sum())
    n_other = variants.counts().get("other alleles", 0)
    if n and n_other >= 10 and n_other > n:
        return f"{n_other} variants stand at their place with other alleles, {n} fit: another genome build?"
    rate, coverage = _rates(weight, variants.reason == MATCHED)
    reason = ""
    if not n:
        reason = "no variant is matched"
    elif rate < thresholds.overlap:
        reason = f"{n} of {len(weight)} variants matched ({rate:.1%}); {thresholds.overlap:.0%} is asked for"
    elif coverage < thresholds.weight:
        reason = f"matched variants carry {coverage:.1%} of the weight; {thresholds.weight:.0%} is asked for"
    return reason + _way_out(weight, variants, thresholds) if reason else ""


def _way_out(weight: NDArray[np.float64], variants: Variants, thresholds: Thresholds) -> str:
    """The options without which a score would have had its threshold; "" where none would have helped."""
    for codes in ((FLIPPED,), (AMBIGUOUS,), (FLIPPED, AMBIGUOUS)):
        left = [int((variants.reason == code).sum()) for code in codes]
        rate, coverage = _rates(weight, np.isin(variants.reason, (MATCHED, *codes)))
        if all(left) and rate >= thresholds.overlap and coverage >= thresholds.weight:
            told = [f"{n} {_COUNTED_BY[code][0]} were left out" for n, code in zip(left, codes, strict=True)]
            return f"; {', '.join(told)}: {' '.join(_COUNTED_BY[code][1] for code in codes)} counts them"
    return ""


def _notes(score: PolygenicScore, variants: Variants, coverage: float) -> list[str]:
    notes = [*score.warnings, *score.notes]
    if n := int((variants.reason == FLIPPED).sum()):
        notes.append(
            f"{n} variants fit on the other strand alone and are not counted (--accept-flips counts them)"
        )
    if n := int((variants.reason == LEFT_OUT).sum()):
        notes.append(f"{n} rows of the scoring file cannot be matched (matches.csv says why)")
    if n := int((variants.n_missing[variants.reason == MATCHED] > 0).sum()):
        notes.append(f"{n} matched variants were not genotyped in every sample")
    if coverage < 0.75:
        notes.append(f"matched variants carry {coverage:.1%} of the score's weight")
    return notes
