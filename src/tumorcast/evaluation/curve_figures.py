"""Curves of a table of predictions: ROC, precision and recall, calibration, survival."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import precision_recall_curve, roc_curve

from tumorcast.evaluation.figure_style import COLOURS, PALE, legend_below, model_line, one_plot
from tumorcast.metrics.calibration import calibration_line, reliability
from tumorcast.metrics.discrimination import auprc, auroc
from tumorcast.metrics.ratio import Array
from tumorcast.metrics.survival import kaplan_meier

_DAYS_A_YEAR = 365.25
_HISTOGRAM_HEIGHT = 0.25


def roc_figure(table: pd.DataFrame, simulated: bool, fused: str = "fused") -> Figure:
    """ROC curves of all models over the folds together, the fused one in front."""
    figure, axes = one_plot(f"ROC on test courses: {_counts(table)}", (5.8, 6.4), simulated)
    axes.plot([0, 1], [0, 1], color=PALE, linestyle=":", linewidth=1)
    for order, (name, label, probability) in enumerate(_models(table)):
        false_rate, true_rate, _ = roc_curve(label, probability)
        told = f"{_shown(name)} {auroc(label, probability):.2f}"
        axes.plot(false_rate, true_rate, **model_line(order, name == fused), label=told)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01))
    axes.set_aspect("equal")
    legend_below(axes, f"AUROC{_pooled(table)}")
    return figure


def precision_recall_figure(table: pd.DataFrame, simulated: bool, fused: str = "fused") -> Figure:
    """Precision against recall over the folds together, with the prevalence as the floor."""
    figure, axes = one_plot(f"Precision and recall on test courses: {_counts(table)}", (5.8, 6.4), simulated)
    axes.axhline(_courses(table)["label"].mean(), color=PALE, linestyle=":", linewidth=1)
    for order, (name, label, probability) in enumerate(_models(table)):
        precision, recall, _ = precision_recall_curve(label, probability)
        told = f"{_shown(name)} {auprc(label, probability):.2f}"
        line = model_line(order, name == fused)
        axes.plot(recall[:-1], precision[:-1], drawstyle="steps-post", **line, label=told)
    axes.set(xlabel="recall (sensitivity)", ylabel="precision (PPV)", xlim=(-0.01, 1.01), ylim=(0, 1.02))
    legend_below(axes, f"AUPRC{_pooled(table)}; dotted: share of responders")
    return figure


def _pooled(table: pd.DataFrame) -> str:
    return ", folds pooled" if table["fold"].nunique() > 1 else ""


def calibration_figure(table: pd.DataFrame, simulated: bool, bins: int = 5) -> Figure:
    """Observed response against predicted probability in equal-sized bins, with exact binomial bars.

    Args:
        table: the rows of one model. The grey histogram below shows where its probabilities lie.
    """
    table = table.dropna(subset=["label", "probability"])
    figure, axes = one_plot(f"Calibration on test courses: {_counts(table)}", (5.6, 5.6), simulated)
    label, probability = table["label"].to_numpy(float), table["probability"].to_numpy(float)
    groups = reliability(label, probability, bins)
    heights, edges = np.histogram(probability, bins=20, range=(0, 1))
    axes.stairs(
        heights / max(heights.max(), 1) * _HISTOGRAM_HEIGHT, edges, fill=True, color="#e4e4e4", zorder=0
    )
    axes.plot([0, 1], [0, 1], color=PALE, linestyle=":", linewidth=1)
    bars = np.maximum([groups.observed - groups.low, groups.high - groups.observed], 0)
    axes.errorbar(
        groups.predicted, groups.observed, bars, color=COLOURS[0], marker="o", capsize=3, linewidth=1.6
    )
    line = calibration_line(label, probability)
    smallest, largest = int(groups.count.min()), int(groups.count.max())
    each = f"{smallest}" if smallest == largest else f"{smallest}-{largest}"
    told = (
        f"slope {line.slope:.2f}, intercept {line.intercept:.2f}\n"
        f"{len(groups.count)} bins of {each} courses, 95% interval"
    )
    axes.text(0.03, 0.98, told, transform=axes.transAxes, va="top", fontsize=8.5)
    axes.set(xlabel="predicted probability", ylabel="observed share of responders")
    axes.set(xlim=(0, 1), ylim=(0, 1.12), yticks=np.linspace(0, 1, 6))
    return figure


def kaplan_meier_figure(time_days: Array, is_event: Array, risk: Array, simulated: bool) -> Figure:
    """Survival by tertile of predicted risk; courses with an unknown time, event or risk are left out."""
    time_days, is_event, risk = (np.asarray(x, float) for x in (time_days, is_event, risk))
    known = np.isfinite(time_days) & np.isfinite(is_event) & np.isfinite(risk)
    time_days, is_event, risk = time_days[known], is_event[known], risk[known]
    title = f"Kaplan-Meier by tertile of predicted risk: n {len(risk)}, events {int(is_event.sum())}"
    figure, axes = one_plot(title, (6.4, 5.2), simulated)
    thirds = np.searchsorted(np.quantile(risk, [1 / 3, 2 / 3]), risk, side="left") if len(risk) else risk
    for third, name in enumerate(("low", "middle", "high")):
        time, event = time_days[thirds == third], is_event[thirds == third]
        if not len(time):
            continue
        curve = kaplan_meier(time, event)
        years = np.r_[0, curve.time_days, time.max()] / _DAYS_A_YEAR
        shares = np.r_[1, curve.survival, curve.survival[-1:] if len(curve.survival) else 1]
        told = f"{name} risk: n {len(time)}, events {int(event.sum())}"
        axes.step(years, shares, where="post", color=COLOURS[third], linewidth=1.8, label=told)
        censored = np.sort(time[event == 0])
        after = shares[np.searchsorted(curve.time_days, censored, side="right")]
        axes.plot(censored / _DAYS_A_YEAR, after, "|", color=COLOURS[third], markersize=6, alpha=0.6)
    axes.set(xlabel="years (ticks: censored)", ylabel="free of the event", ylim=(0, 1.02), xlim=(0, None))
    if len(risk):
        legend_below(axes, None)
    return figure


def _courses(table: pd.DataFrame) -> pd.DataFrame:
    return table.dropna(subset=["label"]).drop_duplicates("course_id")


def _counts(table: pd.DataFrame) -> str:
    once = _courses(table)
    return f"n {len(once)}, responders {int(once['label'].sum())}"


def _models(table: pd.DataFrame) -> list[tuple[str, Array, Array]]:
    """(name, label, probability) of each model that has both classes."""
    known = table.dropna(subset=["label", "probability"])
    return [
        (str(name), rows["label"].to_numpy(float), rows["probability"].to_numpy(float))
        for name, rows in known.groupby("model", sort=False)
        if rows["label"].nunique() == 2
    ]


def _shown(name: str) -> str:
    return name.replace("_", " ")
