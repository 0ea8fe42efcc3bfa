"""How every picture of a run looks; matplotlib's object interface only (no global state)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's palette (without the yellow, too pale for lines); the fused model takes the first."""
INK, PALE = "#333333", "#bbbbbb"
_SIMULATED = "#b00020"


def new_figure(size_inch: tuple[float, float], simulated: bool) -> Figure:
    """An empty figure, marked where its data are simulated."""
    figure = Figure(figsize=size_inch, layout="constrained")
    FigureCanvasAgg(figure)
    if simulated:
        figure.supxlabel("SIMULATED DATA", x=0.995, ha="right", fontsize=8, color=_SIMULATED, weight="bold")
    return figure


def one_plot(title: str, size_inch: tuple[float, float], simulated: bool) -> tuple[Figure, Axes]:
    """A figure with one pair of axes under a title."""
    figure = new_figure(size_inch, simulated)
    axes = figure.subplots()
    axes.set_title(title, fontsize=10, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def model_line(order: int, is_fused: bool) -> dict[str, Any]:
    """Line of the order-th model: colours first, then dashes, so that no two look alike."""
    dashes = ("-", "--", ":", "-.")
    return {
        "color": COLOURS[order % len(COLOURS)],
        "linestyle": dashes[order // len(COLOURS) % len(dashes)],
        "linewidth": 2.4 if is_fused else 1.3,
        "zorder": 4 if is_fused else 2,
    }


def legend_below(axes: Axes, title: str | None, columns: int = 3) -> None:
    """A legend under the axes, where it hides no data."""
    axes.legend(
        title=title, fontsize=8, title_fontsize=8, frameon=False, ncols=columns,
        loc="upper center", bbox_to_anchor=(0.5, -0.13),
    )  # fmt: skip


def save_figure(figure: Figure, path: Path) -> None:
    """PNG, 150 dots an inch, written atomically."""
    temporary = path.with_name(path.name + ".part")
    figure.savefig(temporary, format="png", dpi=150, facecolor="white")
    os.replace(temporary, path)
