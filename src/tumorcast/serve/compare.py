"""Two versions of a bundle on the lab's own cases: course by course, and in figures with intervals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import InputError
from tumorcast.metrics.discrimination import auroc_ratio, brier_ratio
from tumorcast.metrics.intervals import percentile_interval, resample_patients
from tumorcast.metrics.ratio import Array, once
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.compare_manifests import Difference, manifest_differences
from tumorcast.serve.predict import Request, predict_with

FEWEST_LABELLED = 10
"""Of each answer: with fewer, outcomes say nothing of which version is better."""
_LIMITS_SD = 1.96
_KEPT = ("probability", "answers", "status", "reason")


@dataclass(frozen=True)
class VersionComparison:
    """What two versions say of the same courses.

    Attributes:
        old, new: model ids.
        table: a row a course: patient_id, course_id; probability, answers, status and reason of each (`_old`, `_new`);
            difference (new - old, NaN where one gives no number); is_flip (other set of answers); label (NaN unknown).
        summary: counts, and figures as {"value", "low", "high"}.
        differences: what their manifests say differently.
        watermark: "" or printed on every page and row.
    """

    old: str
    new: str
    study_id: str
    table: pd.DataFrame
    summary: dict[str, Any]
    differences: tuple[Difference, ...]
    watermark: str


def compare_bundles(
    old: Bundle, new: Bundle, study_folder: Path, request: Request, draws: int = 1000, seed: int = 0
) -> VersionComparison:
    """Predict a study with both bundles.

    Args:
        request: for both; each bundle's own tile encoder makes its features unless they are given.
        draws: of the patient bootstrap.

    Raises:
        InputError: a bundle gives no probability of response, or the study has no course.
    """
    for bundle in (old, new):
        if not {"response", "ordinal"} & set(bundle.manifest.heads):
            raise InputError(
                "only models of response are compared",
                got=f"{bundle.manifest.model_id} gives {', '.join(bundle.manifest.heads)}",
            )
    study = read_study(study_folder)
    tables = [predict_with(b, study, replace(request, cache=_cache(request, b))).table for b in (old, new)]
    table = joined_predictions(tables[0], tables[1], _labels(old, study))
    marks = [str(t["watermark"].iloc[0]) for t in tables if "watermark" in t and len(t)]
    return VersionComparison(
        old.manifest.model_id,
        new.manifest.model_id,
        study.study_id,
        table,
        summary_of(table, draws, seed),
        tuple(manifest_differences(old, new)),
        marks[0] if marks else "",
    )


def joined_predictions(old: pd.DataFrame, new: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """`VersionComparison.table` of two tables of predictions; labels by course id."""
    keys = ["patient_id", "course_id"]
    parts = [
        t[[*keys, *_KEPT]].rename(columns={n: f"{n}_{w}" for n in _KEPT})
        for t, w in ((old, "old"), (new, "new"))
    ]
    table = parts[0].merge(parts[1], on=keys, how="outer", sort=False)
    for which in ("old", "new"):
        for name in ("answers", "status", "reason"):
            table[f"{name}_{which}"] = table[f"{name}_{which}"].fillna("")
    table["difference"] = table["probability_new"] - table["probability_old"]
    is_both = table["difference"].notna()
    table["is_flip"] = is_both & (table["answers_old"] != table["answers_new"])
    table["label"] = table["course_id"].map(labels).astype(float)
    return table


def summary_of(table: pd.DataFrame, draws: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Counts and figures of a joined table; figures are over the courses of which both give a number."""
    if table.empty:
        raise InputError("there is nothing to compare: the study has no course")
    has = {w: table[f"probability_{w}"].notna() for w in ("old", "new")}
    both = table[has["old"] & has["new"]]
    flipped = both.loc[both["is_flip"], ["answers_old", "answers_new"]].astype(str).replace("", "none")
    turned = (flipped["answers_old"] + " -> " + flipped["answers_new"]).tolist()
    told: dict[str, Any] = {
        "courses": len(table),
        "patients": int(table["patient_id"].nunique()),
        "both": len(both),
        "only_old": int((has["old"] & ~has["new"]).sum()),
        "only_new": int((has["new"] & ~has["old"]).sum()),
        "neither": int((~has["old"] & ~has["new"]).sum()),
        "flips": int(both["is_flip"].sum()),
        "flips_by_answers": dict(sorted(Counter(turned).items())),
        "agreement": {},
        "outcomes": {},
    }
    if len(both) >= 2:
        told["agreement"] = _agreement(both, draws, seed)
        told["largest_difference"] = float(both["difference"].abs().max())
    labelled = both.dropna(subset=["label"])
    told["labelled"] = len(labelled)
    if labelled["label"].value_counts().reindex([0.0, 1.0], fill_value=0).min() >= FEWEST_LABELLED:
        told["outcomes"] = _outcomes(labelled, draws, seed)
    return told


def _agreement(both: pd.DataFrame, draws: int, seed: int) -> dict[str, dict[str, float]]:
    """Mean difference, mean |difference| and limits of agreement (Bland and Altman 1986, Lancet i:307)."""
    values = both["difference"].to_numpy(float)
    weights = _weights(both, draws, seed)
    load = weights.sum(axis=1)
    mean = weights @ values / load
    spread = np.sqrt(np.maximum(weights @ values**2 / load - mean**2, 0) * load / np.maximum(load - 1, 1))
    found = {
        "mean_difference": mean,
        "mean_absolute_difference": weights @ np.abs(values) / load,
        "lower_limit": mean - _LIMITS_SD * spread,
        "upper_limit": mean + _LIMITS_SD * spread,
    }
    return {name: _interval(drawn) for name, drawn in found.items()}


def _outcomes(rows: pd.DataFrame, draws: int, seed: int) -> dict[str, dict[str, float]]:
    """AUROC and Brier score of both, and their paired differences."""
    label, weights = rows["label"].to_numpy(float), _weights(rows, draws, seed)
    found: dict[str, dict[str, float]] = {}
    for name, ratio, fewest in (("auroc", auroc_ratio, 1), ("brier", brier_ratio, 0)):
        drawn = [ratio(label, rows[f"probability_{w}"], weights).values(fewest) for w in ("old", "new")]
        found |= {f"{name}_{w}": _interval(values) for w, values in zip(("old", "new"), drawn, strict=True)}
        found[f"{name}_difference"] = _interval(drawn[1] - drawn[0])
    return found


def _weights(rows: pd.DataFrame, draws: int, seed: int) -> Array:
    """[1 + draws, n]: the courses as they are, then resamples of patients."""
    people = rows["patient_id"].astype(str).to_numpy()
    return np.concatenate([once(len(rows)), resample_patients(people, draws, seed).weights(people)])


def _interval(drawn: Array) -> dict[str, float]:
    return percentile_interval(float(drawn[0]), drawn[1:]).as_dict()


def _labels(bundle: Bundle, study: Study) -> pd.Series:
    """Response by course, where the study tells it."""
    try:
        return course_table(study, bundle.manifest.rules.endpoint)["response"]
    except InputError:
        return pd.Series(dtype=float)


def _cache(request: Request, bundle: Bundle) -> Path:
    """Features of one encoder are made once."""
    info = bundle.manifest.tile_encoder
    return request.cache / (info.sha256[:12] if info is not None and info.sha256 else "tiles")


def only_one(table: pd.DataFrame) -> Sequence[dict[str, Any]]:
    """Courses of which one version alone gives a number, with the other's reason."""
    has = {w: table[f"probability_{w}"].notna() for w in ("old", "new")}
    rows = []
    for lacking, giving in (("new", "old"), ("old", "new")):
        for row in table[has[giving] & ~has[lacking]].itertuples(index=False):
            told = (
                getattr(row, f"reason_{lacking}") or getattr(row, f"status_{lacking}") or "not in its table"
            )
            rows.append(
                {"patient_id": row.patient_id, "course_id": row.course_id, "lacks": lacking, "reason": told}
            )
    return rows
