"""Trials of a search: exactly as many as wanted, whoever asks, and whenever a process is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

from tumorcast.config.space import Range, SearchConfig
from tumorcast.domain.errors import ConfigError, InputError
from tumorcast.readers import file_systems
from tumorcast.slides.leases import Leases
from tumorcast.training import search_storage, search_trials
from tumorcast.training.search_storage import open_storage, told_address
from tumorcast.training.search_trials import Trials

SPACE = {
    "training.lr": Range(log_uniform=(1e-4, 1e-1)),
    "model.width": Range(choice=(16, 32, 64)),
    "model.graph_layers": Range(integer=(1, 3), when={"model.width": [32, 64]}),
}
OWN = {"training.lr": 1e-3, "model.width": 16}


def search(**words) -> SearchConfig:
    return SearchConfig(space=SPACE, **{"trials": 8, "startup": 3} | words)


def open_trials(folder: Path, leases: Leases, own=OWN, **words) -> Trials:
    settings = search(**words)
    return Trials("s", settings, open_storage(settings.storage, folder, leases), leases, 5, own)


def objective(values) -> float:
    return (
        abs(values["training.lr"] - 0.01)
        + (values["model.width"] != 32)
        + values.get("model.graph_layers", 0)
    )


def work(trials: Trials, most: int = 100) -> None:
    while most and (trial := trials.ask()):
        trials.complete(trial, objective(trial.params))
        most -= 1


@pytest.fixture
def leases(tmp_path):
    with Leases(tmp_path / "leases") as held:
        yield held


def test_the_own_setting_is_first_and_a_condition_is_kept(tmp_path, leases):
    trials = open_trials(tmp_path, leases)
    work(trials)
    tried = trials.tried()
    assert len(tried) == 8
    assert tried[0].values == OWN
    assert {("model.graph_layers" in t.values) == (t.values["model.width"] != 16) for t in tried} == {True}
    assert trials.chosen().value == min(t.value for t in tried)


def test_outside_the_space_the_own_setting_is_no_trial(tmp_path, leases):
    trials = open_trials(tmp_path, leases, own=None)
    work(trials)
    assert OWN not in [trial.values for trial in trials.tried()]


@pytest.mark.parametrize("storage", [None, "journal"])
def test_stopped_after_each_trial_it_proposes_what_an_undisturbed_one_does(tmp_path, leases, storage):
    def at(name: str) -> Trials:
        address = f"journal:///{tmp_path / name}.log" if storage else None
        return open_trials(tmp_path / name, leases, storage=address)

    (tmp_path / "a").mkdir()
    work(at("a"))
    for _ in range(9):
        work(at("b"), most=1)
    assert [t.values for t in at("b").tried()] == [t.values for t in at("a").tried()]


def test_what_is_drawn_depends_on_seed_and_search_not_on_the_runs_name(tmp_path, leases):
    drawn = []
    for name, where in (("a", "fold0"), ("b", "fold0"), ("c", "fold1")):
        storage = open_storage(None, tmp_path / name, leases)
        trials = Trials(name, search(trials=5), storage, leases, 5, OWN, where)
        work(trials)
        drawn.append([trial.values for trial in trials.tried()])
    assert drawn[0] == drawn[1] != drawn[2]


KILLED = """
import os, sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from test_search_trials import open_trials
from tumorcast.slides.leases import Leases
folder = Path(sys.argv[1])
trials = open_trials(folder, Leases(folder / "leases").__enter__())
trials.complete(trials.ask(), 5.0)
trial = trials.ask()
print(trial.params, flush=True)
os.kill(os.getpid(), 9)
"""


def test_a_killed_workers_trial_is_tried_again_and_none_is_lost_or_doubled(tmp_path, leases):
    here = Path(__file__).resolve()
    paths = [str(here.parent), str(here.parents[1]), str(here.parents[2] / "src")]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), *paths], capture_output=True, text=True
    )
    assert done.returncode == -9, done.stderr
    trials = open_trials(tmp_path, leases)
    work(trials)
    tried = trials.tried()
    failed = [trial for trial in tried if trial.state == "failed"]
    assert [str(trial.values) for trial in failed] == [done.stdout.strip()]
    assert "its process ended" in failed[0].reason
    complete = [trial for trial in tried if trial.state == "complete"]
    assert len(complete) == 8
    assert complete[1].values == failed[0].values
    assert len({str(trial.values) for trial in complete}) == 8


@pytest.mark.parametrize("drawn", [(), ("training.lr",)])
def test_the_own_setting_is_tried_though_a_process_ends_while_drawing_it(tmp_path, monkeypatch, drawn):
    def ends(trial, space) -> None:
        for key in drawn:
            trial.suggest_float(key, *space[key].ends, log=True)
        raise KeyboardInterrupt

    with Leases(tmp_path / "first") as first, monkeypatch.context() as patch:
        patch.setattr(search_trials, "_suggest", ends)
        with pytest.raises(KeyboardInterrupt):
            open_trials(tmp_path, first).ask()
    with Leases(tmp_path / "second") as second:
        trials = open_trials(tmp_path, second)
        work(trials)
        tried = trials.tried()
    assert [trial.values == OWN for trial in tried] == [False, True] + [False] * 7
    assert tried[0].state == "failed"


def test_a_setting_drawn_in_part_is_drawn_again_not_queued(tmp_path, monkeypatch):
    def ends(trial, space) -> None:
        trial.suggest_categorical("model.width", space["model.width"].choice)
        raise KeyboardInterrupt

    (tmp_path / "calm").mkdir()
    with Leases(tmp_path / "leases") as calm:
        undisturbed = open_trials(tmp_path / "calm", calm, own=None)
        work(undisturbed)
    with Leases(tmp_path / "first") as first, monkeypatch.context() as patch:
        patch.setattr(search_trials, "_suggest", ends)
        with pytest.raises(KeyboardInterrupt):
            open_trials(tmp_path, first, own=None).ask()
    with Leases(tmp_path / "second") as second:
        trials = open_trials(tmp_path, second, own=None)
        work(trials)
    assert [t.values for t in trials.tried()[1:]] == [t.values for t in undisturbed.tried()]


def test_workers_share_one_search(tmp_path):
    def one() -> None:
        with Leases(tmp_path / "leases") as own:
            work(open_trials(tmp_path, own, trials=20))

    team = [Thread(target=one) for _ in range(3)]
    for worker in team:
        worker.start()
    for worker in team:
        worker.join()
    with Leases(tmp_path / "leases") as own:
        tried = open_trials(tmp_path, own, trials=20).tried()
    assert [trial.state for trial in tried] == ["complete"] * 20


def test_what_fails_counts_and_is_told(tmp_path, leases):
    trials = open_trials(tmp_path, leases, trials=2)
    while trial := trials.ask():
        trials.fail(trial, "out of memory")
    assert [trial.reason for trial in trials.tried()] == ["out of memory"] * 2
    with pytest.raises(InputError, match="out of memory"):
        trials.chosen()


def test_a_trial_worse_than_others_at_its_point_is_pruned(tmp_path, leases):
    trials = open_trials(tmp_path, leases, trials=6, startup=2)
    for value in (1.0, 2.0, 3.0):
        trial = trials.ask()
        for step in (1, 2, 3):
            trial.report(value, step)
        trials.complete(trial, value)
    bad = trials.ask()
    bad.report(9.0, 1)
    assert bad.should_prune()
    trials.prune(bad)
    assert (trials.tried()[-1].state, trials.tried()[-1].value) == ("pruned", 9.0)
    assert trials.chosen().value == 1.0


def test_what_began_well_is_pruned_where_it_falls_behind(tmp_path, leases):
    trials = open_trials(tmp_path, leases, trials=6, startup=2)
    for _ in range(2):
        trial = trials.ask()
        for step in (1, 2, 3):
            trial.report(0.6, step)
        trials.complete(trial, 0.6)
    trial = trials.ask()
    trial.report(0.5, 1)
    assert not trial.should_prune()
    trial.report(9.0, 2)
    assert trial.should_prune()


def test_an_owner_that_was_taken_for_dead_drops_its_result(tmp_path):
    with Leases(tmp_path / "leases") as slow, Leases(tmp_path / "leases") as other:
        first = open_trials(tmp_path, slow)
        trial = first.ask()
        name = first._lease(trial.number)
        slow.release(name)  # as if it had not been touched for long
        work(open_trials(tmp_path, other))
        first.note(trial, [0.0], [])
        first.fail(trial, "late")
        first.complete(trial, 0.0)
        tried = first.tried()
    assert (tried[0].state, tried[0].losses) == ("failed", [])
    assert "its process ended" in tried[0].reason
    assert len([t for t in tried if t.state == "complete"]) == 8


def test_a_database_file_that_machines_share_is_refused_and_a_journal_is_used(tmp_path, leases, monkeypatch):
    monkeypatch.setattr(file_systems, "shared_type", lambda path, mounts=None: "nfs4")
    with pytest.raises(ConfigError, match=r"search\.storage.*\n.*nfs4") as caught:
        open_storage(f"sqlite:///{tmp_path}/x.db", tmp_path, leases)
    assert "journal" in str(caught.value.fix)
    monkeypatch.setattr(search_storage, "shared_type", lambda path: "nfs4")
    open_storage(None, tmp_path, leases)
    assert (tmp_path / "search.journal").exists()
    assert not list(tmp_path.glob("*.db"))


def test_a_password_is_not_told(tmp_path, leases):
    assert "secret" not in told_address("postgresql+psycopg2://me:secret@127.0.0.1:1/x")
    with pytest.raises(ConfigError) as caught:
        open_storage("postgresql+psycopg2://me:secret@127.0.0.1:1/x", tmp_path, leases)
    assert "secret" not in str(caught.value)
