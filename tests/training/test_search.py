"""A search chooses on inner folds alone, finds what was planted, and goes on where it stopped."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tumorcast.cohort.splits import Fold
from tumorcast.config.search import load_search
from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.slides.leases import Leases
from tumorcast.training.choice import InnerFolds, as_chosen
from tumorcast.training.fit import Member
from tumorcast.training.search import Search
from tumorcast.training.search_records import write_records
from tumorcast.training.search_storage import open_storage

PARTS = tuple(Fold(f"inner{k}", ("a", "b"), ("c",)) for k in range(3))
WORDS = ["name=x", "data.study=s", "search={trials: 12, startup: 6, space: {model.width: {choice: [16, 32, 64]}, "
         "training.lr: {log_uniform: [1e-4, 1e-1]}}}"]  # fmt: skip


def planted_loss(model, settings) -> float:
    return (math.log10(settings.lr) + 1.5) ** 2 + (0.0 if model.width == 64 else 1.0)


@dataclass(frozen=True)
class FakeInner(InnerFolds):
    """Members without networks, whose loss is a formula of the setting."""

    calls: list = None  # type: ignore[assignment]
    loss: object = staticmethod(planted_loss)

    def fit(self, folder, model, settings, number):
        self.calls.append((folder, number))
        (folder / self.parts[number].name).mkdir(parents=True, exist_ok=True)
        loss = self.loss(model, settings) + 0.01 * number
        return Member(None, loss, [{"epoch": 0.0, "train_loss": 1.0, "val_loss": loss}])  # type: ignore[arg-type]


def inner(tmp_path: Path, config, model: str = "fused", loss=planted_loss) -> FakeInner:
    work = SimpleNamespace(config=config, folder=tmp_path)
    folder = tmp_path / "fold0" / model
    return FakeInner(work, "fold0", model, None, {}, PARTS, folder, calls=[], loss=loss)  # type: ignore[arg-type]


@pytest.fixture
def begun(tmp_path):
    """(config, search, told lines)"""
    config, search = load_search(WORDS)
    told: list[str] = []
    with Leases(tmp_path / "leases") as leases:
        yield config, Search(search, "id", open_storage(None, tmp_path, leases), leases, told.append), told


def test_a_planted_better_setting_is_found(tmp_path, begun):
    config, search, told = begun
    folds = inner(tmp_path, config)
    members = search.choose(folds)
    chosen = search.chosen["fold0"]["fused"]
    assert chosen["model.width"] == 64
    assert planted_loss(config.model.model_copy(update={"width": 64}),
                        config.training.model_copy(update={"lr": chosen["training.lr"]})) < 0.5  # fmt: skip
    assert sum(member.loss for member in members) < sum(member.loss for member in search.default(folds))
    assert "trial 12 of 12" in "\n".join(told)
    assert any("left" in line for line in told)


def test_a_finished_search_is_read_back(tmp_path, begun):
    config, search, _ = begun
    search.choose(inner(tmp_path, config))
    again = inner(tmp_path, config)
    search.choose(again)
    assert len(again.calls) == len(PARTS)
    assert len({folder for folder, _ in again.calls}) == 1
    assert as_chosen(again)
    assert again.calls[-1][0] == again.calls[0][0]


def test_weights_of_what_was_not_chosen_are_removed(tmp_path, begun):
    config, search, _ = begun
    search.choose(inner(tmp_path, config))
    assert 1 <= len(list((tmp_path / "fold0" / "search" / "fused").iterdir())) <= 2


def test_one_modality_alone_gets_the_setting_chosen_for_all(tmp_path, begun):
    config, search, _ = begun
    search.choose(inner(tmp_path, config))
    single = inner(tmp_path, config, "clinical")
    seen: list[float] = []
    object.__setattr__(single, "loss", lambda model, settings: seen.append(settings.lr) or 0.0)
    search.choose(single)
    assert set(seen) == {search.chosen["fold0"]["fused"]["training.lr"]}
    assert "clinical" not in search.tried["fold0"]


def test_a_setting_that_fails_sinks_nothing_and_is_told(tmp_path, begun):
    config, search, told = begun

    def loss(model, settings):
        if model.width == 64:
            raise RuntimeError("CUDA out of memory")
        return math.nan if model.width == 16 else 1.0 + settings.lr

    search.choose(inner(tmp_path, config, loss=loss))
    assert search.chosen["fold0"]["fused"]["model.width"] == 32
    reasons = {trial.reason for trial in search.tried["fold0"]["fused"] if trial.state == "failed"}
    assert reasons <= {
        "RuntimeError: CUDA out of memory",
        "ArithmeticError: the objective of inner0 is not a number",
    }
    assert len(search.tried["fold0"]["fused"]) == 12
    assert any("failed: " in line for line in told)


def test_where_everything_fails_the_reason_is_told(tmp_path, begun):
    config, search, _ = begun

    def loss(model, settings):
        raise RuntimeError("no memory")

    with pytest.raises(InputError, match="no memory"):
        search.choose(inner(tmp_path, config, loss=loss))


def test_a_lost_gpu_costs_no_trial(tmp_path, begun):
    config, search, _ = begun

    def loss(model, settings):
        raise RuntimeError("CUDA error: an illegal memory access was encountered\nCUDA kernel errors ...")

    lost = inner(tmp_path, config, loss=loss)
    with pytest.raises(TumorcastError, match="illegal memory access"):
        search.choose(lost)
    assert len(lost.calls) == 1
    search.choose(inner(tmp_path, config))
    tried = search.tried["fold0"]["fused"]
    assert [trial.state for trial in tried[1:]].count("failed") == 0
    assert len(tried) == 13
    assert "its process ended" in tried[0].reason
    assert tried[1].values == tried[0].values


def test_failures_in_a_row_end_the_process_and_leave_trials(tmp_path, begun):
    config, search, _ = begun

    def loss(model, settings):
        raise RuntimeError("cuDNN is broken")

    folds = inner(tmp_path, config, loss=loss)
    with pytest.raises(InputError, match=r"8 trials in a row failed[^$]*cuDNN is broken"):
        search.choose(folds)
    assert len(folds.calls) == 8


def test_a_worker_taken_for_dead_drops_its_result_and_goes_on(tmp_path, begun):
    config, search, told = begun
    with Leases(tmp_path / "leases") as leases:
        other = Search(search.search, "id", open_storage(None, tmp_path, leases), leases, told.append)
        folds, taken = inner(tmp_path, config), []

        def loss(model, settings):
            if not taken:
                taken.append(other._trials(folds))
                search._leases.release(next(name for name in search._leases._held if "trial" in name))
                taken[0].ask()
            return planted_loss(model, settings)

        object.__setattr__(folds, "loss", loss)
        search.help(folds, should_stop=lambda: any("taken over" in line for line in told))
        tried = taken[0].tried()
    assert "taken over by another process" in "\n".join(told)
    assert not any(" failed: " in line for line in told)
    assert [trial.state for trial in tried] == ["failed"]
    assert "its process ended" in tried[0].reason


def test_trials_and_pictures_are_written(tmp_path, begun):
    config, search, _ = begun
    search.choose(inner(tmp_path, config))
    write_records(tmp_path, search.search, search, is_simulated=True)
    table = (tmp_path / "trials.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 13
    assert "model.width,training.lr" in table[0]
    assert sum(",True," in line for line in table) == 1
    assert (tmp_path / "figures" / "search_fold0.png").stat().st_size > 10_000
    assert '"importances"' in (tmp_path / "search.json").read_text(encoding="utf-8")
