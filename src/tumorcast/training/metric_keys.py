"""The grammar of metric keys: the same thing has the same key in every run, whatever its heads and modalities."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from tumorcast.evaluation.scores import Metrics

METRICS = ("auroc", "auprc", "brier", "c_index", "mae", "mae_of_median", "mae_minus_median", "spearman")
PRIMARY = "primary"
MARGIN = "primary_minus_best_other"
LOSSES = ("train_loss", "val_loss")
DEFAULT_SETTING = "default_setting"
"""The fused model under the run's own setting, beside that of a search: no rival of it."""

_MODEL = r"[A-Za-z0-9_]+"
_METRIC = f"({'|'.join(METRICS)})(_low|_high)?"
GRAMMAR = re.compile(
    rf"({_MODEL}\.{_METRIC}"
    rf"|subset\.{_MODEL}(-{_MODEL})*\.{_METRIC}"
    rf"|({PRIMARY}|{MARGIN})(_low|_high)?"
    rf"|({'|'.join(LOSSES)})"
    rf"|{_MODEL}\.member\d+\.({'|'.join(LOSSES)})"
    rf"|inner\.{_METRIC}|inner_loss"
    r"|n_(patients|courses))"
)
"""Every key that a run or its children may use (docs/mlflow.md says what they mean)."""

_FEWEST = 0.5


def flat_metrics(metrics: Metrics, prefix: str = "") -> dict[str, float]:
    """`model.metric`, `model.metric_low`, `model.metric_high`; NaN where undefined."""
    flat: dict[str, float] = {}
    for model, values in metrics.items():
        for metric, interval in values.items():
            flat |= _interval(f"{prefix}{_clean(model)}.{metric}", interval)
    return flat


def primary_metrics(metrics: Metrics, metric: str, fused: str = "fused") -> dict[str, float]:
    """`primary`: the run's main metric under one key for runs of any head; and its margin over the best other model."""
    flat = _interval(PRIMARY, metrics[fused][metric])
    other = best_other(metrics, metric, fused)
    return flat | (_interval(MARGIN, metrics[f"{fused}_minus_{other}"][metric]) if other else {})


def best_other(metrics: Metrics, metric: str, fused: str = "fused") -> str | None:
    """The model beside the fused one (single modality or baseline) that scores highest on these courses."""
    values = {
        name: float(scores[metric]["value"])
        for name, scores in metrics.items()
        if f"{fused}_minus_{name}" in metrics
        and name != DEFAULT_SETTING
        and not _is_nan(scores[metric]["value"])
    }
    return max(values, key=lambda name: values[name]) if values else None


def mean_curves(histories: Sequence[Sequence[Mapping[str, float]]]) -> list[dict[str, float]]:
    """Losses by epoch, the mean over networks (members, folds) that reached it; epochs of fewer than half are left out.

    Args:
        histories: of each network, `{"epoch": 0, "train_loss": ..., "val_loss": ...}` an epoch.
    """
    by_epoch: dict[int, list[Mapping[str, float]]] = {}
    for history in histories:
        for losses in history:
            by_epoch.setdefault(int(losses["epoch"]), []).append(losses)
    curve = []
    for epoch, seen in sorted(by_epoch.items()):
        if len(seen) < _FEWEST * len(histories):
            continue
        means = {}
        for key in LOSSES:
            values = [losses[key] for losses in seen if key in losses and math.isfinite(losses[key])]
            if values:
                means[key] = sum(values) / len(values)
        curve.append({"epoch": float(epoch)} | means)
    return curve


def _interval(key: str, interval: Mapping[str, float | None]) -> dict[str, float]:
    return {
        key + ("" if part == "value" else f"_{part}"): math.nan if value is None else float(value)
        for part, value in interval.items()
    }


def _clean(model: str) -> str:
    """Names that MLflow would refuse or misread: a subset's parts are joined by -, other characters become _."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", model.replace("-", "_").replace("+", "-"))


def _is_nan(value: float | None) -> bool:
    return value is None or math.isnan(value)
