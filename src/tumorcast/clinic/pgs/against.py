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

from tumorcast.biology.pgs.ancestry import LEAST_PEOPLE, Reference, adjusted
from tumorcast.clinic.pgs.result import PgsRun, ScoreResult
from tumorcast.domain.errors import InputError
from tumorcast.readers.reference_panel import PanelTable, read_components, read_panel

COLUMNS = (
    "sample", "score", "most_similar", "n_reference", "percentile", "z_most_similar", "z_norm1", "z_norm2",
    "p_population", "posterior", "p_panel", "refusal",
)  # fmt: skip
_NONE = dict.fromkeys(COLUMNS[2:-1])


@dataclass(frozen=True)
class AgainstPanel:
    """Tables of the reference people and of the samples' components, and how many components are used."""

    panel: Path
    components: Path
    n_components: int = 4


def against_panel(run: PgsRun, asked: AgainstPanel) -> list[dict[str, Any]]:
    """One row a sample and score.

    Raises:
        InputError: an unusable table, or a panel without a population of enough people.
    """
    panel = read_panel(asked.panel, asked.n_components)
    mine = read_components(asked.components, asked.n_components)
    sizes = [int((panel.population == name).sum()) for name in set(panel.population)]
    if max(sizes, default=0) < LEAST_PEOPLE:
        raise InputError(
            f"{asked.panel.name} has no population of {LEAST_PEOPLE} people",
            got=f"{len(panel.population)} people",
        )
    return [row for result in run.results for row in _rows(run, result, panel, mine)]


def _rows(
    run: PgsRun, result: ScoreResult, panel: PanelTable, mine: Mapping[str, NDArray[np.float64]]
) -> list[dict[str, Any]]:
    name = result.score.name
    heads = [{"sample": sample, "score": name} for sample in run.samples]
    reference = panel.sums.get(name)
    if reference is None or not np.isfinite(reference).all():
        return [
            head | _NONE | {"refusal": "the reference people have no sums of this score"} for head in heads
        ]
    known = [n for n, sample in enumerate(run.samples) if sample in mine]
    rows = [head | _NONE | {"refusal": "no principal components of this sample"} for head in heads]
    if not known:
        return rows
    people = Reference(panel.components, panel.population, reference)
    values = [float(result.sums[n]) if result.has_sum(n) else None for n in known]
    found = adjusted(people, np.stack([mine[run.samples[n]] for n in known]), values)
    for n, one in zip(known, found, strict=True):
        where = one.similarity
        rows[n] = heads[n] | {
            "most_similar": where.population, "n_reference": one.n_reference, "percentile": one.percentile,
            "z_most_similar": one.z_population, "z_norm1": one.z_norm1, "z_norm2": one.z_norm2,
            "p_population": where.p, "posterior": where.posterior, "p_panel": where.p_panel,
            "refusal": one.refusal or None,
        }  # fmt: skip
    return rows


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
