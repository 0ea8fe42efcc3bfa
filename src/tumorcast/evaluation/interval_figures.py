"""Values with their intervals, one a row: models, paired differences, subsets of modalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tumorcast.evaluation.figure_style import COLOURS, INK, PALE, new_figure
from tumorcast.evaluation.scores import Metrics

_METRIC_NAMES = {"auroc": "AUROC", "auprc": "AUPRC", "brier": "Brier score", "c_index": "C-index"}
_CHANCE = {"auroc": 0.5, "c_index": 0.5}
_ROW_INCH = 0.34


def forest_figure(
    metrics: Metrics,
    simulated: bool,
    fused: str = "fused",
    n_courses: int | None = None,
    confidence: float = 0.95,
) -> Figure:
    """Every model with its interval, and beside it the paired differences to the fused one.

    The first metric is drawn (AUROC or C-index).
    """
    primary = next(iter(next(iter(metrics.values()))))
    shown = _METRIC_NAMES.get(primary, primary)
    prefix = f"{fused}_minus_"
    models = {name: of[primary] for name, of in metrics.items() if not name.startswith(prefix)}
    differences = {
        f"minus {name.removeprefix(prefix)}": of[primary]
        for name, of in metrics.items()
        if name.startswith(prefix)
    }
    figure = new_figure((10, 1.5 + _ROW_INCH * max(len(models), len(differences))), simulated)
    left, right = (
        figure.subplots(1, 2, gridspec_kw={"wspace": 0.1}) if differences else (figure.subplots(), None)
    )
    told = _told(n_courses, confidence)
    left.set_title(f"{shown} on test courses, {told}", fontsize=10, loc="left")
    _draw_intervals(left, models, [COLOURS[0] if name == fused else INK for name in models])
    _reference(left, _CHANCE.get(primary))
    left.set_xlabel(shown)
    if right is not None:
        right.set_title(
            f"{fused} minus the other, paired, {_told(None, confidence)}", fontsize=10, loc="left"
        )
        _draw_intervals(right, differences, [INK] * len(differences), sign="+")
        _reference(right, 0.0)
        right.set_xlabel(f"difference in {shown}")
    return figure


def subsets_figure(
    subset_metrics: Mapping[str, Mapping[str, float]],
    simulated: bool,
    n_courses: int | None = None,
    confidence: float = 0.95,
) -> Figure:
    """Missing-modality curve: the fused model given only some modalities, by their number, then value.

    Args:
        subset_metrics: {names joined by "+": {"value", "low", "high"}}.
    """
    names = sorted(subset_metrics, key=lambda name: (name.count("+"), _number(subset_metrics[name]["value"])))
    figure = new_figure((8.4, 1.5 + _ROW_INCH * len(names)), simulated)
    axes = figure.subplots()
    colours = [COLOURS[name.count("+") % len(COLOURS)] for name in names]
    _draw_intervals(axes, {name.replace("+", " + "): subset_metrics[name] for name in names}, colours)
    _reference(axes, 0.5)
    sizes = [name.count("+") for name in names]
    for row, (size, following) in enumerate(pairwise(sizes)):
        if size != following:
            axes.axhline(len(names) - row - 1.5, color="#e4e4e4", linewidth=1, zorder=0)
    told = _told(n_courses, confidence)
    title = f"The fused model given only these modalities, {told}"
    axes.set_title(title, fontsize=10, loc="left")
    axes.set_xlabel("score on test courses")
    return figure


def _draw_intervals(
    axes: Axes, values: Mapping[str, Mapping[str, float]], colours: Sequence[str], sign: str = ""
) -> None:
    """First on top; the number stands at the right edge, where no bar can hide it."""
    rows = range(len(values))[::-1]
    for row, told, colour in zip(rows, values.values(), colours, strict=True):
        value, low, high = (_number(told[key]) for key in ("value", "low", "high"))
        axes.plot([low, high], [row, row], color=colour, linewidth=2, solid_capstyle="butt")
        axes.plot([value], [row], "o", color=colour, markersize=5)
        text = f"{value:{sign}.2f}" if np.isfinite(value) else "undefined"
        axes.text(
            1.01, row, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8.5, color=colour
        )
    axes.set_yticks(list(rows), [name.replace("_", " ") for name in values], fontsize=8.5)
    axes.set_ylim(-0.6, len(values) - 0.4)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _reference(axes: Axes, value: float | None) -> None:
    if value is not None:
        axes.axvline(value, color=PALE, linestyle=":", linewidth=1, zorder=0)


def _told(n_courses: int | None, confidence: float) -> str:
    interval = f"{100 * confidence:g}% interval"
    return interval if n_courses is None else f"{interval}, n {n_courses}"


def _number(value: float | None) -> float:
    """null in `metrics.json` is NaN."""
    return float("nan") if value is None else float(value)
