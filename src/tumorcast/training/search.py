"""A search for settings inside the inner folds of each outer fold; the outer test is no argument of anything here."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import Trial

from tumorcast.config.models import RunConfig
from tumorcast.config.search import own_values
from tumorcast.config.space import SearchConfig
from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.metrics.discrimination import auroc
from tumorcast.metrics.survival import concordance
from tumorcast.slides.leases import Leases
from tumorcast.training.choice import CHOSEN, InnerFolds, mean_loss, setting_of
from tumorcast.training.files import write_text
from tumorcast.training.fit import Member
from tumorcast.training.fold import FUSED
from tumorcast.training.inference import predict
from tumorcast.training.metric_keys import DEFAULT_SETTING
from tumorcast.training.search_progress import Progress
from tumorcast.training.search_trials import Trials, Tried

FOLDER = "search"
"""Below an outer fold's folder: what trials fitted, one folder a setting."""

_WAIT_SECONDS = 1.0
_MOST_FAILURES = 8

After = Callable[[InnerFolds, list[Tried]], None]


class Search:
    """Chooses settings by trials that several processes may share.

    Args:
        identity: of the run's folder, run, data and space; makes the names of this run's searches its own.
        leases: in the run's folder, held open by the caller.
        tell: takes lines for people.
        after: takes every trial that is over, after each trial of this process.

    Attributes:
        tried: fold -> model -> every trial that is over. chosen: fold -> model -> the best trial's values.
    """

    def __init__(
        self,
        search: SearchConfig,
        identity: str,
        storage: BaseStorage,
        leases: Leases,
        tell: Callable[[str], None],
        after: After = lambda inner, tried: None,
    ) -> None:
        self.search, self._identity, self._storage, self._leases = search, identity, storage, leases
        self._tell, self._after = tell, after
        self.tried: dict[str, dict[str, list[Tried]]] = {}
        self.chosen: dict[str, dict[str, dict[str, Any]]] = {}
        self.importances: dict[tuple[str, str], dict[str, float]] = {}

    def choose(self, inner: InnerFolds) -> list[Member]:
        """The members of the best setting, once every trial of the search is done, whoever does them."""
        if inner.model != FUSED and not self.search.others:
            values = (
                {} if inner.model in inner.work.config.training.rivals else self.chosen[inner.fold][FUSED]
            )
            return self._fit(inner, setting_of(inner, values), inner.folder / "not_searched")
        trials = self._trials(inner)
        self._work(inner, trials, is_waiting=True, should_stop=lambda: False)
        best = trials.chosen()
        config = setting_of(inner, best.params)
        tried = self.tried.setdefault(inner.fold, {})[inner.model] = trials.tried()
        self._after(inner, tried)
        self.chosen.setdefault(inner.fold, {})[inner.model] = dict(best.params)
        self.importances[inner.fold, inner.model] = trials.importances()
        self._tell(
            f"{_label(inner)}: trial {best.number} chosen: {told_values(best.params) or 'own setting'}"
        )
        folder = _folder(inner, config)
        members = self._fit(inner, config, folder)
        self._tidy({folder, _folder(inner, setting_of(inner, {}))})
        place = folder.relative_to(inner.folder.parent).as_posix()
        write_text(inner.folder / CHOSEN, json.dumps({"values": best.params, "folder": place}))
        return members

    def default(self, inner: InnerFolds) -> list[Member]:
        """The members of the run's own setting, read back where a trial had it."""
        config = setting_of(inner, {})
        return self._fit(inner, config, _folder(inner, config))

    def help(self, inner: InnerFolds, should_stop: Callable[[], bool]) -> None:
        """Take over trials until none is left to begin."""
        self._work(inner, self._trials(inner), is_waiting=False, should_stop=should_stop)

    def _trials(self, inner: InnerFolds) -> Trials:
        config = inner.work.config
        inner.folder.mkdir(parents=True, exist_ok=True)
        return Trials(
            f"{config.name}-{self._identity}-{inner.fold}-{inner.model}",
            self.search,
            self._storage,
            self._leases,
            config.seed,
            own_values(config, self.search.space),
            f"{inner.fold}-{inner.model}",
        )

    def _work(
        self, inner: InnerFolds, trials: Trials, *, is_waiting: bool, should_stop: Callable[[], bool]
    ) -> None:
        progress, failures = Progress(_label(inner), self.search, self._tell), 0
        while not should_stop():
            trial = trials.ask()
            if trial is not None:
                reason = self._try(inner, trials, trial)
                failures = failures + 1 if reason else 0
                progress.step(trials)
                self._after(inner, trials.tried())
                if failures == _MOST_FAILURES and not trials.is_over():
                    raise _given_up(failures, reason)
            elif is_waiting and not trials.is_over():
                time.sleep(_WAIT_SECONDS)
            else:
                return

    def _try(self, inner: InnerFolds, trials: Trials, trial: Trial) -> str:
        """One trial: a member an inner fold, each a chance to give up; returns why it failed, or "".

        Raises:
            TumorcastError: the GPU is lost to this process; the trial is tried again by another.
        """
        try:
            config = setting_of(inner, trial.params)
            folder = _folder(inner, config)
            if trials.is_twin(trial):
                folder = folder.with_name(f"{folder.name}-{trial.number}")
            self._objective(inner, trials, trial, config, folder)
        except UpdateFinishedTrialError:
            trials.give_back(trial)
            self._tell(
                f"{_label(inner)}: trial {trial.number} was taken over by another process; dropped here"
            )
        except (ArithmeticError, ValueError, RuntimeError, MemoryError, TumorcastError) as error:
            reason = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            if _is_device_lost(error):
                trials.give_back(trial)
                raise _without_device(reason) from error
            self._tell(f"{_label(inner)}: trial {trial.number} failed: {reason}")
            trials.fail(trial, reason)
            return reason
        return ""

    def _objective(
        self, inner: InnerFolds, trials: Trials, trial: Trial, config: RunConfig, folder: Path
    ) -> None:
        members: list[Member] = []
        values: list[float] = []
        is_pruned = False
        for k, part in enumerate(inner.parts):
            members.append(inner.fit(folder, config.model, config.training, k))
            values.append(self._value(inner, members[-1], k))
            if not np.isfinite(values[-1]):
                raise ArithmeticError(f"the objective of {part.name} is not a number")
            trial.report(float(np.mean(values)), step=k + 1)
            is_pruned = k + 1 < len(inner.parts) and trial.should_prune()
            if is_pruned:
                break
        trials.note(trial, [m.loss for m in members], [m.history for m in members])
        if is_pruned:
            trials.prune(trial)
        else:
            trials.complete(trial, float(np.mean(values)))

    def _value(self, inner: InnerFolds, member: Member, number: int) -> float:
        """A member's share of the objective, on its own inner validation courses."""
        if self.search.objective == "loss":
            return mean_loss([member])
        part, head = inner.parts[number], inner.work.config.model.heads[0]
        said = predict(member.predictor, [inner.seen[cid] for cid in part.test], head)
        return _metric(inner.work.cohort.courses.loc[list(part.test)], said, head)

    def _fit(self, inner: InnerFolds, config: RunConfig, folder: Path) -> list[Member]:
        return [inner.fit(folder, config.model, config.training, k) for k in range(len(inner.parts))]

    def _tidy(self, keep: set[Path]) -> None:
        """Weights of what was not chosen are removed; what the trials found stays in their database."""
        for folder in next(iter(keep)).parent.iterdir():
            if folder not in keep:
                shutil.rmtree(folder, ignore_errors=True)


def told_values(values: dict[str, Any]) -> str:
    """Settings as words, numbers rounded."""
    return ", ".join(f"{k}={v:.3g}" if isinstance(v, float) else f"{k}={v}" for k, v in values.items())


def _is_device_lost(error: Exception) -> bool:
    """Whether nothing can be computed any more on the GPU in this process, whatever the setting."""
    said = str(error).partition("\n")[0]
    return said.startswith("CUDA error") and "out of memory" not in said


def _without_device(reason: str) -> TumorcastError:
    return TumorcastError(
        "this process can no longer use its GPU, and leaves the search",
        got=reason,
        fix="look after the GPU, then give the same command again; the trial does not count and is tried again",
    )


def _given_up(failures: int, reason: str) -> TumorcastError:
    return InputError(
        f"{failures} trials in a row failed in this process; it leaves the search to keep the others",
        got=f"at last {reason}",
        fix="mend the reason, or narrow search.space to what this machine can train, and give the same command again",
    )


def _label(inner: InnerFolds) -> str:
    return inner.fold if inner.model == FUSED else f"{inner.fold} {inner.model}"


def _folder(inner: InnerFolds, config: RunConfig) -> Path:
    """Where members of a setting are: the same setting proposed twice is fitted once."""
    setting = config.model_dump(mode="json", include={"model", "training"})
    name = hashlib.sha256(json.dumps(setting, sort_keys=True).encode()).hexdigest()[:16]
    model = FUSED if inner.model == DEFAULT_SETTING else inner.model
    return inner.folder.parent / FOLDER / model / name


def _metric(courses: pd.DataFrame, said: np.ndarray, head: str) -> float:
    """AUROC, or concordance where time is predicted; NaN where undefined."""
    names = ["time_days", "is_event"] if head == "survival" else ["response"]
    known = courses[names].notna().all(axis=1).to_numpy()
    outcome = [courses[name].to_numpy(float)[known] for name in names]
    if head == "survival":
        return concordance(outcome[0], outcome[1], said[known])
    return auroc(outcome[0], said[known])
