"""Sums of a run set against a reference panel: rows of ancestry.csv."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.ancestry import Reference, adjusted, least_people
from tumorcast.biology.pgs.dosage import NONE
from tumorcast.biology.pgs.matching import MATCHED
from tumorcast.clinic.pgs.result import PgsRun, ScoreResult
from tumorcast.clinic.pgs.tables import MATCH_COLUMNS, match_rows
from tumorcast.domain.errors import InputError
from tumorcast.readers.panel_variants import VARIANT_COLUMNS, Marks, read_matched_variants, variant_marks
from tumorcast.readers.reference_panel import PanelTable, read_components, read_panel

COLUMNS = (
    "sample", "score", "most_similar", "n_reference", "percentile", "z_most_similar", "z_norm1", "z_norm2",
    "p_population", "posterior", "p_panel", "refusal",
)  # fmt: skip
_NONE = dict.fromkeys(COLUMNS[2:-1])
_UNKNOWN = "which variants the reference's sums rest on is not known (--reference-variants)"
_MOST_MISSING = 0.1
"""Share of the matched weight that a frequency may stand in for."""
_MOST_SHIFT = 0.1
"""What is missing and counts nothing may move a sum by so many spreads of a reference population."""


@dataclass(frozen=True)
class AgainstPanel:
    """Tables of the reference people and of the samples' components, and how many components are used.

    Attributes:
        variants: matches.csv of the run that gave the reference people their sums; None: nothing is told.
    """

    panel: Path
    components: Path
    variants: Path | None = None
    n_components: int = 4


def against_panel(run: PgsRun, asked: AgainstPanel) -> list[dict[str, Any]]:
    """One row a sample and score.

    Raises:
        InputError: an unusable table, or a panel without a population of enough people.
    """
    names = [result.score.name for result in run.results]
    panel = read_panel(asked.panel, asked.n_components, names)
    mine = read_components(asked.components, asked.n_components, panel.scale)
    sizes = [int((panel.population == name).sum()) for name in set(panel.population)]
    least = least_people(asked.n_components)
    if max(sizes, default=0) < least:
        raise InputError(
            f"{asked.panel.name} has no population of {least} people",
            got=f"{len(panel.population)} people", expected=f"so many for {asked.n_components} components",
        )  # fmt: skip
    theirs = read_matched_variants(asked.variants, names) if asked.variants else {}
    rows: list[dict[str, Any]] = []
    for result in run.results:
        name = result.score.name
        refusal = _unfit(panel.sums.get(name), theirs.get(name), result) if asked.variants else _UNKNOWN
        heads = [{"sample": sample, "score": name} for sample in run.samples]
        rows += (
            [head | _NONE | {"refusal": refusal} for head in heads]
            if refusal
            else _rows(run, result, panel, mine)
        )
    return rows


def _unfit(sums: NDArray[np.float64] | None, theirs: Marks | None, result: ScoreResult) -> str:
    """Why a score cannot be set against the panel's sums; "" where it can."""
    if sums is None or np.isnan(sums).all():
        return "the reference people have no sums of this score"
    if n := int(np.isnan(sums).sum()):
        return f"{n} of {len(sums)} reference people have no sum of this score"
    with np.errstate(over="ignore", invalid="ignore"):
        if not np.isfinite(sums.std()):
            return "the reference people's sums overflow"
    if theirs is None:
        return "the variants of the reference people's sums are not told"
    own = _matched_marks(result)
    if np.array_equal(own, theirs):
        return ""
    n_here, n_there = (len(np.setdiff1d(*pair)) for pair in ((own, theirs), (theirs, own)))
    return (
        f"the reference people's sums rest on other variants ({len(theirs)} there, {len(own)} here,"
        f" {n_there} there alone, {n_here} here alone): sum both over the same ones"
    )


def _matched_marks(result: ScoreResult) -> Marks:
    at = [MATCH_COLUMNS.index(name) for name in (*VARIANT_COLUMNS, "status")]
    rows = ([row[n] for n in at] for row in match_rows(result))
    return variant_marks(cells for *cells, status in rows if status == "matched")


def _rows(
    run: PgsRun, result: ScoreResult, panel: PanelTable, mine: Mapping[str, NDArray[np.float64]]
) -> list[dict[str, Any]]:
    name = result.score.name
    heads = [{"sample": sample, "score": name} for sample in run.samples]
    reference = panel.sums[name]
    known = [n for n, sample in enumerate(run.samples) if sample in mine]
    rows = [head | _NONE | {"refusal": "no principal components of this sample"} for head in heads]
    if not known:
        return rows
    people = Reference(panel.components, panel.population, reference)
    spread = _least_spread(people)
    partial = [_partial(run, result, n, spread) for n in known]
    values = [
        float(result.sums[n]) if result.has_sum(n) and not why else None
        for n, why in zip(known, partial, strict=True)
    ]
    found = adjusted(people, np.stack([mine[run.samples[n]] for n in known]), values)
    for n, one, why in zip(known, found, partial, strict=True):
        where = one.similarity
        rows[n] = heads[n] | {
            "most_similar": where.population, "n_reference": one.n_reference, "percentile": one.percentile,
            "z_most_similar": _finite(one.z_population), "z_norm1": _finite(one.z_norm1),
            "z_norm2": _finite(one.z_norm2),
            "p_population": where.p, "posterior": where.posterior, "p_panel": where.p_panel,
            "refusal": why or one.refusal or None,
        }  # fmt: skip
    return rows


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None


def _least_spread(people: Reference) -> float:
    names, sizes = np.unique(people.population.astype(str), return_counts=True)
    used = names[sizes >= least_people(people.components.shape[1])]
    return min(float(people.sums[people.population.astype(str) == name].std()) for name in used)


def _partial(run: PgsRun, result: ScoreResult, sample: int, spread: float) -> str:
    """Why a sum that lacks genotypes cannot stand beside those of the reference people; "" where it can."""
    share = 1.0 - float(result.genotyped[sample])
    if not result.has_sum(sample):
        return ""
    if run.dosage.missing == NONE:
        weight = np.abs(result.score.weight[result.variants.reason == MATCHED]).sum()
        if 2.0 * share * float(weight) > _MOST_SHIFT * spread:
            return (
                f"genotypes of {share:.1%} of the matched weight are missing and count nothing, unlike the"
                " reference people's (--missing file or cohort lets a frequency stand in)"
            )
    elif share > _MOST_MISSING:
        return f"{1 - share:.0%} of the matched weight was genotyped, {1 - _MOST_MISSING:.0%} is asked for"
    return ""


def ancestry_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """ancestry.csv."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows:
        table.writerow([_cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)
