"""Predictions -> `metrics.json`: every model with an interval, every difference paired."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.evaluation.prediction_table import check_predictions, is_survival
from tumorcast.metrics.discrimination import auprc_ratio, auroc_ratio, brier_ratio
from tumorcast.metrics.intervals import Resamples, percentile_interval, resample_patients
from tumorcast.metrics.ratio import Array, Ratio
from tumorcast.metrics.survival import concordance_ratio

Metrics = dict[str, dict[str, dict[str, float]]]
Metric = Callable[[Mapping[str, Array], Array], Ratio]

BEST_SINGLE = "best_single"
_RESPONSE: dict[str, tuple[Metric, int]] = {
    "auroc": (lambda t, w: auroc_ratio(t["label"], t["probability"], w), 1),
    "auprc": (lambda t, w: auprc_ratio(t["label"], t["probability"], w), 1),
    "brier": (lambda t, w: brier_ratio(t["label"], t["probability"], w), 0),
}
"""Each metric, and the fewest courses of the rarer class that define it."""
_SURVIVAL: dict[str, tuple[Metric, int]] = {
    "c_index": (lambda t, w: concordance_ratio(t["time_days"], t["is_event"], t["risk"], w), 1),
}
_LEAST_DEFINED = 0.5


def score_predictions(
    table: pd.DataFrame,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
    fused: str = "fused",
    singles: Sequence[str] = (),
) -> Metrics:
    """Scores of every model, and paired differences of the fused one to each other model.

    A metric of several folds is the mean over folds, weighted by their courses: probabilities of models that
    were fitted on different folds are not ranked against each other. A fold in which the metric is undefined
    (one class, no comparable pair) does not count; where such folds hold more than half of the courses, as
    with very small folds, all folds are pooled instead. Intervals are percentiles of a bootstrap over
    patients, the same resamples for all models. A difference is taken over the courses that both models
    predicted. `fused_minus_best_single` compares with the modality that scores highest on these very
    predictions, which favours the single modality.

    Args:
        table: patient_id, course_id, fold, model, and label + probability, or time_days + is_event + risk.
            Rows without an outcome or a prediction are left out.
        singles: models of one modality, among which the best is sought.

    Returns:
        {model: {metric: {"value", "low", "high"}}}, with "fused_minus_MODEL" for differences.

    Raises:
        InputError: columns are missing, values are out of range, or no row has an outcome.
    """
    table = check_predictions(table)
    metrics = _SURVIVAL if is_survival(table) else _RESPONSE
    resamples = resample_patients(table["patient_id"], n_bootstrap, seed)
    models = {str(name): rows for name, rows in table.groupby("model", sort=False)}
    drawn = {name: _draw(rows, metrics, resamples) for name, rows in models.items()}
    found: Metrics = {
        name: {metric: _interval(values, confidence) for metric, values in of_model.items()}
        for name, of_model in drawn.items()
    }
    for key, other in _comparisons(found, fused, singles, next(iter(metrics))).items():
        ours, theirs = _on_shared_courses(models, drawn, fused, other, metrics, resamples)
        found[key] = {m: _interval(ours[m] - theirs[m], confidence) for m in metrics}
    return found


def mean_of_tables(
    table: pd.DataFrame, *, fused: str, n_bootstrap: int = 1000, seed: int = 0, confidence: float = 0.95
) -> Metrics:
    """Mean over tables (column `table`: cohorts, cancers) of every model's scores, each table counting alike.

    A model's mean is over the tables that have it, and so is the difference to it. Patients are drawn with
    replacement over all tables; tables are taken as they are.

    Raises:
        InputError: as `score_predictions`.
    """
    names = table["table"].astype(str)
    resamples = resample_patients(table["patient_id"], n_bootstrap, seed)
    found: Metrics = {}
    drawn: dict[str, dict[str, dict[str, _Drawn]]] = {}
    for name in dict.fromkeys(names):
        rows = check_predictions(table[names == name])
        metrics = _SURVIVAL if is_survival(rows) else _RESPONSE
        for model, own in rows.groupby("model", sort=False):
            drawn.setdefault(str(model), {})[name] = _draw(own, metrics, resamples)
    for model, tables in drawn.items():
        found[model] = _mean_intervals(list(tables.values()), confidence)
    for model, tables in drawn.items():
        shared = [name for name in tables if name in drawn.get(fused, {})]
        if model != fused and shared:
            less = [{m: drawn[fused][name][m] - tables[name][m] for m in tables[name]} for name in shared]
            found[f"{fused}_minus_{model}"] = _mean_intervals(less, confidence)
    return found


def _mean_intervals(tables: Sequence[Mapping[str, _Drawn]], confidence: float) -> dict[str, dict[str, float]]:
    made = {}
    for metric in tables[0]:
        value = float(np.mean([drawn[metric].value for drawn in tables]))
        resampled = np.mean([drawn[metric].resampled for drawn in tables], axis=0)
        made[metric] = _interval(_Drawn(value, resampled), confidence)
    return made


@dataclass(frozen=True)
class _Drawn:
    """A metric on the data, and on each resample [draws]."""

    value: float
    resampled: Array

    def __sub__(self, other: _Drawn) -> _Drawn:
        return _Drawn(self.value - other.value, self.resampled - other.resampled)


def _draw(
    rows: pd.DataFrame, metrics: Mapping[str, tuple[Metric, int]], resamples: Resamples
) -> dict[str, _Drawn]:
    """Every metric of one model; row 0 of the weights is the data themselves."""
    names = [c for c in ("label", "probability", "time_days", "is_event", "risk") if c in rows]
    columns = {name: rows[name].to_numpy(dtype=float) for name in names}
    weights = np.concatenate([np.ones((1, len(rows))), resamples.weights(rows["patient_id"])])
    fold = rows["fold"].astype(str).to_numpy()
    parts = [np.flatnonzero(fold == name) for name in dict.fromkeys(fold)]
    drawn = {}
    for name, (metric, fewest) in metrics.items():
        values = _over_folds(columns, weights, parts, metric, fewest)
        if len(parts) > 1 and not np.isfinite(values[0]):
            values = metric(columns, weights).values(fewest)
        drawn[name] = _Drawn(float(values[0]), values[1:])
    return drawn


def _over_folds(
    columns: Mapping[str, Array], weights: Array, parts: Sequence[np.ndarray], metric: Metric, fewest: int
) -> Array:
    """[draws] mean over folds by weight; NaN where folds with a value hold less than half of the weight."""
    ratios = [metric({name: of[part] for name, of in columns.items()}, weights[:, part]) for part in parts]
    values = np.stack([ratio.values(fewest) for ratio in ratios], axis=1)
    loads = np.stack([weights[:, p].sum(axis=1) for p in parts], axis=1)
    defined = np.where(np.isfinite(values), loads, 0)
    total = defined.sum(axis=1)
    mean = (np.where(np.isfinite(values), values, 0) * defined).sum(axis=1) / np.where(total > 0, total, 1)
    enough = (total > 0) & (total >= _LEAST_DEFINED * loads.sum(axis=1))
    return np.where(enough, mean, np.nan)


def _interval(drawn: _Drawn, confidence: float) -> dict[str, float]:
    return percentile_interval(drawn.value, drawn.resampled, confidence).as_dict()


def _comparisons(found: Metrics, fused: str, singles: Sequence[str], primary: str) -> dict[str, str]:
    """{name of the difference: model that the fused one is compared with}."""
    if fused not in found:
        return {}
    others = {f"{fused}_minus_{model}": model for model in found if model != fused}
    values = {m: found[m][primary]["value"] for m in singles if m in found and m != fused}
    known = {model: value for model, value in values.items() if np.isfinite(value)}
    if known:
        others[f"{fused}_minus_{BEST_SINGLE}"] = max(known, key=lambda model: known[model])
    return others


def _on_shared_courses(
    models: Mapping[str, pd.DataFrame],
    drawn: Mapping[str, dict[str, _Drawn]],
    fused: str,
    other: str,
    metrics: Mapping[str, tuple[Metric, int]],
    resamples: Resamples,
) -> tuple[dict[str, _Drawn], dict[str, _Drawn]]:
    """Both models' draws over the courses (and folds) that both predicted."""
    keys = {name: pd.MultiIndex.from_frame(models[name][["fold", "course_id"]]) for name in (fused, other)}
    shared = {fused: keys[fused].isin(keys[other]), other: keys[other].isin(keys[fused])}
    ours, theirs = (
        drawn[name] if shared[name].all() else _draw(models[name][shared[name]], metrics, resamples)
        for name in (fused, other)
    )
    return ours, theirs


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """JSON, written atomically; NaN as null (schema: docs/metrics_schema.json)."""

    def clean(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: clean(inner) for key, inner in value.items()}
        return None if isinstance(value, float) and not math.isfinite(value) else value

    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(clean(metrics), indent=1, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(temporary, path)
