"""Runs beside one another in a terminal, from their folders or from a server; the best by each metric first."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorcast.training.metric_keys import MARGIN, METRICS, PRIMARY, best_other, primary_metrics
from tumorcast.training.run_views import RUNS_ONLY

HEADER = ("run", "metric", "value [interval]", "over best other", "data", "encoder", "commit", "state")
_COMMIT = 8


@dataclass(frozen=True)
class RunRow:
    """One run; numbers are NaN where it has none."""

    name: str
    metric: str
    value: float
    low: float
    high: float
    margin: float
    other: str
    facts: Mapping[str, str]
    state: str

    def cells(self) -> tuple[str, ...]:
        """As `HEADER` names them."""
        told = self.facts
        margin = "-" if math.isnan(self.margin) else f"{self.margin:+.3f} {self.other}"
        commit, dirty, _ = told.get("git_commit", "-").partition("-dirty")
        data = f"{told.get('data', '-')} ({told.get('training_data', '?')})"
        return (
            self.name, self.metric, self._interval(), margin, data, told.get("encoder", "-"),
            commit[:_COMMIT] + dirty, self.state,
        )  # fmt: skip

    @property
    def group(self) -> tuple[str, bool, str, str]:
        """Metric and data (those not known last): only runs of one group compare."""
        digest = self.facts.get("data_sha256", "")
        return self.metric, not digest, self.facts.get("data", "-"), digest

    def _interval(self) -> str:
        if math.isnan(self.value):
            return "-"
        narrow = math.isnan(self.low) or math.isnan(self.high)
        return f"{self.value:.3f} " + ("[too few]" if narrow else f"[{self.low:.3f}, {self.high:.3f}]")


def rows_of_folders(folder: Path) -> list[RunRow]:
    """Every run below a folder (`runs/`), sorted."""
    return ranked([_row(path.parent) for path in sorted(folder.glob("*/run.json"))])


def rows_of_server(client: Any, experiment_id: str) -> list[RunRow]:
    """Every run of an experiment, sorted."""
    found, token = [], None
    while True:
        page = client.search_runs([experiment_id], RUNS_ONLY, max_results=1000, page_token=token)
        found += page
        token = page.token
        if not token:
            break
    return ranked([_row_of(run) for run in found])


def ranked(rows: Sequence[RunRow]) -> list[RunRow]:
    """By metric and data, the best first within them, runs without a result last."""
    return sorted(rows, key=lambda row: (math.isnan(row.value), row.group, -_or_zero(row.value), row.name))


def _row(folder: Path) -> RunRow:
    facts = _read(folder / "facts.json")
    metrics = _read(folder / "metrics.json")
    if "fused" not in metrics:
        metric = facts.get("primary_metric", "-")
        return _from_flat(folder.name, metric, {}, "", facts, "stopped or running")
    metric = facts.get("primary_metric") or next(name for name in METRICS if name in metrics["fused"])
    return _from_flat(
        folder.name,
        metric,
        primary_metrics(metrics, metric),
        best_other(metrics, metric) or "",
        facts,
        "done",
    )


def _row_of(run: Any) -> RunRow:
    tags = run.data.tags
    return _from_flat(
        run.info.run_name, tags.get("primary_metric", "-"), run.data.metrics, tags.get("best_other", ""), tags,
        str(run.info.status).lower(),
    )  # fmt: skip


def _from_flat(
    name: str, metric: str, flat: Mapping[str, float], other: str, facts: Mapping[str, str], state: str
) -> RunRow:
    value, low, high, margin = (
        flat.get(key, math.nan) for key in (PRIMARY, f"{PRIMARY}_low", f"{PRIMARY}_high", MARGIN)
    )
    return RunRow(name, metric, value, low, high, margin, other, facts, state)


def _read(path: Path) -> dict[str, Any]:
    """Empty where there is none, or where it is no JSON object."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}


def _or_zero(value: float) -> float:
    return 0.0 if math.isnan(value) else value
