"""Fitting: it learns, shuffled labels teach nothing, and a resumed run equals one that never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from toy_courses import toy_course, toy_labels, toy_preprocessor
from tumorcast.config.models import ModelConfig, TrainingConfig
from tumorcast.training import fit as fit_room
from tumorcast.training.fit import fit_member
from tumorcast.training.inference import predict

MODEL = ModelConfig(width=16, heads=("response",))
SETTINGS = TrainingConfig(
    lr=3e-3, batch_size=8, max_epochs=8, patience=8, max_tiles=5, accelerator="cpu", devices=1
)
ONE_EPOCH = SETTINGS.model_copy(update={"max_epochs": 1})


def planted(count: int):
    """Courses whose response is written into one expressed gene set."""
    courses = [toy_course(n, n_tiles=4 + n % 9) for n in range(count)]
    labels = toy_labels(courses)
    for i, course in enumerate(courses):
        shift = 1.5 * (2 * labels["response"].iloc[i] - 1)
        values = course.layers["expression"].copy()
        values[:5] += shift
        courses[i] = replace(course, layers={**course.layers, "expression": values.astype(np.float32)})
    return courses, labels


def fit(folder: Path, settings: TrainingConfig = SETTINGS):
    courses, labels = planted(40)
    return fit_member(folder, toy_preprocessor(), courses[:30], courses[30:], labels, MODEL, settings, seed=3)


def weights(member) -> dict[str, torch.Tensor]:
    return member.predictor.state_dict()


def test_a_planted_effect_is_learned(tmp_path):
    member = fit(tmp_path, SETTINGS.model_copy(update={"max_epochs": 25}))
    courses, labels = planted(60)
    probability = predict(member.predictor, courses[40:], "response")
    response = labels["response"].to_numpy()[40:]
    assert probability[response == 1].mean() > probability[response == 0].mean() + 0.3
    assert member.loss < 0.45


def test_dropout_is_active_in_training_steps_and_not_in_validation(tmp_path, monkeypatch):
    modes = {"training_step": set(), "validation_step": set()}
    for name, seen in modes.items():
        original = getattr(fit_room.CourseModule, name)

        def step(self, batch, batch_idx, original=original, seen=seen):
            seen.update(part.training for part in self.predictor.modules())
            return original(self, batch, batch_idx)

        monkeypatch.setattr(fit_room.CourseModule, name, step)
    fit(tmp_path, ONE_EPOCH)
    assert modes == {"training_step": {True}, "validation_step": {False}}


@pytest.mark.heavy
@pytest.mark.timeout(900)
def test_a_compiled_step_has_the_same_losses(tmp_path):
    courses, labels = planted(40)
    plain = MODEL.model_copy(update={"dropout": 0.0})
    losses = []
    for compiled in (False, True):
        settings = SETTINGS.model_copy(update={"max_epochs": 2, "compile": compiled})
        folder = tmp_path / str(compiled)
        member = fit_member(
            folder, toy_preprocessor(), courses[:30], courses[30:], labels, plain, settings, seed=3
        )
        losses.append([epoch["val_loss"] for epoch in member.history])
    assert losses[1] == pytest.approx(losses[0], abs=1e-4)
    assert len(set(losses[0])) == 2


class Stopped(BaseException):
    """A kill in the middle of training."""


def test_interrupted_twice_the_run_ends_with_the_same_weights(tmp_path, monkeypatch):
    settings = SETTINGS.model_copy(update={"max_epochs": 4})
    unbroken = fit(tmp_path / "unbroken", settings)
    original = fit_room.CourseModule.training_step
    for stop_at in (1, 3):

        def training_step(self, batch, batch_idx, stop_at=stop_at):
            if self.current_epoch == stop_at and batch_idx == 2:
                raise Stopped
            return original(self, batch, batch_idx)

        with monkeypatch.context() as patch:
            patch.setattr(fit_room.CourseModule, "training_step", training_step)
            with pytest.raises(Stopped):
                fit(tmp_path / "stopped", settings)
    resumed = fit(tmp_path / "stopped", settings)
    for name, tensor in weights(unbroken).items():
        torch.testing.assert_close(weights(resumed)[name], tensor, atol=1e-6, rtol=0)
    assert resumed.loss == pytest.approx(unbroken.loss, abs=1e-6)
    assert [e["epoch"] for e in resumed.history] == [e["epoch"] for e in unbroken.history]


def test_a_finished_member_is_read_back_and_not_fitted_again(tmp_path, monkeypatch):
    first = fit(tmp_path, ONE_EPOCH)

    def refuse(*_args, **_kwargs):
        raise RuntimeError("fitted again")

    monkeypatch.setattr(fit_room, "make_trainer", refuse)
    again = fit(tmp_path, ONE_EPOCH)
    assert again.history == first.history
    for name, tensor in weights(first).items():
        torch.testing.assert_close(weights(again)[name], tensor, atol=0, rtol=0)
