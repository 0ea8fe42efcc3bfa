"""Pictures of derived layers: scores of a cohort as a heatmap, its substitutions by trinucleotide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import leaves_list, linkage

from tumorcast.evaluation.figure_style import INK, PALE, new_figure, one_plot, save_figure

_SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
_SHADES = ("#56B4E9", "#000000", "#D55E00", "#999999", "#009E73", "#CC79A7")
_MOST_SAMPLES = 2000


def draw_scores(table: pd.DataFrame, title: str, path: Path, simulated: bool) -> None:
    """Scores x samples, each score standardised over the cohort, both in order of likeness; grey: not measured."""
    shown = table.loc[:, table.notna().any() & (table.nunique() > 1)].iloc[:_MOST_SAMPLES]
    shown = shown[shown.notna().any(axis=1)]
    if shown.empty:
        return
    centre = shown - shown.median()
    spread = (shown.quantile(0.9) - shown.quantile(0.1)) / 2.563
    values = (centre / spread.where(spread > 0, shown.std())).clip(-3, 3)
    rows = _alike(values.T.fillna(0).to_numpy())
    columns = _alike(values.fillna(0).to_numpy())
    figure, axes = one_plot(f"{title}: {len(shown)} samples", (9, 1.4 + 0.2 * len(rows)), simulated)
    axes.set_facecolor(PALE)
    image = axes.imshow(
        np.ma.masked_invalid(values.to_numpy()[np.ix_(columns, rows)].T), aspect="auto", cmap="RdBu_r", vmin=-3, vmax=3,
        interpolation="nearest",
    )  # fmt: skip
    axes.set_yticks(range(len(rows)), [str(shown.columns[i]) for i in rows], fontsize=7)
    axes.set_xticks([])
    axes.set_xlabel("samples, in order of likeness; grey: not measured", fontsize=7)
    figure.colorbar(image, ax=axes, label="robust z over the cohort", pad=0.01, fraction=0.03)
    save_figure(figure, path)


def _alike(values: np.ndarray) -> list[int]:
    return (
        [int(i) for i in leaves_list(linkage(values, "average"))]
        if len(values) > 2
        else list(range(len(values)))
    )


def draw_catalogue(catalogue: pd.DataFrame, path: Path, simulated: bool) -> None:
    """Mean share of the 96 substitutions by trinucleotide, each sample weighing the same.

    Args:
        catalogue: sample x 96 counts, channels named `A[C>A]A`.
    """
    counts = catalogue.sum(axis=1)
    mean = catalogue[counts > 0].div(counts[counts > 0], axis=0).mean()
    figure = new_figure((11, 2.8), simulated)
    all_axes = figure.subplots(1, 6, sharey=True)
    for axes, kind, shade in zip(all_axes, _SUBSTITUTIONS, _SHADES, strict=True):
        own = mean[[f"[{kind}]" in str(channel) for channel in mean.index]]
        axes.bar(range(len(own)), own, color=shade, width=0.75)
        axes.set_title(kind, fontsize=9, color=INK, weight="bold")
        axes.set_xticks(
            range(len(own)), [f"{c[0]}{c[2]}{c[-1]}" for c in map(str, own.index)], rotation=90, fontsize=5
        )
        axes.tick_params(axis="y", labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    all_axes[0].set_ylabel("mean share", fontsize=8)
    figure.suptitle(
        f"Substitutions by trinucleotide: {int((counts > 0).sum())} samples, {int(counts.sum())} substitutions",
        fontsize=10, x=0.01, ha="left",
    )  # fmt: skip
    save_figure(figure, path)
