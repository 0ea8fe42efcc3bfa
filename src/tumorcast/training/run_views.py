"""Pages of MLflow on which runs are compared: views that an experiment keeps, and their addresses.

A view is what MLflow's own Share button makes: filter, order, columns and charts as JSON in a tag of the experiment
(`mlflow.sharedViewState.KEY`), opened by `?viewStateShareKey=KEY`.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from tumorcast.training.metric_keys import LOSSES, MARGIN, PRIMARY

LIST_VIEW, PAIR_VIEW = "tumorcast", "tumorcast-best-two"
RUNS_ONLY = "tags.kind = 'run'"
NOTE_TAG = "mlflow.note.content"
OPTIMISM = (
    "The best of several runs by a test score is optimistic: choose settings with `tumorcast search`, or judge the "
    "chosen run on a study that none of them has seen."
)
_LOCAL_SERVER = "http://127.0.0.1:5000"
_NOTE = "Best two runs"
_COLOUR_TAG = "mlflow.runColor"
_COLOURS = ("#1b6ca8", "#d9652b", "#2a9d5c", "#8e44ad", "#b8860b", "#555555")
_STATE_TAG = "mlflow.sharedViewState."
_COLUMNS = (
    f"metrics.`{PRIMARY}`", f"metrics.`{PRIMARY}_low`", f"metrics.`{PRIMARY}_high`", f"metrics.`{MARGIN}`",
    "tags.`data`", "tags.`training_data`", "tags.`encoder`", "tags.`config_diff`",
)  # fmt: skip


def list_view(metric: str = PRIMARY, same: Sequence[str] = ()) -> dict[str, Any]:
    """Runs that agree in `same` (filters), no folds or trials, the best first, with the columns that matter."""
    return _view(" and ".join([RUNS_ONLY, *same]), metric, [_bar(metric, 0), *_curves(1), _differences(3)])


def pair_view(run_ids: Sequence[str], metric: str = PRIMARY) -> dict[str, Any]:
    """These runs alone: what differs between them, and their curves."""
    ids = ", ".join(f"'{run_id}'" for run_id in run_ids)
    return _view(f"attributes.run_id IN ({ids})", metric, [_differences(0), *_curves(1), _bar(metric, 3)])


def refresh_views(client: Any, experiment_id: str, run_id: str) -> None:
    """After a run: the list and the best two of those on its data by its primary metric, linked from the experiment."""
    tags = client.get_run(run_id).data.tags
    same = comparable(tags)
    best = best_runs(client, experiment_id, PRIMARY, 2, same)
    keep_view(client, experiment_id, LIST_VIEW, list_view(PRIMARY, same))
    if len(best) < 2:
        return
    colour_apart(client, best)
    keep_view(client, experiment_id, PAIR_VIEW, pair_view([run.info.run_id for run in best]))
    note = client.get_experiment(experiment_id).tags.get(NOTE_TAG, "")
    if not note or note.startswith(_NOTE):
        first, second = (run.info.run_name for run in best)
        where = view_address("", experiment_id, PAIR_VIEW, is_charts=True)
        told = f"on {tags.get('data', 'these data')} by {tags.get('primary_metric', PRIMARY)}"
        client.set_experiment_tag(
            experiment_id,
            NOTE_TAG,
            f"{_NOTE} {told}: [{first} and {second}]({where.lstrip('/')}). {OPTIMISM}",
        )


def comparable(tags: Mapping[str, str], metric: str = PRIMARY) -> list[str]:
    """Filters of the runs that may stand beside one with these tags: its data, and where asked its main metric."""
    keys = ("primary_metric", "data_sha256") if metric.startswith(PRIMARY) else ("data_sha256",)
    return [f"tags.{key} = '{tags[key]}'" for key in keys if key in tags]


def newest_run(client: Any, experiment_id: str, metric: str) -> Any | None:
    """The newest finished run that has the metric, of the last hundred."""
    found = client.search_runs(
        [experiment_id],
        f"{RUNS_ONLY} and attributes.status = 'FINISHED'",
        max_results=100,
        order_by=["start_time DESC"],
    )
    return next((run for run in found if metric in run.data.metrics), None)


def best_runs(
    client: Any, experiment_id: str, metric: str, count: int, where: Sequence[str] = ()
) -> list[Any]:
    """The runs (no folds or trials) that score best by a metric; those without it take no part."""
    order = "ASC" if is_lower_better(metric) else "DESC"
    found = client.search_runs(
        [experiment_id],
        " and ".join([RUNS_ONLY, *where]),
        max_results=count,
        order_by=[f"metrics.`{metric}` {order}"],
    )
    return [run for run in found if metric in run.data.metrics]


def colour_apart(client: Any, runs: Sequence[Any]) -> None:
    """Give runs that are shown together colours that differ: MLflow's own, made from their ids, may be alike."""
    for run, colour in zip(runs, itertools.cycle(_COLOURS)):
        if run.data.tags.get(_COLOUR_TAG) != colour:
            client.set_tag(run.info.run_id, _COLOUR_TAG, colour)


def is_lower_better(metric: str) -> bool:
    """True of Brier scores and losses."""
    return metric.rpartition(".")[2].startswith("brier") or metric.endswith("_loss")


def keep_view(client: Any, experiment_id: str, key: str, view: dict[str, Any]) -> None:
    """Keep a view in its experiment; one of the same key is replaced."""
    client.set_experiment_tag(experiment_id, f"{_STATE_TAG}{key}", json.dumps(view, separators=(",", ":")))


def view_address(server: str, experiment_id: str, key: str, is_charts: bool) -> str:
    """The page of a view: as a table, or as a table beside charts."""
    mode = "CHART" if is_charts else "TABLE"
    return f"{server.rstrip('/')}/#/experiments/{experiment_id}/runs?viewStateShareKey={key}&compareRunsMode={mode}"


def server_lines(uri: str) -> tuple[list[str], str]:
    """(What to start first, where pages are then) for a tracking address; nothing to start where it is a server."""
    if uri.startswith("http"):
        return [], uri
    return [f"start the pages: mlflow ui --backend-store-uri {uri}"], _LOCAL_SERVER


def _view(where: str, metric: str, charts: list[dict[str, Any]]) -> dict[str, Any]:
    columns = [f"metrics.`{metric}`", *(column for column in _COLUMNS if column != f"metrics.`{metric}`")]
    return {
        "searchFilter": where,
        "orderByKey": f"metrics.`{metric}`",
        "orderByAsc": is_lower_better(metric),
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "modelVersionFilter": "All Runs",
        "datasetsFilter": [],
        "selectedColumns": columns,
        "runsHiddenMode": "FIRST_10_RUNS",
        "compareRunCharts": charts,
        "compareRunSections": [
            {"uuid": "tumorcast", "name": "Comparison", "display": True, "isReordered": True, "columns": 2}
        ],
        "isAccordionReordered": True,
        "viewMaximized": False,
        "runListHidden": False,
    }


def _chart(kind: str, number: int, **settings: Any) -> dict[str, Any]:
    return {
        "type": kind, "uuid": f"tumorcast{number}", "metricSectionId": "tumorcast", "deleted": False,
        "isGenerated": False,
    } | settings  # fmt: skip


def _bar(metric: str, number: int) -> dict[str, Any]:
    return _chart("BAR", number, metricKey=metric, displayName=metric)


def _curves(first: int) -> list[dict[str, Any]]:
    return [
        _chart(
            "LINE", number, metricKey=key, selectedMetricKeys=[key], displayName=key, lineSmoothness=0,
            xAxisKey="step", xAxisScaleType="linear", scaleType="linear", range={}, yAxisKey="metric",
            yAxisExpressions=[], selectedXAxisMetricKey="", ignoreOutliers=False, useGlobalXaxisKey=True,
            useGlobalLineSmoothing=True,
        )
        for number, key in enumerate(reversed(LOSSES), first)
    ]  # fmt: skip


def _differences(number: int) -> dict[str, Any]:
    return _chart(
        "DIFFERENCE", number, compareGroups=["Parameters", "Model metrics"], chartName="What differs",
        showChangeFromBaseline=True, showDifferencesOnly=True, baselineColumnUuid="",
    )  # fmt: skip
