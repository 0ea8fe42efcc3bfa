"""Candidate biomarkers of a run: features ranked by what held-out attribution says of the outcome, with its errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.cohort.cohort import Cohort
from tumorcast.evaluation.held_out import (
    importance_intervals,
    informative,
    permutation_p,
    q_values,
    univariate_p,
)
from tumorcast.explain.collect import HeldOut
from tumorcast.metrics.residuals import martingale_residuals, response_residuals

COLUMNS = (
    "kind", "feature", "direction", "n_courses", "importance", "importance_low", "importance_high", "z", "p", "q",
    "univariate_p", "univariate_q", "top_in_bootstraps", "top_in_folds", "n_folds",
)  # fmt: skip


@dataclass(frozen=True)
class Settings:
    """How candidates are judged.

    Attributes:
        fdr: accepted share of false discoveries within a kind.
        top: size of the "top" whose stability is counted.
        permutations: draws for the finest p values. bootstraps: patient resamples.
    """

    fdr: float = 0.1
    top: int = 20
    permutations: int = 200_000
    bootstraps: int = 500
    seed: int = 0


def outcome_of(
    cohort: Cohort, head: str, ids: list[str], folds: np.ndarray
) -> tuple[np.ndarray, np.ndarray | None]:
    """(residual [n], response 0/1 or None): what is to be explained, with the sign of the score.

    Survival: martingale residuals within each fold; response: label less the fold's prevalence; ordinal: the level
    less the fold's mean.
    """
    courses = cohort.courses.loc[ids]
    residual = np.zeros(len(ids))
    for fold in np.unique(folds):
        rows = folds == fold
        own = courses[rows]
        if head == "survival":
            residual[rows] = martingale_residuals(own["time_days"], own["is_event"])
        else:
            label = own["ordinal" if head == "ordinal" else "response"]
            residual[rows] = response_residuals(label)
    response = courses["response"].to_numpy(float) if head == "response" else None
    return residual, response


def rank(found: HeldOut, cohort: Cohort, head: str, settings: Settings) -> pd.DataFrame:
    """One row a feature (`COLUMNS`), kinds after one another, the smallest q of each kind first."""
    ids = _judged(cohort, head, list(found.predicted.index))
    folds = found.fold.loc[ids].to_numpy()
    residual, response = outcome_of(cohort, head, ids, folds)
    patients = cohort.courses.loc[ids, "patient_id"].astype(str).tolist()
    tables = []
    for kind, table in found.attributions.items():
        added = table.loc[ids]
        added = added.loc[:, (added != 0).any()]
        if added.empty:
            continue
        values = found.values[kind].loc[ids].reindex(columns=added.columns)
        ranked = _rank_kind(added, values, residual, response, folds, patients, settings)
        ranked.insert(0, "kind", kind)
        tables.append(ranked)
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


def _judged(cohort: Cohort, head: str, ids: list[str]) -> list[str]:
    """Courses whose outcome is known."""
    needed = {"survival": ["time_days", "is_event"], "ordinal": ["ordinal"], "response": ["response"]}[head]
    known = cohort.courses.loc[ids, needed].notna().all(axis=1)
    return [course_id for course_id, is_known in zip(ids, known, strict=True) if is_known]


def _rank_kind(
    added: pd.DataFrame, values: pd.DataFrame, residual: np.ndarray, response: np.ndarray | None,
    folds: np.ndarray, patients: list[str], settings: Settings,
) -> pd.DataFrame:  # fmt: skip
    matrix = added.to_numpy(float)
    z, p = permutation_p(matrix, residual, folds, settings.seed, settings.permutations)
    mean, low, high, often = importance_intervals(
        matrix, patients, settings.top, settings.bootstraps, settings.seed
    )
    alone = univariate_p(values.to_numpy(float), residual, response)
    in_folds = _folds_in_top(matrix, folds, settings.top)
    weight = informative(values.to_numpy(float))
    table = pd.DataFrame(
        {
            "feature": added.columns, "direction": _directions(matrix, values.to_numpy(float)),
            "n_courses": (matrix != 0).sum(axis=0), "importance": mean, "importance_low": low,
            "importance_high": high, "z": z, "p": p, "q": q_values(p, weight), "univariate_p": alone,
            "univariate_q": q_values(alone, weight), "top_in_bootstraps": often, "top_in_folds": in_folds,
            "n_folds": len(np.unique(folds)),
        }
    )  # fmt: skip
    return table.sort_values(["q", "p", "z"], ascending=[True, True, False], kind="stable")


def _folds_in_top(matrix: np.ndarray, folds: np.ndarray, top: int) -> np.ndarray:
    """[F] number of folds whose model has the feature among its `top` by mean |attribution|."""
    counts = np.zeros(matrix.shape[1], int)
    for fold in np.unique(folds):
        size = np.abs(matrix[folds == fold]).mean(axis=0)
        counts[np.argsort(-size, kind="stable")[:top]] += 1
    return counts


def _directions(matrix: np.ndarray, values: np.ndarray) -> list[str]:
    """What more of the feature does to the score: "raises", "lowers", or "mixed" where it depends on the course."""
    made = []
    for own, value in zip(matrix.T, values.T, strict=True):
        known = np.isfinite(value) & (own != 0)
        slope = 0.0
        if known.sum() and np.ptp(value[np.isfinite(value)]) > 0:
            centre = value - np.nanmean(value)
            size = np.sqrt((own[known] ** 2).sum() * (centre[known] ** 2).sum())
            slope = float((own[known] * centre[known]).sum() / size) if size > 0 else 0.0
        made.append("raises" if slope > 0.2 else "lowers" if slope < -0.2 else "mixed")
    return made
