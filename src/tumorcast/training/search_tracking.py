"""A search in MLflow: the run, below it each outer fold, below that each trial as a run of its own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumorcast.config.space import SearchConfig
from tumorcast.training.choice import InnerFolds
from tumorcast.training.config_diff import config_diff, flat_config
from tumorcast.training.fold import FUSED
from tumorcast.training.metric_keys import mean_curves
from tumorcast.training.search import Search, told_values
from tumorcast.training.search_trials import Tried
from tumorcast.training.tracking import Tracker

_STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def log_trials(tracker: Tracker, search: SearchConfig, inner: InnerFolds, tried: Sequence[Tried]) -> None:
    """Every trial that is over and not yet logged, below its outer fold."""
    tracker.begin_child(inner.fold, "fold")
    where = inner.fold if inner.model == FUSED else f"{inner.fold}-{inner.model}"
    metric = "c_index" if inner.work.config.model.heads[0] == "survival" else "auroc"
    own = flat_config(inner.work.config.model_dump(mode="json"))
    for trial in tried:
        values = flat_config(trial.values)
        tags = {
            "fold": inner.fold, "model": inner.model, "trial": str(trial.number), "state": trial.state,
            "config_diff": "\n".join(config_diff({key: own[key] for key in values}, values)) or "(same settings)",
        }  # fmt: skip
        curves = {f"{inner.model}.member{k}": history for k, history in enumerate(trial.history)}
        tracker.log_child(
            f"{where}-trial{trial.number}",
            "trial",
            _metrics(search, trial, metric),
            curves | {"": mean_curves(trial.history)},
            params=trial.values,
            tags=tags | ({"reason": trial.reason} if trial.reason else {}),
            status=_STATUS[trial.state],
            parent=inner.fold,
            times=(trial.began_ms, trial.began_ms + int(1000 * trial.seconds)),
        )
    tracker.check()


def log_search(tracker: Tracker, search: SearchConfig, found: Search) -> None:
    """What was chosen, as tags of the run; the fold of all patients is closed."""
    tags = {"search": f"{search.sampler}, {search.trials} trials a fold, {search.pruner} pruning"}
    for fold, models in found.chosen.items():
        if FUSED in models:
            tags[f"chosen.{fold}"] = told_values(models[FUSED]) or "own setting"
    tracker.set_tags(tags)
    if "final" in found.tried:
        tracker.log_child("final", "fold", {}, tags={"fold": "final"})


def _metrics(search: SearchConfig, trial: Tried, metric: str) -> dict[str, float]:
    """`inner_loss`, and the objective where it is another."""
    found = {"inner_loss": float(np.mean(trial.losses))} if trial.losses else {}
    if search.objective == "metric" and trial.value is not None:
        found[f"inner.{metric}"] = trial.value
    return found
