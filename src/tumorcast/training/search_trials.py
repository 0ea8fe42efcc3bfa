"""The trials of one search: asked for one by one by any number of processes, exactly as many as wanted.

Trials live in a database; who works on which is a lease in the run's folder, so a process that dies is noticed
whatever the database. Its trial is then marked failed and tried again. What the sampler draws depends on the run's
seed, the search, and how many trials stand before, never on how often the search was interrupted.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from tumorcast.config.space import Range, SearchConfig
from tumorcast.domain.errors import InputError
from tumorcast.slides.leases import Leases

_ERROR, _FOUND = "error", "found"
_FIXED = "fixed_params"
"""Where Optuna keeps the setting of a trial that was queued."""
_ENDED = "its process ended; tried again"
_FEWEST_FOR_IMPORTANCE = 4
_FEWEST_FOR_MEDIAN = 5
_STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


@dataclass(frozen=True)
class Tried:
    """What became of one trial.

    Attributes:
        state: "complete", "pruned" or "failed". value: objective; of a pruned trial so far; None where failed.
        values: the settings that it tried. losses: of the inner folds that it fitted.
        history: of each of them, losses by epoch. reason: of a failure.
    """

    number: int
    state: str
    value: float | None
    values: dict[str, Any]
    losses: list[float] = field(default_factory=list)
    history: list[list[dict[str, float]]] = field(default_factory=list)
    reason: str = ""
    began_ms: int = 0
    seconds: float = 0.0


class Trials:
    """One search's trials.

    Args:
        name: of the search, the same in every process and in no other run of the database.
        seed: of the run.
        own: the run's own setting, tried first; None where the space does not hold it.
        where: which search of the run it is; what is drawn depends on it and the seed, not on the run's name.
    """

    def __init__(
        self,
        name: str,
        search: SearchConfig,
        storage: BaseStorage,
        leases: Leases,
        seed: int,
        own: Mapping[str, Any] | None,
        where: str = "",
    ) -> None:
        self.search, self._leases, self._seed, self._own = search, leases, seed, own
        self._where = zlib.crc32(where.encode())
        self._key = f"{zlib.crc32(name.encode()):08x}"
        with self._alone():
            self._study = optuna.create_study(
                study_name=name,
                storage=storage,
                pruner=_pruner(search),
                direction="minimize" if search.objective == "loss" else "maximize",
                load_if_exists=True,
            )

    def ask(self) -> Trial | None:
        """The next trial, this process's own until it is told; None where as many as wanted are done or running."""
        with self._alone():
            self._retake()
            known = self._all()
            taken = sum(_counts(trial) for trial in known)
            if taken >= self.search.trials:
                return None
            if self._own is not None and not self._is_own_known(known):
                self._study.enqueue_trial(dict(self._own))
            self._study.sampler = self._sampler(taken)
            trial = self._study.ask()
            self._leases.claim(self._lease(trial.number))
            _suggest(trial, self.search.space)
            return trial

    def is_twin(self, trial: Trial) -> bool:
        """Whether another process is just trying the same setting, begun before."""
        running = self._all(TrialState.RUNNING)
        return any(other.number < trial.number and other.params == trial.params for other in running)

    def note(self, trial: Trial, losses: Sequence[float], history: Sequence[Any]) -> None:
        """Keep what a trial has found, before it is told; dropped as a result is."""
        if self._leases.holds(self._lease(trial.number)):
            trial.set_user_attr(_FOUND, {"losses": list(losses), "history": list(history)})

    def complete(self, trial: Trial, value: float) -> None:
        """The trial's objective."""
        self._tell(trial, TrialState.COMPLETE, value)

    def prune(self, trial: Trial) -> None:
        """The trial is given up, as worse than others at its point."""
        self._tell(trial, TrialState.PRUNED)

    def fail(self, trial: Trial, reason: str) -> None:
        """The trial could not be computed; it counts, and is not tried again. Dropped as a result is."""
        if self._leases.holds(self._lease(trial.number)):
            with suppress(UpdateFinishedTrialError):
                trial.set_user_attr(_ERROR, reason)
        self._tell(trial, TrialState.FAIL)

    def give_back(self, trial: Trial) -> None:
        """The process stops before the trial is done: it is tried again by whoever comes."""
        self._leases.release(self._lease(trial.number))

    def is_over(self) -> bool:
        """Whether as many as wanted are done."""
        return self.n_done() >= self.search.trials

    def n_done(self) -> int:
        """How many trials are over, without those whose process ended."""
        return sum(_counts(trial) for trial in self._all(*_STATES))

    def tried(self) -> list[Tried]:
        """Every trial that is over, in order."""
        return [_as_tried(trial) for trial in self._all(*_STATES)]

    def best(self) -> FrozenTrial | None:
        """The complete trial with the best objective, of equals the first; None where there is none."""
        done = self._all(TrialState.COMPLETE)
        sign = 1 if self.search.objective == "loss" else -1
        return min(done, key=lambda trial: (sign * float(trial.value or 0.0), trial.number), default=None)

    def chosen(self) -> FrozenTrial:
        """As `best`.

        Raises:
            InputError: no trial was completed.
        """
        best = self.best()
        if best is None:
            reasons = [t.reason for t in self.tried() if t.reason and t.reason != _ENDED]
            raise InputError(
                "no trial of the search could be completed",
                got="; ".join(list(dict.fromkeys(reasons))[:3]) or "none was begun",
                fix="narrow search.space to settings that this machine can train",
            )
        return best

    def importances(self) -> dict[str, float]:
        """Share of the objective's spread that each setting explains; empty where too few trials tell."""
        if len(self._all(TrialState.COMPLETE)) < _FEWEST_FOR_IMPORTANCE:
            return {}
        try:
            found = optuna.importance.get_param_importances(self._study)
        except (ValueError, RuntimeError):  # one value alone, or none that all trials share
            return {}
        return {key: float(share) for key, share in found.items() if np.isfinite(share)}

    def _all(self, *states: TrialState) -> list[FrozenTrial]:
        return self._study.get_trials(deepcopy=False, states=states or None)

    def _retake(self) -> None:
        """Trials whose process is gone are failed and queued again."""
        for trial in self._all(TrialState.RUNNING):
            name = self._lease(trial.number)
            if self._leases.claim(name):
                told = self._study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
                again = self._setting_of(trial)
                if told.state == TrialState.FAIL and again:
                    self._study.enqueue_trial(dict(again))
                self._leases.release(name)

    def _setting_of(self, trial: FrozenTrial) -> Mapping[str, Any] | None:
        """What it was to try; None where its process ended while that was drawn: it is drawn again alike."""
        wanted = {key for key, given in self.search.space.items() if given.is_active(trial.params)}
        fixed: Mapping[str, Any] | None = trial.system_attrs.get(_FIXED)
        return trial.params if wanted <= trial.params.keys() else fixed

    def _is_own_known(self, known: Sequence[FrozenTrial]) -> bool:
        """Whether the own setting counts already, or anything waits to be tried again before it."""
        return any(
            trial.state == TrialState.WAITING or (_counts(trial) and self._setting_of(trial) == self._own)
            for trial in known
        )

    def _tell(self, trial: Trial, state: TrialState, value: float | None = None) -> None:
        """Drops the result where another process took over because this one seemed dead."""
        name = self._lease(trial.number)
        if self._leases.holds(name):
            self._study.tell(trial, values=value, state=state, skip_if_finished=True)
        self._leases.release(name)

    def _sampler(self, place: int) -> optuna.samplers.BaseSampler:
        """Seeded by the run's seed, the search and the trial's place among those that count."""
        mixed = np.random.SeedSequence((self._seed, self._where, place))
        seed = int(mixed.generate_state(1)[0])
        if self.search.sampler == "random":
            return optuna.samplers.RandomSampler(seed=seed)
        return optuna.samplers.TPESampler(seed=seed, n_startup_trials=self.search.startup)

    def _lease(self, number: int) -> str:
        return f"trial-{self._key}-{number}"

    def _alone(self) -> AbstractContextManager[None]:
        """One process at a time asks."""
        return self._leases.alone(f"ask-{self._key}")


def _suggest(trial: Trial, space: Mapping[str, Range]) -> None:
    """Every setting of the space that is varied beside the others; those that depend on others come last."""
    for key, given in sorted(space.items(), key=lambda item: bool(item[1].when)):
        if not given.is_active(trial.params):
            continue
        low, high = given.ends
        if given.choice is not None:
            trial.suggest_categorical(key, given.choice)
        elif given.is_whole:
            trial.suggest_int(key, int(low), int(high), step=given.step or 1, log=given.is_log)
        else:
            trial.suggest_float(key, low, high, log=given.is_log)


class _MedianOfStep(optuna.pruners.BasePruner):
    """Gives up a trial whose latest value is worse than the median of complete trials at the same step.

    Optuna's MedianPruner compares the trial's best value so far instead, which never gives up what began well.
    """

    def __init__(self, least: int) -> None:
        self._least = least

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        step = trial.last_step
        done = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        others = [other.intermediate_values[step] for other in done if step in other.intermediate_values]
        if step is None or len(others) < self._least:
            return False
        sign = 1 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1
        return bool(sign * trial.intermediate_values[step] > sign * np.median(others))


def _pruner(search: SearchConfig) -> optuna.pruners.BasePruner:
    if search.pruner == "none":
        return optuna.pruners.NopPruner()
    return _MedianOfStep(min(_FEWEST_FOR_MEDIAN, search.startup))


def _counts(trial: FrozenTrial) -> bool:
    """A trial whose process ended does not count: it is tried again."""
    if trial.state == TrialState.FAIL:
        return _ERROR in trial.user_attrs
    return trial.state != TrialState.WAITING


def _as_tried(trial: FrozenTrial) -> Tried:
    is_failed = trial.state == TrialState.FAIL
    so_far = trial.intermediate_values[max(trial.intermediate_values)] if trial.intermediate_values else None
    found, began = trial.user_attrs.get(_FOUND, {}), trial.datetime_start
    return Tried(
        trial.number,
        _STATES[trial.state],
        None if is_failed else trial.value if trial.state == TrialState.COMPLETE else so_far,
        dict(trial.params),
        list(found.get("losses", [])),
        list(found.get("history", [])),
        str(trial.user_attrs.get(_ERROR, _ENDED)) if is_failed else "",
        int(began.timestamp() * 1000) if began else 0,
        trial.duration.total_seconds() if trial.duration else 0.0,
    )
