"""Pictures of biomarkers: ranking, one patient's waterfall, the cohort as a heatmap, altered genes in their network."""

from __future__ import annotations

from pathlib import Path

import networkx
import numpy as np
import pandas as pd
from matplotlib.patheffects import withStroke

from tumorcast.biology.network import GeneNetwork
from tumorcast.evaluation.figure_style import COLOURS, INK, PALE, new_figure, one_plot, save_figure
from tumorcast.explain.collect import MUTATIONS, HeldOut

_UP, _DOWN = COLOURS[1], COLOURS[0]
_ROWS_A_KIND = 10
_CAUTION = "What the model leans on, not a cause. Research use only."


def draw_ranking(table: pd.DataFrame, path: Path, fdr: float, simulated: bool, most: int = 12) -> None:
    """Held-out z of the best features of each kind; filled where the false discovery rate is met."""
    kinds = list(dict.fromkeys(table["kind"]))
    columns = min(3, len(kinds))
    rows = -(-len(kinds) // columns)
    figure = new_figure((4.6 * columns, 0.6 + 3.2 * rows), simulated)
    for place, kind in enumerate(kinds):
        axes = figure.add_subplot(rows, columns, place + 1)
        best = table[table["kind"] == kind].head(most).iloc[::-1]
        colour = [_UP if d == "raises" else _DOWN if d == "lowers" else INK for d in best["direction"]]
        found = best["q"].to_numpy() <= fdr
        at = np.arange(len(best))
        axes.hlines(at, 0, best["z"], color=PALE, linewidth=1.5)
        axes.scatter(best["z"], at, s=34, edgecolors=colour, zorder=3,
                     facecolors=[c if f else "white" for c, f in zip(colour, found, strict=True)])  # fmt: skip
        axes.set_yticks(at, [_short(name) for name in best["feature"]], fontsize=7)
        axes.axvline(0, color=PALE, linewidth=0.8)
        n_found = int((table.loc[table["kind"] == kind, "q"] <= fdr).sum())
        axes.set_title(f"{kind} ({n_found} found)", fontsize=9, loc="left")
        axes.set_xlabel("agreement with unseen outcomes (z)", fontsize=7)
        axes.tick_params(axis="x", labelsize=7)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(
        f"Filled: false discovery rate {fdr:g} within its kind. Orange raises the score, blue lowers it.\n{_CAUTION}",
        fontsize=8, color=INK,
    )  # fmt: skip
    save_figure(figure, path)


def draw_waterfall(
    found: HeldOut, course_id: str, path: Path, unit: str, simulated: bool, most: int = 15
) -> None:
    """What moved one held-out patient's score, largest first, the rest of each kind summed."""
    parts: list[tuple[str, float]] = []
    for kind, table in found.attributions.items():
        if kind in ("pathways", "morphologies"):
            continue
        parts += [(f"{_short(str(f))} ({kind})", float(v)) for f, v in table.loc[course_id].items() if v]
    if course_id in found.tiles:
        parts.append((f"slide ({len(found.tiles[course_id])} tiles)", float(found.tiles[course_id].sum())))
    parts.sort(key=lambda part: -abs(part[1]))
    rest = sum(value for _, value in parts[most:])
    shown = parts[:most] + ([(f"{len(parts) - most} others", rest)] if len(parts) > most else [])
    ends = np.cumsum([0.0, *(value for _, value in shown)])
    figure, axes = one_plot(
        f"Course {course_id}: prediction {found.predicted[course_id]:.2f}",
        (7.5, 0.9 + 0.28 * len(shown)),
        simulated,
    )
    for i, (_, value) in enumerate(shown):
        axes.barh(i, value, left=ends[i], color=_UP if value > 0 else _DOWN, height=0.7)
        if i + 1 < len(shown):
            axes.plot([ends[i + 1]] * 2, [i - 0.35, i + 1.35], color=PALE, linewidth=0.8)
    axes.set_yticks(range(len(shown)), [name for name, _ in shown], fontsize=7)
    axes.invert_yaxis()
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel(
        f"change of the score ({unit}) from a patient of whom nothing stands out\n{_CAUTION}", fontsize=7
    )
    axes.tick_params(axis="x", labelsize=7)

    save_figure(figure, path)


def draw_heatmap(
    found: HeldOut, table: pd.DataFrame, outcome: pd.Series, path: Path, simulated: bool
) -> None:
    """Attributions of the best features over all held-out patients, sorted by prediction."""
    own = table[table["kind"] != "pathways"].groupby("kind", sort=False).head(_ROWS_A_KIND)
    order = found.predicted.loc[outcome.index].sort_values().index
    named = list(zip(own["kind"], own["feature"], strict=True))
    rows = [found.attributions[kind].loc[order, feature].to_numpy(float) for kind, feature in named]
    if not rows:
        return
    matrix = np.stack(rows)
    spread = np.abs(matrix).max(axis=1, keepdims=True)
    figure = new_figure((9, 1.6 + 0.19 * len(rows)), simulated)
    above, axes = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [0.6, 0.19 * len(rows)]})
    above.bar(range(len(order)), found.predicted.loc[order], width=1.0, color=PALE)
    marked = np.flatnonzero(outcome.loc[order].to_numpy() > 0)
    above.plot(marked, np.full(len(marked), above.get_ylim()[1]), "|", color=INK, markersize=5)
    above.set_ylabel("prediction", fontsize=7)
    above.tick_params(labelsize=7)
    shares = matrix / np.where(spread > 0, spread, 1)
    picture = axes.imshow(shares, aspect="auto", cmap="RdBu_r", vmin=-1, vmax=1, interpolation="nearest")
    labels = [f"{_short(f)} ({k})" for k, f in named]
    axes.set_yticks(range(len(rows)), labels, fontsize=6)
    told = f"{len(order)} held-out courses by prediction; marks above: responders or events. {_CAUTION}"
    axes.set_xlabel(told, fontsize=7)
    figure.colorbar(picture, ax=axes, shrink=0.6, label="attribution, of the row's largest").ax.tick_params(
        labelsize=6
    )
    save_figure(figure, path)


def draw_network(
    table: pd.DataFrame, network: GeneNetwork, path: Path, simulated: bool, most: int = 25
) -> bool:
    """The best altered genes and their edges; size tells in how many tumours, colour the held-out z. False: none."""
    own = table[table["kind"] == MUTATIONS].head(most).set_index("feature")
    if own.empty:
        return False
    graph = networkx.Graph()
    graph.add_nodes_from(own.index)
    for source, target in network.edge_index.T:
        ends = network.genes[source], network.genes[target]
        if all(gene in own.index for gene in ends):
            graph.add_edge(*ends)
    place = networkx.spring_layout(graph, seed=0, k=1.6 / np.sqrt(len(graph)))
    figure, axes = one_plot("Altered genes that the model leans on most, and their edges", (7, 6), simulated)
    for a, b in graph.edges:
        axes.plot(*zip(place[a], place[b], strict=True), color=PALE, linewidth=1.2, zorder=1)
    z = own.loc[list(graph), "z"].to_numpy(float)
    most_z = max(float(np.abs(z).max()), 1.0)
    at = np.array([place[gene] for gene in graph])
    size = 60 + 500 * own.loc[list(graph), "n_courses"].to_numpy(float) / own["n_courses"].max()
    dots = axes.scatter(
        at[:, 0], at[:, 1], c=z, s=size, cmap="RdBu_r", vmin=-most_z, vmax=most_z, edgecolors=INK, linewidths=0.6,
        zorder=2,
    )  # fmt: skip
    for gene, (x, y) in place.items():
        halo = [withStroke(linewidth=2.5, foreground="white")]
        axes.annotate(gene, (x, y), fontsize=7, ha="center", va="center", zorder=3, path_effects=halo)
    axes.set_axis_off()
    figure.colorbar(dots, shrink=0.5, label="agreement with unseen outcomes (z)").ax.tick_params(labelsize=7)
    axes.text(0.5, -0.02, _CAUTION, transform=axes.transAxes, ha="center", fontsize=7)
    save_figure(figure, path)
    return True


def _short(name: str, most: int = 34) -> str:
    return name if len(name) <= most else name[: most - 1] + "…"
