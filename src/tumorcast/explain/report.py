"""`tumorcast biomarkers`: from a finished run to a table, attributions by kind, and pictures."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from tumorcast.config import validate
from tumorcast.domain.errors import InputError
from tumorcast.explain.biomarkers import Settings, rank
from tumorcast.explain.collect import HeldOut, collect
from tumorcast.explain.pictures import draw_heatmap, draw_network, draw_ranking, draw_waterfall
from tumorcast.training.files import write_table
from tumorcast.training.workspace import Workspace, open_workspace

_SHOWN = 5
_FEW_COURSES = 100


def write_biomarkers(
    run: Path,
    out: Path,
    settings: Settings,
    clusters: int,
    steps: int,
    patients: int,
    tell: Callable[[str], None],
) -> list[str]:
    """Write `biomarkers.csv`, `attributions/KIND.csv` and `figures/`; returns what is to be said, as lines.

    Raises:
        InputError: the folder holds no finished run.
    """
    path = run / "run.json"
    if not path.is_file() or not (run / "metrics.json").is_file():
        raise InputError(
            "no finished run",
            got=f"{run} without run.json and metrics.json",
            expected="runs/NAME of a finished training",
        )
    told = json.loads(path.read_text(encoding="utf-8"))
    work = open_workspace(validate(told["config"]), told.get("choice"))
    if work.config.model.kind != "tumorcast":
        raise InputError(
            "biomarkers are read from this project's network alone",
            got=f"a run of model.kind={work.config.model.kind}",
            fix="train with model.kind=tumorcast",
        )
    head = work.config.model.heads[0]
    found = collect(work, clusters, steps, tell)
    tell("testing on held-out outcomes")
    table = rank(found, work.cohort, head, settings)
    out.mkdir(parents=True, exist_ok=True)
    write_table(out / "biomarkers.csv", table)
    (out / "attributions").mkdir(exist_ok=True)
    for kind, attributions in found.attributions.items():
        write_table(out / "attributions" / f"{kind}.csv", attributions.rename_axis("course_id").reset_index())
    _draw(work, found, table, head, out / "figures", settings, patients)
    return [*_told(work, found, table, settings)]


def _draw(
    work: Workspace,
    found: HeldOut,
    table: pd.DataFrame,
    head: str,
    folder: Path,
    settings: Settings,
    patients: int,
) -> None:
    folder.mkdir(exist_ok=True)
    outcome = work.cohort.courses.loc[found.predicted.index, "is_event" if head == "survival" else "response"]
    unit = "log-risk" if head == "survival" else "logit"
    if len(table):
        draw_ranking(table, folder / "ranking.png", settings.fdr, work.is_simulated)
        draw_heatmap(found, table, outcome.dropna(), folder / "heatmap.png", work.is_simulated)
        draw_network(table, work.network, folder / "network.png", work.is_simulated)
    ordered = found.predicted.sort_values()
    half = (patients + 1) // 2
    for course_id in [*ordered.index[:half], *ordered.index[len(ordered) - (patients - half) :]]:
        draw_waterfall(found, str(course_id), folder / f"waterfall_{course_id}.png", unit, work.is_simulated)


def _told(work: Workspace, found: HeldOut, table: pd.DataFrame, settings: Settings) -> list[str]:
    count = len(found.predicted)
    lines = [f"{count} held-out courses, false discovery rate {settings.fdr:g} within each kind"]
    for kind, own in table.groupby("kind", sort=False):
        hits = own[own["q"] <= settings.fdr]
        names = ", ".join(
            f"{row.feature} ({row.direction}, q {row.q:.2g})" for row in hits.head(_SHOWN).itertuples()
        )
        lines.append(f"  {kind}: {len(hits)} of {len(own)} found{': ' + names if names else ''}")
    if found.n_short:
        lines.append(f"  {found.n_short} courses whose attributions do not add up within 5%: raise --steps")
    if count < _FEW_COURSES:
        lines.append(
            f"  {count} held-out courses can show large effects alone; cross-validate (split.scheme=kfold)"
        )
    if work.is_simulated:
        lines.append("SIMULATED DATA: these are planted effects, not biology.")
    return lines
