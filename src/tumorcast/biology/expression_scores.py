"""Published expression scores of one sample by itself: immune programmes, cell types, checkpoints, proliferation.

Genes, weights, formulas and publications stand in `tables/expression_scores.tsv`. Scores that were published scaled to
a cohort (z-scores, principal components, centred values) are the mean of the same genes here, because a laboratory has
one patient: their order agrees with the published one, their level does not, and no published cut-off holds. None of
them survives z-scored input: a gene's z-score compares samples, a score compares genes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology._tables import read_table, split_list
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

SCALE = "log2(tpm+1)"
FORMULAS = ("mean", "sum", "geometric", "pairs")
DECLINED = {
    "TIDE": "expression is centred on a cohort and compared with trained profiles of dysfunction and exclusion "
    "(Jiang 2018 Nat Med 24:1550)",
    "IPRES": "mean z-score of enrichments over a cohort (Hugo 2016 Cell 165:35)",
}
"""Scores that no sample has by itself -> why."""
_LOG_SCALE_MOST, _ROUNDING = 40.0, 0.01
_CYTOLYTIC_OFFSET = 0.01
_SHOWN = 20

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class ExpressionScore:
    """One published score.

    Attributes:
        name: as in the columns of `expression_scores`.
        formula: one of `FORMULAS`.
        genes: approved symbols, each once (in "pairs" as often as published).
        weights: one a gene.
        against: genes whose mean is taken off every value; in "pairs" the second gene of each pair.
        reference: the publication.
        note: how it differs from what was published, "" where it does not.
    """

    name: str
    formula: str
    genes: tuple[str, ...]
    weights: tuple[float, ...]
    against: tuple[str, ...]
    reference: str
    note: str


@cache
def published_scores() -> tuple[ExpressionScore, ...]:
    """All scores of the embedded table."""
    return tuple(_score_of(row) for row in read_table("expression_scores").rows)


def expression_scores(
    expression: pd.DataFrame, report: list[Exclusion], *, scale: str = SCALE, least_share: float = 0.7
) -> pd.DataFrame:
    """sample x `published_scores`; a sample's scores do not depend on the other samples.

    NaN where fewer than `least_share` of a score's genes were measured in the sample ("pairs" need all); means and
    sums of what was measured otherwise, which shifts their level. One line of the report a score that lacks genes.

    - mean: sum of weights times values over the sum of absolute weights; a value is log2(TPM + 1) less the mean of
      `against`.
    - sum: the same times the sum of the absolute weights of all genes of the score.
    - geometric: log2 of the geometric mean of TPM + 0.01.
    - pairs: in how many pairs the first gene exceeds the second.

    Args:
        expression: sample x gene, log2(TPM + 1), approved symbols, NaN not measured.
        scale: what the values are; anything but log2(TPM+1) is refused.

    Raises:
        InputError: another scale, values that log2(TPM + 1) cannot have, or a gene twice.
    """
    check_log_tpm(expression, scale)
    scores = {one.name: _values_of(one, expression, least_share, report) for one in published_scores()}
    return pd.DataFrame(scores, index=expression.index)


def check_log_tpm(expression: pd.DataFrame, scale: str = SCALE) -> None:
    """Raise where a matrix of samples x genes is not log2(TPM + 1), or has a gene twice."""
    values = expression.to_numpy(np.float64)
    lowest, highest = float(np.nanmin(values, initial=0)), float(np.nanmax(values, initial=0))
    if scale.lower().replace(" ", "") != SCALE or lowest < -_ROUNDING or highest > _LOG_SCALE_MOST:
        raise InputError(
            "expression scores compare genes of one sample and need measured values",
            got=f"{scale}, from {lowest:g} to {highest:g}",
            expected="log2(TPM + 1): from 0 to 20",
            fix="give the measured expression, not its z-scores; other logarithms as log2(TPM + 1)",
        )
    if not expression.columns.is_unique:
        twice = expression.columns[expression.columns.duplicated()].unique()
        raise InputError("genes occur twice", got=", ".join(map(str, twice[:5])), expected="a column a gene")


def _score_of(row: dict[str, str]) -> ExpressionScore:
    words = [word.partition(":") for word in split_list(row["genes"])]
    return ExpressionScore(
        row["name"],
        row["formula"],
        tuple(gene for gene, _, _ in words),
        tuple(float(weight or 1) for _, _, weight in words),
        split_list(row["against"]),
        row["reference"],
        row["note"],
    )


def _values_of(
    one: ExpressionScore, expression: pd.DataFrame, least_share: float, report: list[Exclusion]
) -> F64:
    """[n] the score of each sample, NaN where too few of its genes were measured."""
    values, against = _columns(expression, one.genes), _columns(expression, one.against)
    share = 1.0 if one.formula == "pairs" else least_share
    is_scored = _is_enough(values, share) & _is_enough(against, share)
    found = np.full(len(values), np.nan)
    if is_scored.any():
        found[is_scored] = _by_formula(one, values[is_scored], against[is_scored])
    _report_missing(one, values, against, is_scored, report)
    return found


def _columns(expression: pd.DataFrame, genes: Sequence[str]) -> F64:
    """[n, k], NaN for genes that the matrix lacks."""
    return expression.reindex(columns=list(genes)).to_numpy(np.float64)


def _is_enough(values: F64, share: float) -> NDArray[np.bool_]:
    """[n] whether at least this share of the genes was measured; no genes at all are enough."""
    return np.asarray((~np.isnan(values)).sum(axis=1) >= share * values.shape[1])


def _by_formula(one: ExpressionScore, values: F64, against: F64) -> F64:
    """[n] of samples with enough genes."""
    if one.formula == "pairs":
        return np.asarray((values > against).sum(axis=1), np.float64)
    if one.formula == "geometric":
        values = np.log2(np.exp2(values) - 1 + _CYTOLYTIC_OFFSET)
    elif one.against:
        values = values - np.nanmean(against, axis=1, keepdims=True)
    weights = np.array(one.weights)
    size = np.where(np.isnan(values), 0, np.abs(weights)).sum(axis=1)
    means = np.nansum(values * weights, axis=1) / size
    return np.asarray(means * np.abs(weights).sum() if one.formula == "sum" else means)


def _report_missing(
    one: ExpressionScore, values: F64, against: F64, is_scored: NDArray[np.bool_], report: list[Exclusion]
) -> None:
    genes = [*one.genes, *one.against]
    lacks = np.flatnonzero(np.isnan(np.hstack([values, against])).any(axis=0))
    missing = list(dict.fromkeys(genes[i] for i in lacks))
    if not missing:
        return
    shown = ", ".join(missing[:_SHOWN]) + (
        f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
    )
    n_out = int((~is_scored).sum())
    told = f"{len(missing)} of {len(set(genes))} genes not measured in every sample: {shown}"
    if n_out:
        told = f"{n_out} of {len(is_scored)} samples without the score; {told}"
    report.append(Exclusion("feature", one.name, "too_few_genes" if n_out else "genes_missing", told))
