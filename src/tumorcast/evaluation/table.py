"""Metrics as text for a terminal: intervals, baselines and one plain sentence about fusion."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tumorcast.evaluation.scores import BEST_SINGLE, Metrics

_NAME_WIDTH = 26


def metrics_table(metrics: Metrics, fused: str = "fused") -> str:
    """Models, then paired differences of the fused one, then what may be said."""
    prefix = f"{fused}_minus_"
    models = [name for name in metrics if not name.startswith(prefix)]
    differences = [name for name in metrics if name.startswith(prefix)]
    names = list(metrics[models[0]])
    head = "model".ljust(_NAME_WIDTH) + "".join(name.ljust(24) for name in names)
    lines = [head, "-" * len(head.rstrip())]
    lines += [model.ljust(_NAME_WIDTH) + _cells(metrics[model], names) for model in models]
    if differences:
        lines += ["", "paired differences"]
        lines += [
            f"{fused} - {name.removeprefix(prefix)}".ljust(_NAME_WIDTH) + _cells(metrics[name], names, "+")
            for name in differences
        ]
    return "\n".join([*lines, "", verdict(metrics, fused)])


def verdict(metrics: Metrics, fused: str = "fused") -> str:
    """Whether these data show that fusion beats the best single modality, and which models they show to be better."""
    return " ".join([_of_fusion(metrics, fused), *_better(metrics, fused)])


def _better(metrics: Metrics, fused: str) -> list[str]:
    """A sentence on the models whose paired interval lies above the fused one's."""
    prefix, names = f"{fused}_minus_", []
    for key, values in metrics.items():
        told = next(iter(values.values()))
        is_other = key.startswith(prefix) and key != prefix + BEST_SINGLE
        if is_other and told["high"] is not None and told["high"] < 0:
            names.append(key.removeprefix(prefix))
    return [f"Better than the fused model here, and simpler: {', '.join(names)}."] if names else []


def _of_fusion(metrics: Metrics, fused: str) -> str:
    key = f"{fused}_minus_{BEST_SINGLE}"
    if key not in metrics:
        return "No single modality was fitted beside the fused model: nothing is said about fusion."
    name, told = next(iter(metrics[key].items()))
    interval = f"{name} difference {_number(told, '+')}"
    if told["value"] is None or math.isnan(told["value"]):
        return "Too few courses to compare fusion with the best single modality."
    if told["low"] is not None and told["low"] > 0:
        return f"Fusion is better than the best single modality here: {interval}."
    if told["high"] is not None and told["high"] < 0:
        return f"Fusion is WORSE than the best single modality here: {interval}."
    return f"Fusion is not shown to be better than the best single modality: {interval}."


def _cells(values: Mapping[str, Mapping[str, float]], names: list[str], sign: str = "") -> str:
    return "".join(_number(values[name], sign).ljust(24) for name in names).rstrip()


def _number(told: Mapping[str, float], sign: str = "") -> str:
    value, low, high = (told[k] for k in ("value", "low", "high"))
    if value is None or math.isnan(value):
        return "undefined"
    if low is None or math.isnan(low):
        return f"{value:{sign}.3f} [too few]"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"
