"""Predictions -> `metrics.json`: every model with an interval, every difference paired."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.metrics.discrimination import auprc, auroc, brier
from tumorcast.metrics.intervals import Array, Interval, patient_weights, percentile_interval
from tumorcast.metrics.survival import concordance

Metrics = dict[str, dict[str, dict[str, float]]]
Metric = Callable[[pd.DataFrame, Array | None], float]

_RESPONSE: dict[str, Metric] = {
    "auroc": lambda t, w: auroc(t["label"].to_numpy(), t["probability"].to_numpy(), w),
    "auprc": lambda t, w: auprc(t["label"].to_numpy(), t["probability"].to_numpy(), w),
    "brier": lambda t, w: brier(t["label"].to_numpy(), t["probability"].to_numpy(), w),
}
_SURVIVAL: dict[str, Metric] = {
    "c_index": lambda t, w: concordance(
        t["time_days"].to_numpy(), t["is_event"].to_numpy(), t["risk"].to_numpy(), w
    ),
}
BEST_SINGLE = "best_single"


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
    (one class) does not count. Intervals are percentiles of a bootstrap over patients, the same resamples for
    all models. `fused_minus_best_single` compares with the modality that scores highest on these very
    predictions, which favours the single modality.

    Args:
        table: patient_id, course_id, fold, model, and label + probability, or time_days + is_event + risk.
            Rows without a label are left out.

    Returns:
        {model: {metric: {"value", "low", "high"}}}, with "fused_minus_MODEL" for differences.
    """
    metrics, table = _metrics_of(table)
    drawn: dict[str, dict[str, tuple[float, Array]]] = {}
    weights = None
    first = None
    for model, rows in table.groupby("model", sort=False):
        rows = rows.sort_values("course_id", kind="stable").reset_index(drop=True)
        courses = rows["course_id"].tolist()
        if weights is None or first != courses:
            weights = patient_weights(rows["patient_id"].to_numpy(), n_bootstrap, seed)
            first = courses
        drawn[str(model)] = {name: _resampled(rows, metric, weights) for name, metric in metrics.items()}
    found = {
        model: {name: _interval(value, confidence) for name, value in values.items()}
        for model, values in drawn.items()
    }
    return found | _differences(drawn, fused, singles, confidence, next(iter(metrics)))


def _metrics_of(table: pd.DataFrame) -> tuple[dict[str, Metric], pd.DataFrame]:
    for metrics, needed in (
        (_SURVIVAL, ["time_days", "is_event", "risk"]),
        (_RESPONSE, ["label", "probability"]),
    ):
        if set(needed) <= set(table.columns):
            return metrics, table.dropna(subset=needed)
    raise InputError(
        "predictions cannot be scored",
        got=f"columns {', '.join(table.columns)}",
        expected="label and probability, or time_days, is_event and risk",
    )


def _resampled(rows: pd.DataFrame, metric: Metric, weights: Array) -> tuple[float, Array]:
    """(value, value in each resample [draws])."""
    parts = [part.index.to_numpy() for _, part in rows.groupby("fold", sort=False)]
    tables = [rows.iloc[part] for part in parts]
    values = np.array([metric(part, None) for part in tables])
    sizes = np.array([float(len(part)) for part in parts])
    again = np.array([[metric(t, draw[p]) for t, p in zip(tables, parts, strict=True)] for draw in weights])
    loads = np.array([[draw[part].sum() for part in parts] for draw in weights])
    return float(_mean(values[None], sizes[None])[0]), _mean(again, loads)


def _mean(values: Array, loads: Array) -> Array:
    """Weighted mean over the last axis; undefined entries do not count, NaN where none is defined."""
    loads = np.where(np.isfinite(values), loads, 0)
    total = loads.sum(axis=1)
    summed = (np.where(np.isfinite(values), values, 0) * loads).sum(axis=1)
    return np.where(total > 0, summed / np.where(total > 0, total, 1), np.nan)


def _interval(drawn: tuple[float, Array], confidence: float) -> dict[str, float]:
    return percentile_interval(*drawn, confidence).as_dict()


def _differences(
    drawn: Mapping[str, Mapping[str, tuple[float, Array]]],
    fused: str,
    singles: Sequence[str],
    confidence: float,
    primary: str,
) -> Metrics:
    if fused not in drawn:
        return {}
    others = {f"{fused}_minus_{model}": model for model in drawn if model != fused}
    known = [model for model in singles if model in drawn and np.isfinite(drawn[model][primary][0])]
    if known:
        others[f"{fused}_minus_{BEST_SINGLE}"] = max(known, key=lambda model: drawn[model][primary][0])
    return {
        key: {
            name: _paired(ours, drawn[model][name], confidence).as_dict()
            for name, ours in drawn[fused].items()
        }
        for key, model in others.items()
    }


def _paired(ours: tuple[float, Array], theirs: tuple[float, Array], confidence: float) -> Interval:
    return percentile_interval(ours[0] - theirs[0], ours[1] - theirs[1], confidence)


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """JSON, written atomically; NaN as null (schema: docs/metrics_schema.json)."""

    def clean(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: clean(inner) for key, inner in value.items()}
        return None if isinstance(value, float) and not math.isfinite(value) else value

    temporary = path.with_name(path.name + ".part")
    temporary.write_text(json.dumps(clean(metrics), indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, path)
