"""A whole search: one process leads (tests, scores, writes), any number of others take over trials."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from optuna.storages import BaseStorage

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import Fold, outer_folds
from tumorcast.config.models import Kind, RunConfig
from tumorcast.config.space import SearchConfig
from tumorcast.domain.errors import ConfigError
from tumorcast.readers.files import digest
from tumorcast.slides.leases import Leases
from tumorcast.training.choice import Choosing, InnerFolds
from tumorcast.training.fold import FUSED, final_fold, inner_of, of_kind, prepare_fold, wanted_models
from tumorcast.training.metric_keys import DEFAULT_SETTING
from tumorcast.training.run import Export, Tell, is_exported, run_experiment
from tumorcast.training.search import Search
from tumorcast.training.search_records import write_records
from tumorcast.training.search_storage import open_storage
from tumorcast.training.search_tracking import log_search, log_trials
from tumorcast.training.search_trials import Tried
from tumorcast.training.tracking import Tracker
from tumorcast.training.tuned_guard import check_folds
from tumorcast.training.workspace import Workspace, open_workspace

_LEADER = "leader"
_LEASES = ".search"
_WAIT_SECONDS = 1.0


def run_search(config: RunConfig, search: SearchConfig, export: Export, *, is_helper: bool = False) -> Path:
    """Search, evaluate, export and track; returns the run's folder.

    The same call goes on where an interrupted one stopped. Called by several processes on one folder, one leads and
    the others take over trials; where the leader is gone, another leads on.

    Args:
        is_helper: never lead, and stop where nobody leads.

    Raises:
        ConfigError: several devices or machines for one trial; another run in the folder; no usable database.
    """
    config = _on_one_device(config)
    folder = config.runs / config.name
    with Leases(folder / _LEASES) as leases:
        storage = open_storage(search.storage, folder, leases)
        while True:
            if not is_helper and leases.claim(_LEADER):
                return _lead(config, search, export, leases, storage)
            is_led = _help(config, search, leases, storage, is_helper)
            if is_helper:
                return folder
            if is_led:
                print(
                    f"{folder}: no trial is left to begin; another process leads and concludes",
                    file=sys.stderr,
                )
                return folder


def _lead(
    config: RunConfig, search: SearchConfig, export: Export, leases: Leases, storage: BaseStorage
) -> Path:
    def choosing_of(work: Workspace, tell: Tell, tracker: Tracker) -> Choosing:
        def after(inner: InnerFolds, tried: list[Tried]) -> None:
            log_trials(tracker, search, inner, tried)

        found = Search(search, digest(work.folder / "run.json"), storage, leases, tell, after)

        def record() -> None:
            write_records(work.folder, search, found, work.is_simulated)
            log_search(tracker, search, found)

        return Choosing(found.choose, {DEFAULT_SETTING: found.default}, record)

    return run_experiment(config, export, choosing_of, search.told())


def _help(
    config: RunConfig, search: SearchConfig, leases: Leases, storage: BaseStorage, is_helper: bool
) -> bool:
    """Take over trials of every fold until none is left; True where the leader does the rest."""
    folder = config.runs / config.name

    def is_left_alone() -> bool:
        return not leases.is_held(_LEADER)

    while not (folder / "run.json").is_file():  # the leader has not claimed the folder yet
        if is_left_alone():
            return False
        time.sleep(_WAIT_SECONDS)
    work = open_workspace(config, search.told())
    helper = Search(search, digest(folder / "run.json"), storage, leases, _quietly)
    folds = outer_folds(work.cohort.courses, config.split, config.seed, config.data.study)
    check_folds(work, folds)
    should_stop = is_left_alone if is_helper else _never
    for fold in [*folds, final_fold(work)] if len(folds) > 1 and is_exported(config) else folds:
        prepared, arrays = prepare_fold(work, fold)
        for name, (kind, modalities) in _searched(work, search, prepared, fold).items():
            own = of_kind(work, kind)
            inner = inner_of(own, fold, prepared, arrays, modalities, work.folder / fold.name / name)
            helper.help(inner, should_stop)
    return not is_left_alone()


def _searched(
    work: Workspace, search: SearchConfig, prepared: Preprocessor, fold: Fold
) -> dict[str, tuple[Kind, tuple[str, ...]]]:
    """The fold's models that are searched for."""
    wanted = wanted_models(work, prepared, Choosing())
    return wanted if search.others and fold.test else {FUSED: wanted[FUSED]}


def _on_one_device(config: RunConfig) -> RunConfig:
    """Trials are spread over processes, each on one device.

    Raises:
        ConfigError: the configuration, or a launcher, asks for more.
    """
    training = config.training
    several = any(count not in ("auto", 1) for count in (training.num_nodes, training.devices))
    if several or int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise ConfigError(
            "a search trains each trial on one device",
            got=f"training.devices={training.devices}, training.num_nodes={training.num_nodes}, "
            f"WORLD_SIZE={os.environ.get('WORLD_SIZE', '1')}",
            fix="give --workers N, or start the same command several times (a Slurm array), without torchrun",
        )
    return config.model_copy(update={"training": training.model_copy(update={"devices": 1, "num_nodes": 1})})


def _quietly(text: str) -> None:
    """A worker's progress is the leader's to tell; what failed is said by both."""
    if " failed: " in text:
        print(text, file=sys.stderr, flush=True)


def _never() -> bool:
    return False
