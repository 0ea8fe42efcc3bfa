"""Stopped within an epoch, by a signal or by a kill: the same call ends with the weights of an undisturbed one."""

from __future__ import annotations

import math
import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path

import pytest
import torch

from fit_toy_member import MODEL, SETTINGS, fitted
from tumorcast.domain.errors import InputError
from tumorcast.training import fit as fit_room
from tumorcast.training.checkpoint import RESUME_FILE, is_over
from tumorcast.training.stop import EXIT_CODE, Stopped, Wish

ROOT = Path(__file__).resolve().parents[2]
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, SIGUSR1")
EAGER = SETTINGS.model_copy(update={"checkpoint_minutes": 1e-9})
"""Writes its state before every step."""


def same(ours: dict[str, torch.Tensor], theirs: dict[str, torch.Tensor], within: float = 0) -> None:
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, atol=within, rtol=0, msg=f"{name} differs")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return fitted(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(
    ("place", "workers"),
    [
        ((0, 0), 0), ((0, 3), 0), ((1, 1), 0), ((2, 4), 0),
        pytest.param((0, 0), 1, marks=pytest.mark.heavy), pytest.param((1, 1), 1, marks=pytest.mark.heavy),
    ],
)  # fmt: skip
def test_a_signal_in_any_step_and_the_same_call_goes_on_exactly(
    tmp_path, monkeypatch, undisturbed, place, workers
):
    """Launchers send it to the whole process group: loading processes get it too, just begun or not."""
    original, steps = fit_room.CourseModule.training_step, []
    settings = SETTINGS.model_copy(update={"workers": workers})

    def training_step(self, batch, batch_idx):
        steps.append((self.current_epoch, batch_idx))
        if steps[-1] == place:
            for loading in multiprocessing.active_children():
                os.kill(loading.pid, signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.2 * workers)
        return original(self, batch, batch_idx)

    before = signal.getsignal(signal.SIGTERM)
    with monkeypatch.context() as patch:
        patch.setattr(fit_room.CourseModule, "training_step", training_step)
        with pytest.raises(Stopped) as stopped:
            fitted(tmp_path, settings)
        assert stopped.value.code == EXIT_CODE
        assert steps[-1] == place
    assert (tmp_path / "member.json").exists() == (place == (2, 4))
    assert signal.getsignal(signal.SIGTERM) is before
    assert multiprocessing.active_children() == []
    again = fitted(tmp_path, settings)
    same(again.predictor.state_dict(), undisturbed.predictor.state_dict())
    assert again.history == undisturbed.history


@pytest.mark.parametrize(
    "more", [{}, pytest.param({"workers": 1}, marks=pytest.mark.heavy), {"accumulate": 2}]
)
def test_killed_after_any_written_state_the_rest_is_the_same(tmp_path, monkeypatch, undisturbed, more):
    """The last state counts; loaders with workers draw the same; none is written while gradients wait for more."""
    original, settings = fit_room.CourseModule.training_step, EAGER.model_copy(update=more)
    if "accumulate" in more:
        undisturbed = fitted(tmp_path / "undisturbed", SETTINGS.model_copy(update=more))
    for place in [(0, 2), (1, 0), (1, 4)]:

        def training_step(self, batch, batch_idx, place=place):
            if (self.current_epoch, batch_idx) == place:
                raise InterruptedError
            return original(self, batch, batch_idx)

        with monkeypatch.context() as patch:
            patch.setattr(fit_room.CourseModule, "training_step", training_step)
            with pytest.raises(InterruptedError):
                fitted(tmp_path, settings)
    again = fitted(tmp_path, settings)
    same(again.predictor.state_dict(), undisturbed.predictor.state_dict())
    assert again.history == undisturbed.history


def test_a_newest_state_that_cannot_be_read_gives_way_to_the_one_before(
    tmp_path, monkeypatch, undisturbed, capsys
):
    original = fit_room.CourseModule.training_step

    def training_step(self, batch, batch_idx):
        if (self.current_epoch, batch_idx) == (1, 2):
            raise InterruptedError
        return original(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(fit_room.CourseModule, "training_step", training_step)
        with pytest.raises(InterruptedError):
            fitted(tmp_path, EAGER)
    newest = tmp_path / RESUME_FILE
    newest.write_bytes(newest.read_bytes()[:5000])
    again = fitted(tmp_path)
    assert "an older state is used" in capsys.readouterr().err
    same(again.predictor.state_dict(), undisturbed.predictor.state_dict())
    assert again.history == undisturbed.history
    assert sorted(path.name for path in tmp_path.iterdir()) == ["member.json", "weights.safetensors"]


def test_a_network_without_a_finite_loss_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(fit_room, "_loss_on", lambda *_: math.nan)
    with pytest.raises(InputError, match="no numbers"):
        fitted(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_killed_with_dropout_the_rest_is_the_same(tmp_path, monkeypatch):
    """The masks of a step depend on its place, not on the steps before it."""
    model = MODEL.model_copy(update={"dropout": 0.3})
    whole = fitted(tmp_path / "whole", model=model)
    assert whole.history != fitted(tmp_path / "none").history
    original = fit_room.CourseModule.training_step

    def training_step(self, batch, batch_idx):
        if (self.current_epoch, batch_idx) == (1, 3):
            raise InterruptedError
        return original(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(fit_room.CourseModule, "training_step", training_step)
        with pytest.raises(InterruptedError):
            fitted(tmp_path / "killed", EAGER, model)
    again = fitted(tmp_path / "killed", SETTINGS, model)
    same(again.predictor.state_dict(), whole.predictor.state_dict())
    assert again.history == whole.history


@pytest.mark.parametrize(
    ("losses", "over"),
    [([], False), ([3, 2, 1], False), ([1, 2, 1], True), ([2, 1, 1], False), ([1, math.nan], True)],
)
def test_training_is_over_where_the_inner_loss_has_stopped_falling(losses, over):
    assert is_over([{"val_loss": float(loss)} for loss in losses], patience=2) is over


def test_killed_after_stopping_early_no_epoch_is_added(tmp_path, monkeypatch):
    settings = SETTINGS.model_copy(update={"patience": 1, "max_epochs": 30, "lr": 0.3})
    whole = fitted(tmp_path / "whole", settings)
    assert len(whole.history) < 30

    def killed(*_):
        raise InterruptedError

    with monkeypatch.context() as patch:
        patch.setattr(fit_room, "save_weights", killed)
        with pytest.raises(InterruptedError):
            fitted(tmp_path / "killed", settings)
    again = fitted(tmp_path / "killed", settings)
    assert again.history == whole.history
    same(again.predictor.state_dict(), whole.predictor.state_dict())


def test_of_several_wishes_the_greatest_counts():
    assert max(Wish.NOTHING, Wish.WRITE, Wish.STOP) is Wish.STOP
