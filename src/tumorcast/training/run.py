"""A whole run: workspace -> folds -> predictions, metrics, figures, bundle -> MLflow."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from pytorch_lightning.utilities import rank_zero_only

from tumorcast.cohort.preprocess import fingerprint
from tumorcast.cohort.splits import Fold, outer_folds
from tumorcast.config.models import RunConfig
from tumorcast.domain.exclusions import summarise
from tumorcast.training.baselines import predict_baselines
from tumorcast.training.files import write_table, write_text
from tumorcast.training.fold import FUSED, FoldResult, run_fold
from tumorcast.training.report import draw_figures, flat_metrics, score, score_subsets
from tumorcast.training.tracking import Tracker, git_commit
from tumorcast.training.workspace import Workspace, open_workspace


def run_experiment(config: RunConfig) -> Path:
    """Train, evaluate, export and track as configured; returns the run's folder.

    The same call goes on where an interrupted one stopped. On several processes every one of them fits, and
    only the first writes.
    """
    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    tell = _teller()
    work = open_workspace(config)
    tell(f"{len(work.cohort.courses)} courses of {work.cohort.courses['patient_id'].nunique()} patients; ")
    for line in summarise(work.cohort.report):
        tell(f"  left out or noted: {line}")
    folds = outer_folds(work.cohort.courses, config.split, config.seed, config.data.study)
    is_first = rank_zero_only.rank in (None, 0)
    tracking = config.tracking if is_first else config.tracking.model_copy(update={"enabled": False})
    tracker = Tracker(tracking, work.folder, config.name)
    tags = {
        "git_commit": git_commit(),
        "data_sha256": work.cohort.digest,
        "training_data": work.cohort.origin,
    }
    with tracker.run(config.model_dump(mode="json"), tags):
        results = [_one_fold(work, fold, tracker, tell) for fold in folds]
        if is_first:
            _conclude(work, results, tracker, tell)
    return work.folder


def _one_fold(work: Workspace, fold: Fold, tracker: Tracker, tell: Callable[[str], None]) -> FoldResult:
    result = run_fold(work, fold, tell)
    result.add(predict_baselines(work, fold, result.models[FUSED].prepared))
    curves = {
        f"{name}.member{k}": member.history
        for name, fitted in result.models.items()
        for k, member in enumerate(fitted.members)
    }
    if tracker.tracking.enabled:
        tracker.log_fold(fold.name, flat_metrics(score(work, result.predictions)), curves)
    return result
