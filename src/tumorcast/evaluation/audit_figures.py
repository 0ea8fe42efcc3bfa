"""Pictures of an audit: decision curves, ROC, calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tumorcast.evaluation.figure_style import PALE, legend_below, model_line, one_plot, save_figure
from tumorcast.evaluation.figures import calibration_figure, roc_figure
from tumorcast.metrics.decision import THRESHOLDS, net_benefit, treat_all

_LARGEST = 6
"""Models on the picture of decisions."""


def draw_audit(folder: Path, rows: pd.DataFrame, fused: str, simulated: bool) -> list[str]:
    """Write `NAME.png` of each; returns the names."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = {
        "decision": decision_figure(rows, simulated, fused),
        "roc": roc_figure(rows, simulated, fused),
        "calibration": calibration_figure(rows[rows["model"] == fused], simulated),
    }
    for name, figure in drawn.items():
        save_figure(figure, folder / f"{name}.png")
    return list(drawn)


def decision_figure(rows: pd.DataFrame, simulated: bool, fused: str) -> Figure:
    """Net benefit against the threshold, with treating all and none."""
    figure, axes = one_plot("Decision curves on test courses", (5.8, 5.6), simulated)
    cuts = np.array(THRESHOLDS)
    label = rows.loc[rows["model"] == fused, "label"].to_numpy(float)
    axes.plot(cuts, treat_all(label, cuts), color=PALE, linewidth=1.4, label="treat all")
    axes.axhline(0, color=PALE, linestyle=":", linewidth=1.2, label="treat none")
    names = [fused, *(name for name in dict.fromkeys(rows["model"]) if name != fused)][:_LARGEST]
    for order, name in enumerate(names):
        own = rows[rows["model"] == name]
        worth = net_benefit(own["label"], own["probability"], cuts)
        axes.plot(cuts, worth, **model_line(order, name == fused), label=str(name).replace("_", " "))
    floor = min(-0.05, float(np.mean(label)) * -0.3)
    axes.set(xlabel="threshold of the probability of response", ylabel="net benefit (responders a patient)")
    axes.set_ylim(floor, float(np.mean(label)) * 1.1 + 0.02)
    legend_below(axes, None)
    return figure
