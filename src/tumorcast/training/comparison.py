"""The best runs of an experiment beside one another: what differs, and the page of MLflow that shows their curves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tumorcast.domain.addresses import without_password
from tumorcast.domain.errors import InputError, TumorcastError, did_you_mean
from tumorcast.training.config_diff import config_diff
from tumorcast.training.mlflow_server import be_brief
from tumorcast.training.run_table import RunRow, rows_of_server
from tumorcast.training.run_views import (
    OPTIMISM,
    RUNS_ONLY,
    best_runs,
    colour_apart,
    comparable,
    keep_view,
    newest_run,
    pair_view,
    server_lines,
    view_address,
)
from tumorcast.training.sent import DeliveryError, problem_of

Answer = TypeVar("Answer")


def compare_best(uri: str, experiment: str, metric: str, count: int, where: Sequence[str] = ()) -> list[str]:
    """Lines: the best runs by a metric, what the runner-up's settings are instead, and the page; the page is made.

    Args:
        where: filters in MLflow's words; none takes the data and the main metric of the newest run.

    Raises:
        InputError: no such experiment, or fewer than two runs with the metric.
        DeliveryError: the server cannot be reached or refuses.
    """
    return _asked(uri, lambda client: _compare(client, uri, experiment, metric, count, where))


def rows_on_server(uri: str, experiment: str) -> list[RunRow]:
    """Every run of an experiment, the best first.

    Raises:
        InputError: no such experiment.
        DeliveryError: the server cannot be reached or refuses.
    """
    return _asked(uri, lambda client: rows_of_server(client, _experiment(client, uri, experiment)))


def _asked(uri: str, question: Callable[[Any], Answer]) -> Answer:
    be_brief()
    try:
        from mlflow import MlflowClient

        return question(MlflowClient(tracking_uri=uri))
    except TumorcastError:
        raise
    except Exception as error:
        raise DeliveryError(
            f"{without_password(uri)} cannot be asked for its runs", got=problem_of(error)
        ) from error


def _experiment(client: Any, uri: str, name: str) -> str:
    found = client.get_experiment_by_name(name)
    if found is None:
        known = [experiment.name for experiment in client.search_experiments()]
        raise InputError(
            f"no experiment {name!r} at {without_password(uri)}",
            got=", ".join(known), expected="--experiment NAME", fix=did_you_mean(name, known),
        )  # fmt: skip
    return str(found.experiment_id)


def _compare(client: Any, uri: str, name: str, metric: str, count: int, where: Sequence[str]) -> list[str]:
    experiment_id, told = _experiment(client, uri, name), []
    newest = None if where else newest_run(client, experiment_id, metric)
    if newest is not None and (where := comparable(newest.data.tags, metric)):
        told = [f"as the newest run, {newest.info.run_name}: {' and '.join(where)} (--where compares others)"]
    best = best_runs(client, experiment_id, metric, count, where)
    if len(best) < 2:
        raise InputError(
            f"fewer than two runs of {name!r} have the metric {metric!r}",
            got=[run.info.run_name for run in best] + told,
            fix="see docs/mlflow.md for the keys; --metric primary is in every finished run; "
            f'--where "{RUNS_ONLY}" takes runs on any data',
        )
    colour_apart(client, best)
    key = f"tumorcast-{hashlib.sha256(repr((metric, list(where))).encode()).hexdigest()[:8]}"
    keep_view(client, experiment_id, key, pair_view([run.info.run_id for run in best], metric))
    lines, server = server_lines(without_password(uri))
    page = view_address(server, experiment_id, key, is_charts=True)
    return [*told, *_table(best, metric), OPTIMISM, *_difference(best[1], best[0]), *lines, page]


def _table(runs: Sequence[Any], metric: str) -> list[str]:
    return [f"{run.info.run_name:30s} {metric} {_value(run.data.metrics, metric)}" for run in runs]


def _difference(before: Any, after: Any) -> list[str]:
    lines = config_diff(before.data.params, after.data.params)
    said = [f"  {line}" for line in lines] or ["  no setting"]
    return [f"from {before.info.run_name} to {after.info.run_name}:", *said]


def _value(metrics: dict[str, float], metric: str) -> str:
    low, high = (metrics.get(f"{metric}{part}") for part in ("_low", "_high"))
    interval = "" if low is None or high is None else f" [{low:.3f}, {high:.3f}]"
    return f"{metrics[metric]:.3f}{interval}"
