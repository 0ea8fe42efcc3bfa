"""A whole search: one process leads (tests, scores, writes), any number of others take over trials."""

from __future__ import annotations

import os
import sys
import time
import uuid
from pathlib import Path

import torch
from optuna.storages import BaseStorage

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import Fold, outer_folds
from tumorcast.config.models import Kind, RunConfig
from tumorcast.config.space import SearchConfig
from tumorcast.domain.errors import ConfigError, TumorcastError
from tumorcast.readers.files import digest
from tumorcast.slides.leases import Leases
from tumorcast.training.choice import Choosing, InnerFolds
from tumorcast.training.files import write_text
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
_ID_FILE = "search.id"


class LeadLostError(TumorcastError):
    """Another process leads, since this one seemed dead: one alone may write results."""


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
                try:
                    return _lead(config, search, export, leases, storage)
                except LeadLostError as error:
                    print(f"{folder}: {error.what}", file=sys.stderr, flush=True)
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
    def check_lead() -> None:
        if not leases.holds(_LEADER):
            raise LeadLostError(
                "this process stood still for long and another leads now; it helps from here on"
            )

    def choosing_of(work: Workspace, tell: Tell, tracker: Tracker) -> Choosing:
        def after(inner: InnerFolds, tried: list[Tried]) -> None:
            check_lead()
            log_trials(tracker, search, inner, tried)

        found = Search(search, _identity(work.folder, leases), storage, leases, tell, after)

        def record() -> None:
            check_lead()
            write_records(work.folder, search, found, work.is_simulated)
            log_search(tracker, search, found)

        return Choosing(found.choose, {DEFAULT_SETTING: found.default}, record)

    return run_experiment(config, export, choosing_of, search.identity())


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
    if config.training.threads:
        torch.set_num_threads(config.training.threads)
    work = open_workspace(config, search.identity())
    helper = Search(search, _identity(folder, leases), storage, leases, _quietly)
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


def _identity(folder: Path, leases: Leases) -> str:
    """Of the run and of this very folder: a database outlives it and must not go on with trials of one removed."""
    path = folder / _ID_FILE
    with leases.alone("id"):
        if not path.is_file():
            write_text(path, uuid.uuid4().hex)
    return f"{digest(folder / 'run.json')[:8]}{path.read_text(encoding='utf-8')[:8]}"


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
