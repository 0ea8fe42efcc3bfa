"""Pictures of a run; matplotlib's object interface only (no global state), readable for the colour-blind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve, roc_curve

from tumorcast.evaluation.scores import Metrics
from tumorcast.metrics.calibration import calibration_line, reliability
from tumorcast.metrics.discrimination import auprc, auroc
from tumorcast.metrics.survival import kaplan_meier

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#999999")
"""Okabe and Ito's palette; the fused model takes the first."""
_INK = "#333333"


def save_figure(figure: Figure, path: Path) -> None:
    """PNG, 150 dots an inch."""
    figure.savefig(path, dpi=150, bbox_inches="tight", facecolor="white")


def roc_figure(table: pd.DataFrame, simulated: bool) -> Figure:
    """ROC curves of all models, the fused one in front."""
    figure, axes = _start("ROC, test folds", table, simulated, (6.2, 5.4))
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":", linewidth=1)
    for order, (name, rows) in enumerate(_models(table)):
        label, probability = rows["label"].to_numpy(), rows["probability"].to_numpy()
        false_rate, true_rate, _ = roc_curve(label, probability)
        axes.plot(
            false_rate, true_rate, **_line(name, order), label=f"{name} {auroc(label, probability):.2f}"
        )
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect("equal")
    _legend(axes, "pooled AUROC")
    return figure


def precision_recall_figure(table: pd.DataFrame, simulated: bool) -> Figure:
    """Precision against recall, with the prevalence as the floor."""
    figure, axes = _start("Precision and recall, test folds", table, simulated, (6.2, 5.4))
    prevalence = table.drop_duplicates("course_id")["label"].mean()
    axes.axhline(prevalence, color="#bbbbbb", linestyle=":", linewidth=1)
    for order, (name, rows) in enumerate(_models(table)):
        label, probability = rows["label"].to_numpy(), rows["probability"].to_numpy()
        precision, recall, _ = precision_recall_curve(label, probability)
        axes.step(
            recall,
            precision,
            where="post",
            **_line(name, order),
            label=f"{name} {auprc(label, probability):.2f}",
        )
    axes.set(xlabel="recall (sensitivity)", ylabel="precision (PPV)", xlim=(-0.01, 1.01), ylim=(0, 1.02))
    _legend(axes, "pooled AUPRC")
    return figure


def calibration_figure(table: pd.DataFrame, simulated: bool, bins: int = 5) -> Figure:
    """Observed response against predicted probability in equal-sized bins, with exact binomial bars."""
    figure, axes = _start("Calibration of the fused model", table, simulated, (5.6, 5.4))
    label, probability = table["label"].to_numpy(float), table["probability"].to_numpy(float)
    predicted, observed, counts = reliability(label, probability, bins)
    low, high = _binomial_interval(np.round(observed * counts), counts)
    axes.plot([0, 1], [0, 1], color="#bbbbbb", linestyle=":", linewidth=1)
    axes.errorbar(
        predicted, observed, yerr=[observed - low, high - observed], color=COLOURS[0], marker="o", capsize=3,
        linewidth=1.6,
    )  # fmt: skip
    for x, y, n in zip(predicted, low, counts, strict=True):
        axes.annotate(
            f"n {n}", (x, y), (0, -4), textcoords="offset points", ha="center", va="top", fontsize=8
        )
    axes.hist(
        probability,
        bins=20,
        range=(0, 1),
        weights=np.full(len(label), 0.6 / len(label)),
        color="#dddddd",
        zorder=0,
    )
    slope, intercept = calibration_line(label, probability)
    axes.text(
        0.03,
        0.97,
        f"slope {slope:.2f}, intercept {intercept:.2f}",
        transform=axes.transAxes,
        va="top",
        fontsize=9,
    )
    axes.set(
        xlabel="predicted probability", ylabel="observed share of responders", xlim=(0, 1), ylim=(-0.06, 1.02)
    )
    return figure


def forest_figure(metrics: Metrics, simulated: bool, fused: str = "fused") -> Figure:
    """Every model with its interval, and the paired differences beside them."""
    primary = next(iter(next(iter(metrics.values()))))
    prefix = f"{fused}_minus_"
    models = {name: values[primary] for name, values in metrics.items() if not name.startswith(prefix)}
    differences = {
        f"- {name.removeprefix(prefix)}": values[primary]
        for name, values in metrics.items()
        if name.startswith(prefix)
    }
    rows = max(len(models), len(differences))
    figure = Figure(figsize=(10, 1.6 + 0.38 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _intervals(left, models, 0.5, fused)
    _intervals(right, differences, 0.0, None)
    left.set_title(f"{_metric_name(primary)} with 95% interval", fontsize=10, loc="left")
    right.set_title(f"fused minus the other ({_metric_name(primary)}, paired)", fontsize=10, loc="left")
    _mark(figure, simulated)
    return figure


def subsets_figure(values: Mapping[str, Mapping[str, float]], simulated: bool) -> Figure:
    """Missing-modality curve: the fused model with every subset of modalities, by their number."""
    names = sorted(values, key=lambda name: (name.count("+"), values[name]["value"]))
    figure = Figure(figsize=(8.4, 1.6 + 0.33 * len(names)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    _intervals(axes, {name.replace("+", " + "): values[name] for name in names}, 0.5, None, by_size=True)
    axes.set_title("The fused model with only these modalities given (95% interval)", fontsize=10, loc="left")
    _mark(figure, simulated)
    return figure


def kaplan_meier_figure(
    time_days: NDArray[np.float64], is_event: NDArray[np.float64], risk: NDArray[np.float64], simulated: bool
) -> Figure:
    """Survival by tertile of predicted risk."""
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    known = np.isfinite(time_days) & np.isfinite(risk)
    time_days, is_event, risk = time_days[known], is_event[known], risk[known]
    thirds = np.searchsorted(np.quantile(risk, [1 / 3, 2 / 3]), risk, side="right")
    for third, name in enumerate(("low", "middle", "high")):
        group = thirds == third
        times, survival = kaplan_meier(time_days[group], is_event[group])
        x = np.r_[0, times, time_days[group].max(initial=0)] / 365.25
        y = np.r_[1, survival, survival[-1] if len(survival) else 1]
        axes.step(
            x,
            y,
            where="post",
            color=COLOURS[third],
            linewidth=1.8,
            label=f"{name} risk, n {int(group.sum())}",
        )
    axes.set(xlabel="years", ylabel="event-free", ylim=(0, 1.02), xlim=(0, None))
    axes.set_title(
        f"Kaplan-Meier by predicted risk, n {len(risk)}, events {int(is_event.sum())}",
        fontsize=10,
        loc="left",
    )
    _legend(axes, None)
    _mark(figure, simulated)
    return figure


def _start(
    title: str, table: pd.DataFrame, simulated: bool, size: tuple[float, float]
) -> tuple[Figure, Axes]:
    once = table.drop_duplicates("course_id")
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    responders = int(once["label"].sum())
    axes.set_title(f"{title}: n {len(once)}, responders {responders}", fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    _mark(figure, simulated)
    return figure, axes


def _models(table: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), rows.dropna(subset=["label"])) for name, rows in table.groupby("model", sort=False)]


def _line(name: str, order: int) -> dict[str, object]:
    first = name == "fused"
    return {
        "color": COLOURS[order % len(COLOURS)], "linewidth": 2.4 if first else 1.2, "zorder": 3 if first else 2,
        "linestyle": "-" if order < 5 else "--",
    }  # fmt: skip


def _legend(axes: Axes, title: str | None) -> None:
    axes.legend(title=title, fontsize=8, title_fontsize=8, frameon=False, loc="best")
    axes.spines[["top", "right"]].set_visible(False)


def _intervals(
    axes: Axes,
    values: Mapping[str, Mapping[str, float]],
    reference: float,
    bold: str | None,
    by_size: bool = False,
) -> None:
    axes.axvline(reference, color="#bbbbbb", linestyle=":", linewidth=1)
    for row, (name, told) in enumerate(reversed(values.items())):
        colour = COLOURS[name.count("+") % 6] if by_size else COLOURS[0] if name == bold else _INK
        value, low, high = (np.nan if told[k] is None else told[k] for k in ("value", "low", "high"))
        axes.plot([low, high], [row, row], color=colour, linewidth=2)
        axes.plot([value], [row], "o", color=colour, markersize=5)
        if np.isfinite(value):
            axes.annotate(
                f"{value:.2f}", (value, row), (0, 5), textcoords="offset points", ha="center", fontsize=7.5
            )
    axes.set_yticks(range(len(values)), [name.replace("_", " ") for name in reversed(values)], fontsize=8.5)
    axes.set_ylim(-0.6, len(values) - 0.2)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


def _binomial_interval(successes: NDArray, counts: NDArray) -> tuple[NDArray, NDArray]:
    """Exact 95% interval (Clopper and Pearson 1934)."""
    from scipy.stats import beta

    low = np.where(successes > 0, beta.ppf(0.025, successes, counts - successes + 1), 0.0)
    high = np.where(successes < counts, beta.ppf(0.975, successes + 1, counts - successes), 1.0)
    return low, high


def _metric_name(name: str) -> str:
    return {"auroc": "AUROC", "c_index": "C-index"}.get(name, name)


def _mark(figure: Figure, simulated: bool) -> None:
    if simulated:
        figure.text(
            0.995,
            0.005,
            "SIMULATED DATA",
            ha="right",
            va="bottom",
            fontsize=8,
            color="#b00020",
            weight="bold",
        )
