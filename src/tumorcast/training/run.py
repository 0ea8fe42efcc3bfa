"""A whole run: workspace -> folds -> predictions, metrics, figures, bundle -> MLflow."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from pytorch_lightning.utilities.rank_zero import rank_zero_only

from tumorcast.cohort.preprocess import fingerprint
from tumorcast.cohort.splits import Fold, outer_folds
from tumorcast.config.models import RunConfig
from tumorcast.domain.exclusions import summarise
from tumorcast.evaluation.leakage import check_near_duplicates
from tumorcast.evaluation.scores import write_metrics
from tumorcast.evaluation.size import score_size
from tumorcast.evaluation.table import metrics_table
from tumorcast.training.baselines import predict_baselines
from tumorcast.training.choice import Choosing
from tumorcast.training.files import write_table, write_text
from tumorcast.training.fold import FUSED, Fitted, FoldResult, fit_final, run_fold
from tumorcast.training.metric_keys import best_other, flat_metrics, mean_curves, primary_metrics
from tumorcast.training.reliance import coverage, told
from tumorcast.training.report import Metrics, draw_figures, primary, score, score_subsets
from tumorcast.training.run_facts import description, run_facts, write_facts
from tumorcast.training.tracking import Tracker
from tumorcast.training.tuned_guard import check_folds
from tumorcast.training.workspace import Workspace, duplicates, open_workspace

Tell = Callable[[str], None]
_ALWAYS = ("config.json", "metrics.json", "subsets.json", "predictions.csv", "exclusions.csv")


@dataclass(frozen=True)
class Conclusion:
    """What the exporter of a bundle gets: the model, and what is known of it.

    Attributes:
        fitted: the ensemble to export.
        predictions: test predictions of every model.
        metrics, subsets: scores of the run, and of each subset of modalities.
        is_refit: True where `fitted` was trained on all courses after cross-validation (its own performance
            is then that of the folds' models, not measured directly).
    """

    work: Workspace
    fitted: Fitted
    predictions: pd.DataFrame
    metrics: Metrics
    subsets: Metrics
    is_refit: bool


Export = Callable[[Conclusion, Path], object]


def run_experiment(
    config: RunConfig,
    export: Export,
    choosing_of: Callable[[Workspace, Tell, Tracker], Choosing] | None = None,
    choice: Mapping[str, Any] | None = None,
) -> Path:
    """Train, evaluate, export and track as configured; returns the run's folder.

    Args:
        choosing_of: how settings are chosen; None compares `training.candidates`.
        choice: that way of choosing in words, which is part of what the run is.

    The same call goes on where an interrupted one stopped. With several processes every one of them fits, and
    only the first evaluates and writes.
    """
    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    is_first = _is_first_process()
    tell = _teller(is_first)
    tell(f"reading {config.data.study}")
    work = open_workspace(config, choice)
    patients = work.cohort.courses["patient_id"].nunique()
    tell(f"{len(work.cohort.courses)} courses of {patients} patients ({work.cohort.origin} data)")
    folds = outer_folds(work.cohort.courses, config.split, config.seed, config.data.study, work.cohort.report)
    for line in summarise(work.cohort.report):
        tell(f"  noted: {line}")
    if not config.split.allow_duplicates:
        check_near_duplicates(duplicates(work), [(fold.training, fold.test) for fold in folds])
    for line in check_folds(work, folds):
        tell(f"  noted: {line}")
    tracking = config.tracking if is_first else config.tracking.model_copy(update={"enabled": False})
    tracker = Tracker(tracking, work.folder, config.name, tell)
    facts = run_facts(work) if is_first else {}
    if is_first:
        write_facts(work.folder, facts)
    with tracker.run(config.model_dump(mode="json"), facts):
        choosing = choosing_of(work, tell, tracker) if choosing_of else Choosing()
        results = [_one_fold(work, fold, tracker, tell, choosing) for fold in folds]
        once = len(results) == 1 or not is_exported(config)
        last = results[-1].models[FUSED] if once else fit_final(work, tell, choosing.choose)
        if is_first:
            choosing.record()
            _conclude(work, results, last, export, tracker, tell)
    if is_first:
        _say_where(work, tracker)
    return work.folder


def is_exported(config: RunConfig) -> bool:
    """Bundles hold this project's network alone: a published one is trained to be compared with."""
    return config.model.kind == "tumorcast"


def _is_first_process() -> bool:
    return getattr(rank_zero_only, "rank", 0) in (None, 0)


def _teller(is_first: bool) -> Tell:
    began = time.monotonic()

    def tell(text: str) -> None:
        if is_first:
            print(f"[{time.monotonic() - began:6.1f} s] {text}", file=sys.stderr, flush=True)

    return tell


def _one_fold(work: Workspace, fold: Fold, tracker: Tracker, tell: Tell, choosing: Choosing) -> FoldResult:
    result = run_fold(work, fold, tell, choosing)
    result = result.with_rows(predict_baselines(work, fold, result.prepared))
    curves = {
        f"{name}.member{k}": member.history
        for name, fitted in result.models.items()
        for k, member in enumerate(fitted.members)
    }
    if tracker.tracking.enabled:
        tracker.log_fold(fold.name, flat_metrics(score(work, result.predictions)), curves)
    return result


def _conclude(
    work: Workspace, results: list[FoldResult], last: Fitted, export: Export, tracker: Tracker, tell: Tell
) -> None:
    """Write and log what the run found."""
    predictions = pd.concat([result.predictions for result in results], ignore_index=True)
    subset_rows = pd.concat([result.subsets for result in results], ignore_index=True)
    tell("scoring with patient bootstrap")
    metrics = score(work, predictions)
    subsets = score_subsets(work, subset_rows) if len(subset_rows) else {}
    folder = work.folder
    write_table(folder / "predictions.csv", predictions)
    write_metrics(folder / "metrics.json", metrics)
    write_metrics(folder / "subsets.json", subsets)
    write_text(folder / "config.json", json.dumps(work.config.model_dump(mode="json"), indent=1))
    notes = [{"kind": e.kind, "id": e.id, "reason": e.reason, "detail": e.detail} for e in work.cohort.report]
    write_table(folder / "exclusions.csv", pd.DataFrame(notes, columns=["kind", "id", "reason", "detail"]))
    size = _score_size(work, predictions)
    if size:
        write_metrics(folder / "size.json", size)
    draw_figures(work, predictions, metrics, subsets, folder / "figures")
    covered = coverage(predictions, work.cohort)
    if len(covered):
        write_table(folder / "coverage.csv", covered)
    if is_exported(work.config):
        tell("exporting the bundle")
        export(Conclusion(work, last, predictions, metrics, subsets, len(results) > 1), folder / "bundle")
    else:
        tell(f"no bundle: networks of model.kind={work.config.model.kind} are compared, not exported")
    if tracker.tracking.enabled:
        tell("recording for MLflow")
        _track(work, results, metrics | size, subsets, tracker)
    print(metrics_table(metrics))
    if len(covered):
        print(told(covered))


def _score_size(work: Workspace, predictions: pd.DataFrame) -> Metrics:
    """`size.json`: how well the fused model predicts the change of tumour size; empty without that head."""
    settings = work.config.evaluation
    return score_size(
        predictions[predictions["model"] == FUSED], n_bootstrap=settings.bootstrap, seed=work.config.seed,
        confidence=settings.confidence,
    )  # fmt: skip


def _track(
    work: Workspace, results: list[FoldResult], metrics: Metrics, subsets: Metrics, tracker: Tracker
) -> None:
    folder, main = work.folder, primary(work)
    found = {"features_sha256": fingerprint(list(results[0].arrays.values()))}
    other = best_other(metrics, main, FUSED)
    tracker.set_tags(found | ({"best_other": other} if other else {}))
    tracker.describe(description(work, metrics))
    tracker.log_metrics(flat_metrics(metrics) | primary_metrics(metrics, main, FUSED))
    tracker.log_metrics(flat_metrics({name: {main: v[main]} for name, v in subsets.items()}, "subset."))
    fused = [result.models[FUSED] for result in results]
    tracker.log_curve(mean_curves([member.history for fitted in fused for member in fitted.members]))
    for name in (*_ALWAYS, "coverage.csv", "size.json", "search.json", "trials.csv"):
        if (folder / name).is_file():
            tracker.log_file(folder / name)
    tracker.log_files(folder / "figures", "figures")
    if is_exported(work.config):
        tracker.log_files(folder / "bundle", "bundle")
        tracker.register(folder / "bundle")


def _say_where(work: Workspace, tracker: Tracker) -> None:
    folder = work.folder
    print(f"\nrun          {folder}/  (metrics.json, predictions.csv, figures/)")
    if is_exported(work.config):
        print(f"bundle       {folder / 'bundle'}/  (model_card.md, manifest.json)")
        print(f"use it       tumorcast predict {folder / 'bundle'} STUDY --out predictions.csv")
    else:
        print(f"bundle       none: model.kind={work.config.model.kind} is trained to be compared with")
    for line in tracker.where():
        print(line)
    if work.is_simulated:
        print("\nSIMULATED DATA: these figures show that the mechanics work, nothing about patients.")
