"""Layers computed from a study's own: published scores of each sample by itself, so that a lab's one patient gets the
same numbers as a training cohort's."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from tumorcast.biology.expression_scores import expression_scores
from tumorcast.biology.instability import SCORES, altered_share, instability_scores
from tumorcast.biology.mutation_scores import mutation_scores
from tumorcast.biology.pathway_scores import pathway_scores
from tumorcast.biology.pathways import embedded_expression_sets
from tumorcast.biology.response_markers import EXPRESSION_MARKERS, mutation_markers
from tumorcast.biology.sbs96 import sbs96
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.study import Study

Derivation = Callable[[Study, list[Exclusion]], pd.DataFrame | None]


def derive(study: Study, name: str, report: list[Exclusion]) -> pd.DataFrame | None:
    """sample x score of the derived layer `name`; None, reported, where the study lacks what it is made of, or has it
    in a form that no score can be made of (expression as z-scores)."""
    try:
        table = DERIVED[name](study, report)
    except InputError as error:
        report.append(Exclusion("layer", name, "cannot_be_derived", f"{error.what}, got {error.got}"))
        return None
    if table is None or table.empty:
        report.append(Exclusion("layer", name, "cannot_be_derived", f"the study lacks {_SOURCE[name]}"))
        return None
    return table.rename_axis(index="sample_id", columns=None).astype("float32")


def _instability(study: Study, report: list[Exclusion]) -> pd.DataFrame | None:
    """`biology.instability.SCORES` of tumours with copies of both alleles; with log2 ratios the share altered alone."""
    if study.segments.empty:
        return None
    rows = {}
    for sample, part in study.segments.groupby("sample_id"):
        scores = instability_scores if part["minor"].notna().any() else altered_share
        rows[str(sample)] = scores(part, study.build or "GRCh37", f"segments of {sample}")
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(SCORES))


def _expression_scores(study: Study, report: list[Exclusion]) -> pd.DataFrame | None:
    return None if study.expression is None else expression_scores(study.expression, report)


def _pathway_scores(study: Study, report: list[Exclusion]) -> pd.DataFrame | None:
    if study.expression is None:
        return None
    return pathway_scores(study.expression, embedded_expression_sets(), report)


def _mutation_scores(study: Study, report: list[Exclusion]) -> pd.DataFrame | None:
    if study.variants is None:
        return None
    has_context = {"context", "ref", "alt"} <= set(study.variants.columns)
    catalogue = sbs96(study.variants, None, report) if has_context else None
    return mutation_scores(study.variants, study.sequenced, catalogue)


def _response_markers(study: Study, report: list[Exclusion]) -> pd.DataFrame | None:
    """Those of variants and of expression; NaN where a sample lacks one of the two."""
    parts = []
    if study.variants is not None:
        parts.append(mutation_markers(study.variants, study.sequenced))
    if study.expression is not None:
        parts.append(expression_scores(study.expression, report)[list(EXPRESSION_MARKERS)])
    return pd.concat(parts, axis=1) if parts else None


DERIVED: dict[str, Derivation] = {
    "instability": _instability,
    "expression_scores": _expression_scores,
    "pathway_scores": _pathway_scores,
    "mutation_scores": _mutation_scores,
    "response_markers": _response_markers,
}
_SOURCE = {
    "instability": "copy-number segments",
    "expression_scores": "expression",
    "pathway_scores": "expression",
    "mutation_scores": "mutations",
    "response_markers": "mutations and expression",
}
