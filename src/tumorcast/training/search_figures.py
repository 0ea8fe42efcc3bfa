"""The picture of one search: its course, and each setting against what it gave."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from tumorcast.config.space import Range, SearchConfig
from tumorcast.evaluation.figure_style import COLOURS, INK, new_figure
from tumorcast.training.search_trials import Tried

_COLUMNS = 3
_MARKS_OF_AXIS = 4
_MARKS = {"complete": ("o", COLOURS[0]), "pruned": ("x", "#888888")}
_WORDS = {"pruned": "pruned (mean of fewer inner folds)"}
_CHOSEN = COLOURS[1]


def search_figure(
    fold: str,
    trials: Sequence[Tried],
    search: SearchConfig,
    chosen: Mapping[str, Any],
    importances: Mapping[str, float],
    simulated: bool,
) -> Figure:
    """The objective trial by trial, and below a panel for each setting.

    Args:
        importances: setting -> share of the objective's spread that it explains; empty where unknown.
    """
    keys = sorted(search.space, key=lambda key: -importances.get(key, 0.0))
    columns = min(len(keys), _COLUMNS)
    rows = math.ceil(len(keys) / columns)
    figure = new_figure((9.5, 3.0 + 2.4 * rows), simulated)
    figure.suptitle(f"Search within {_whose(fold)}", fontsize=10, x=0.01, ha="left")
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[2.8, *[2.4] * rows])
    _history(figure.add_subplot(grid[0, :]), trials, search, chosen)
    panels = [figure.add_subplot(grid[1 + k // columns, k % columns]) for k in range(len(keys))]
    for panel, key in zip(panels, keys, strict=False):
        _slice(panel, key, search.space[key], trials, chosen)
        share = f"  ({importances[key]:.0%} of the spread)" if key in importances else ""
        panel.set_title(f"{key}{share}", fontsize=8, loc="left")
    for panel in panels[::columns]:
        panel.set_ylabel(_objective(search), fontsize=8)
    return figure


def _whose(fold: str) -> str:
    return "all patients (for the bundle)" if fold == "final" else f"the training patients of {fold}"


def _history(axes: Axes, trials: Sequence[Tried], search: SearchConfig, chosen: Mapping[str, Any]) -> None:
    _points(axes, trials, lambda trial: trial.number, chosen)
    done = [trial for trial in trials if trial.state == "complete"]
    if done:
        better = np.minimum if search.objective == "loss" else np.maximum
        best = better.accumulate([float(trial.value or 0.0) for trial in done])
        axes.step(
            [trial.number for trial in done], best, where="post", color=INK, lw=1.2, label="best so far"
        )
    failed = [trial.number for trial in trials if trial.state == "failed"]
    if failed:
        low = axes.get_ylim()[0]
        axes.plot(failed, [low] * len(failed), "v", color=COLOURS[3], ms=5, label="failed", clip_on=False)
    axes.set_xlabel("trial", fontsize=8)
    axes.set_ylabel(_objective(search), fontsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(fontsize=8, frameon=False, ncols=5, loc="lower right", bbox_to_anchor=(1.0, 1.0))
    _plain(axes)


def _slice(axes: Axes, key: str, given: Range, trials: Sequence[Tried], chosen: Mapping[str, Any]) -> None:
    varied = [trial for trial in trials if key in trial.values]
    if given.choice is None:
        _points(axes, varied, lambda trial: float(trial.values[key]), chosen)
        _scale(axes, given)
    else:
        places = {str(option): place for place, option in enumerate(given.choice)}
        _points(axes, varied, lambda trial: places[str(trial.values[key])], chosen)
        axes.set_xticks(list(places.values()), list(places))
        axes.set_xlim(-0.5, len(places) - 0.5)
    _plain(axes)


def _scale(axes: Axes, given: Range) -> None:
    """The whole range that was searched, with few marks."""
    low, high = given.ends
    axes.set_xscale("log" if given.is_log else "linear")
    marks = (
        np.geomspace(low, high, _MARKS_OF_AXIS) if given.is_log else np.linspace(low, high, _MARKS_OF_AXIS)
    )
    marks = np.unique(np.round(marks)) if given.is_whole else marks
    axes.set_xticks(marks, [f"{mark:.2g}" if not given.is_whole else f"{mark:.0f}" for mark in marks])
    axes.xaxis.set_minor_locator(NullLocator())


def _points(
    axes: Axes, trials: Sequence[Tried], at: Callable[[Tried], float], chosen: Mapping[str, Any]
) -> None:
    """Each trial with a value at its place, the chosen one larger."""
    known = [(at(trial), trial.value, trial) for trial in trials if trial.value is not None]
    for state, (mark, colour) in _MARKS.items():
        own = [(x, y) for x, y, trial in known if trial.state == state]
        axes.plot(
            [x for x, _ in own], [y for _, y in own], mark, color=colour, ms=4, label=_WORDS.get(state, state)
        )
    best = [(x, y) for x, y, trial in known if trial.state == "complete" and trial.values == dict(chosen)][:1]
    axes.plot([x for x, _ in best], [y for _, y in best], "o", color=_CHOSEN, ms=7, label="chosen")


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _objective(search: SearchConfig) -> str:
    return "inner loss" if search.objective == "loss" else "inner metric"
