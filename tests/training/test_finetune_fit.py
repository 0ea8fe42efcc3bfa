"""The loop: what frozen features miss is learned, parts and chunks change nothing, a stop is a resume."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from training.tuning_toys import SIDE, texture_courses, tiny_backbone
from tumorcast.config.finetune import FinetuneConfig
from tumorcast.domain.errors import ConfigError, InputError
from tumorcast.metrics.discrimination import auroc
from tumorcast.slides.discover import SlideFile
from tumorcast.training.finetune import OpenTask, TuningTask, claim
from tumorcast.training.finetune_data import batches, parted, training_patients
from tumorcast.training.finetune_fit import Tuner
from tumorcast.training.finetune_state import TuningState, trained

CPU = torch.device("cpu")
PLAIN = FinetuneConfig(
    rank=4, rate=3e-3, head_rate=3e-3, tiles=4, kept_tiles=6, epochs=12, patience=12, stain=0.0, dropout=0.0
)


def _tuner(monkeypatch, courses, **changes):
    config = PLAIN.model_copy(update=changes)
    return Tuner(tiny_backbone(monkeypatch, "phikon"), config, courses, SIDE, CPU)


def _coloured(folder, n, seed):
    """As `texture_courses`, each responder's tiles darker."""
    courses = texture_courses(folder / "coloured", n, seed)
    for course in courses:
        for slide in course.slides:
            tiles = np.load(slide.path).astype(float) - 60 * course.label
            np.save(slide.path, tiles.clip(0, 255).astype(np.uint8))
    return courses


def test_adapters_learn_a_texture_that_frozen_features_miss(monkeypatch, tmp_path):
    training, held = texture_courses(tmp_path, 24, 0), texture_courses(tmp_path, 12, 1)
    test = texture_courses(tmp_path, 30, 2)
    label = np.array([course.label for course in test])
    found = {}
    for name, rate in (("frozen", 1e-12), ("adapters", 1e-2)):
        tuner = _tuner(monkeypatch, training, rate=rate, rank=8, head_rate=6e-3, tiles=2, batch=4)
        tuner.fit(training, held, tmp_path / name)
        found[name] = auroc(label, tuner.probabilities(test, 6))
    assert found["adapters"] > 0.9
    assert found["frozen"] < 0.75


@pytest.mark.parametrize("change", [{"accumulate": 3}, {"chunk": 5}, {"accumulate": 2, "chunk": 3}])
def test_parts_and_chunks_make_the_same_step(monkeypatch, tmp_path, change):
    courses = texture_courses(tmp_path, 6)
    stepped = []
    for changes in ({}, change):
        tuner = _tuner(monkeypatch, courses, **changes)
        tuner.net.train()
        loss = tuner.step(courses, 0)
        stepped.append((loss, trained(tuner.net)))
    assert stepped[0][0] == pytest.approx(stepped[1][0], rel=1e-5)
    for name, tensor in stepped[0][1].items():
        # Adam's first step has the size of the rate whatever the gradient's: where that is rounding, it differs
        difference = (tensor - stepped[1][1][name]).abs()
        assert float((difference > 1e-4).float().mean()) < 0.02, name


@pytest.mark.parametrize("stain", [0.0, 0.1])
def test_an_interrupted_fit_ends_like_an_undisturbed_one(monkeypatch, tmp_path, stain):
    courses, held = texture_courses(tmp_path, 8), texture_courses(tmp_path, 4, 1)
    changes = {"epochs": 4, "stain": stain, "dropout": 0.25, "method": "lora"}
    whole = _tuner(monkeypatch, courses, **changes)
    told = whole.fit(courses, held, tmp_path / "whole")

    class KilledError(Exception):
        pass

    def kill(text):
        if text.startswith("epoch 1"):
            raise KilledError

    with pytest.raises(KilledError):
        _tuner(monkeypatch, courses, **changes).fit(courses, held, tmp_path / "state", kill)
    resumed = _tuner(monkeypatch, courses, **changes)
    torch.manual_seed(99)
    again = resumed.fit(courses, held, tmp_path / "state")
    assert again.history == told.history
    for name, tensor in trained(whole.net).items():
        assert torch.equal(tensor, trained(resumed.net)[name]), name


def test_only_the_chosen_part_and_the_head_change(monkeypatch, tmp_path):
    courses = texture_courses(tmp_path, 6)
    tuner = _tuner(monkeypatch, courses)
    before = {name: each.clone() for name, each in tuner.net.state_dict().items()}
    tuner.net.train()
    for epoch in range(2):
        tuner.step(courses, epoch)
    changed = {n for n, each in tuner.net.state_dict().items() if not torch.equal(each, before[n])}
    assert changed
    assert all(n.endswith((".up", ".down")) or n.startswith("head.") for n in changed)


def test_without_any_better_epoch_the_encoder_stays_as_it_was(monkeypatch, tmp_path):
    courses = texture_courses(tmp_path, 6)
    tuner = _tuner(monkeypatch, courses, epochs=3, patience=1)
    losses = iter([0.1, 0.5, 0.6, 0.7])
    monkeypatch.setattr(tuner, "inner_loss", lambda _: next(losses))
    state = tuner.fit(courses, courses, tmp_path / "state")
    assert (state.best_epoch, len(state.history)) == (-1, 1)
    ups = [each for name, each in tuner.net.named_parameters() if name.endswith(".up")]
    assert ups
    assert not any(each.any() for each in ups)


def test_tuning_competes_with_a_read_out_that_was_trained(monkeypatch, tmp_path):
    """Colour alone tells the answer: frozen features suffice, and an encoder that is spoilt is not kept."""
    training, held = _coloured(tmp_path, 16, 0), _coloured(tmp_path, 8, 1)
    tuner = _tuner(monkeypatch, training, epochs=3, method="full")
    step = tuner.step

    def spoiling(courses, epoch):
        with torch.no_grad():
            for each in tuner.opened:
                each.add_(torch.randn_like(each))
        return step(courses, epoch)

    monkeypatch.setattr(tuner, "step", spoiling)
    before = {name: each.clone() for name, each in tuner.net.encoder.state_dict().items()}
    untrained = tuner.inner_loss(held)
    state = tuner.fit(training, held, tmp_path / "state")
    assert state.frozen_loss < 0.7 * untrained
    assert state.best_epoch == -1
    assert all(torch.equal(each, before[name]) for name, each in tuner.net.encoder.state_dict().items())
    assert tuner.inner_loss(held) == pytest.approx(state.frozen_loss)


@pytest.mark.parametrize("losses", [[float("nan")], [0.5, float("nan")], [float("inf")]])
def test_a_loss_that_is_no_number_is_told(monkeypatch, tmp_path, losses):
    courses = texture_courses(tmp_path, 6)
    tuner = _tuner(monkeypatch, courses, epochs=3)
    given = iter(losses)
    monkeypatch.setattr(tuner, "inner_loss", lambda _: next(given))
    with pytest.raises(InputError, match="not finite"):
        tuner.fit(courses, courses, tmp_path / "state")


def test_tiles_are_drawn_anew_each_epoch_and_alike_each_time(tmp_path):
    course = texture_courses(tmp_path, 1)[0]
    first = course.tiles(3, 0, 0.1, 5)
    assert np.array_equal(first, course.tiles(3, 0, 0.1, 5))
    assert not np.array_equal(first, course.tiles(3, 1, 0.1, 5))
    assert np.array_equal(course.fixed_tiles(3, 5), course.fixed_tiles(3, 5))
    assert course.tiles(99, 0, 0.0, 5).shape == (6, SIDE, SIDE, 3)


def test_an_epoch_sees_each_course_once_in_its_own_order(tmp_path):
    courses = texture_courses(tmp_path, 7)
    orders = [[c.number for batch in batches(courses, 3, epoch, 0) for c in batch] for epoch in range(2)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(7))
    assert orders[0] != orders[1]


def test_patients_decide_when_to_stop_or_are_trained_on_never_both(tmp_path):
    courses = texture_courses(tmp_path, 12)
    twice = [
        *courses,
        *(c.__class__(f"{c.patient_id}-L2", c.patient_id, c.label, c.slides, 50) for c in courses),
    ]
    table = pd.DataFrame(
        {
            "patient_id": [c.patient_id for c in twice], "response": [c.label for c in twice],
            "site": "", "is_event": np.nan,
        },
        index=[c.course_id for c in twice],
    )  # fmt: skip
    training, held = parted(table, twice, 4, 0)
    assert len(training) + len(held) == 24
    assert held
    assert not {c.patient_id for c in training} & {c.patient_id for c in held}


def test_a_fold_of_ids_that_the_study_does_not_have_is_refused(tmp_path):
    study = SimpleNamespace(patients=pd.DataFrame(index=[" P0", "P1", "P2"]))
    path = tmp_path / "splits.csv"
    path.write_text("patient_id,fold\nP0 ,0\nP1,1\nP2,1\n", encoding="utf-8")
    assert training_patients(study, path, "fold0") == {"P1", "P2"}
    path.write_text("patient_id,fold\nP0-A,0\nP1,0\nP2,1\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"test patients of fold0[^@]*1 of 2"):
        training_patients(study, path, "fold0")


@pytest.mark.parametrize("change", ["response", "patient", "slides", "size", "precision"])
def test_a_fine_tuning_goes_on_with_the_same_labels_slides_and_precision_alone(tmp_path, change):
    slide = tmp_path / "S0.svs"
    slide.write_bytes(b"1234")

    def identity(response=1.0, patient="P0", slides=("S0",), precision="auto"):
        courses = pd.DataFrame(
            {"patient_id": patient, "response": response, "slides": [slides]}, index=["P0-L1"]
        )
        config = PLAIN.model_copy(update={"precision": precision})
        task = TuningTask("e", tmp_path, tmp_path, config)
        backbone, study = SimpleNamespace(id="e", weights_sha256=""), SimpleNamespace(study_id="s")
        opened = OpenTask(task, backbone, study, courses, [SlideFile("S0", slide, "S0")])
        return {**opened.identity(), "config": ""}

    claim(tmp_path / "out", identity())
    claim(tmp_path / "out", identity())
    changed = {"response": 0.0, "patient": "P1", "slides": ("S0", "S1"), "precision": "bf16"}
    if change == "size":
        slide.write_bytes(b"12345")
    with pytest.raises(ConfigError, match="another fine-tuning"):
        claim(tmp_path / "out", identity(**{k: v for k, v in changed.items() if k == change}))


def test_the_state_waits_from_its_best_epoch():
    state = TuningState(epoch=7, best_epoch=4)
    assert state.waited == 3
