"""The number of processes changes nothing; contradictions with what was started are refused."""

from __future__ import annotations

import json
import re

import pytest
import torch
from safetensors.torch import load_file

from fit_toy_member import MODEL, SETTINGS, fitted, together
from toy_courses import toy_course, toy_labels
from tumorcast.batches.dataset import CourseDataset, EpochSampler, SharedBatches
from tumorcast.config.models import TrainingConfig
from tumorcast.domain.errors import ConfigError
from tumorcast.training import fit as fit_room
from tumorcast.training.processes import layout

_WITHOUT_GRADIENT = re.compile(r"(summarise\.\d|score|correction|read_out\.\d\.1)\.bias|of keys")
"""What a softmax or Cox's likelihood does not see: the gradient is rounding, of which the optimiser makes steps."""


@pytest.mark.parametrize("world", [1, 2, 3, 5])
def test_every_course_is_in_one_share_of_the_same_global_batch(world):
    courses = [toy_course(n) for n in range(22)]
    sampler = EpochSampler(CourseDataset(courses, toy_labels(courses)), 4)
    sampler.set_epoch(2)
    alone = list(SharedBatches(sampler, 7))
    shares = [list(SharedBatches(sampler, 7, rank, world)) for rank in range(world)]
    assert sorted(i for batch in alone for i in batch) == list(range(22))
    for number, batch in enumerate(alone):
        parts = [[i for i in share[number] if i >= 0] for share in shares]
        assert sorted(i for part in parts for i in part) == sorted(batch)
        assert all(len(share[number]) >= 1 for share in shares)


def test_a_stand_in_has_no_labels():
    courses = [toy_course(n) for n in range(3)]
    dataset = CourseDataset(courses, toy_labels(courses))
    batch = dataset.collate([dataset[~1]])
    assert batch.place.tolist() == [1]
    assert all(torch.isnan(label).all() for label in batch.labels)


@pytest.mark.heavy
def test_two_processes_end_where_one_does(tmp_path):
    together(2, tmp_path / "two")
    alone = fitted(tmp_path / "alone")
    told = json.loads((tmp_path / "two" / "member" / "member.json").read_text())
    assert told["val_loss"] == pytest.approx(alone.loss, abs=1e-6)
    assert len(alone.history) == 3
    for ours, theirs in zip(told["history"], alone.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)
    shared = load_file(tmp_path / "two" / "member" / "weights.safetensors")
    differences = {}
    for name, tensor in alone.predictor.state_dict().items():
        apart = (shared[name] - tensor).abs()
        if name.endswith("query_key_value.bias"):
            queries, keys, values = apart.chunk(3)
            differences[f"{name} of keys"] = float(keys.max())
            apart = torch.cat([queries, values])
        differences[name] = float(apart.max())
    assert {n: d for n, d in differences.items() if d > 5e-6 and not _WITHOUT_GRADIENT.search(n)} == {}


@pytest.mark.heavy
def test_a_process_whose_share_does_not_reach_every_parameter_keeps_step(tmp_path):
    model = {"kind": "clam", "rival_width": 16}
    together(2, tmp_path / "two", model)
    alone = fitted(tmp_path / "alone", model=MODEL.model_copy(update=model))
    told = json.loads((tmp_path / "two" / "member" / "member.json").read_text())
    assert told["val_loss"] == pytest.approx(alone.loss, abs=1e-5)


@pytest.mark.heavy
def test_a_run_begun_alone_goes_on_with_two_processes_of_srun(tmp_path, monkeypatch):
    original, member = fit_room.CourseModule.training_step, tmp_path / "two" / "member"

    def training_step(self, batch, batch_idx):
        if (self.current_epoch, batch_idx) == (1, 3):
            raise InterruptedError
        return original(self, batch, batch_idx)

    with monkeypatch.context() as patch:
        patch.setattr(fit_room.CourseModule, "training_step", training_step)
        with pytest.raises(InterruptedError):
            fitted(member, SETTINGS.model_copy(update={"checkpoint_minutes": 1e-9}))
    together(2, tmp_path / "two", starter="srun")
    steps = (tmp_path / "two" / "steps.0").read_text().splitlines()
    assert sorted(step.rsplit(" ", 1)[0] for step in steps)[:4] == ["1 3", "1 3", "1 4", "1 4"]
    told, alone = json.loads((member / "member.json").read_text()), fitted(tmp_path / "alone")
    for ours, theirs in zip(told["history"], alone.history, strict=True):
        assert ours == pytest.approx(theirs, abs=1e-6)


TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "1",
    "WORLD_SIZE": "8",
    "LOCAL_WORLD_SIZE": "4",
    "RANK": "5",
    "LOCAL_RANK": "1",
}
SRUN = {"SLURM_STEP_NUM_TASKS": "6", "SLURM_STEP_NUM_NODES": "3", "SLURM_NTASKS": "6", "SLURM_PROCID": "2"}


@pytest.mark.parametrize(("environ", "nodes", "devices"), [(TORCHRUN, 2, 4), (SRUN, 3, 2), ({}, 1, "auto")])
def test_what_was_started_is_what_is_used(environ, nodes, devices):
    found = layout(TrainingConfig(), environ)
    assert (found.num_nodes, found.devices) == (nodes, devices)


@pytest.mark.parametrize(
    ("environ", "settings", "words"),
    [
        (TORCHRUN, {"devices": 8}, "torchrun started 4"),
        (TORCHRUN, {"num_nodes": 1}, "torchrun started 2"),
        (SRUN, {"num_nodes": 2}, "srun started 3"),
        (SRUN | {"SLURM_STEP_NUM_TASKS": "7"}, {}, "same number of processes"),
        (SRUN | {"SLURM_STEP_NUM_TASKS": "8"}, {}, "same number of processes"),
        (TORCHRUN | {"GROUP_WORLD_SIZE": "3"}, {}, "same number of processes"),
        ({}, {"num_nodes": 2}, "neither torchrun nor srun"),
        ({}, {"strategy": "fsdp", "accelerator": "cpu"}, "FSDP"),
    ],
)
def test_contradictions_are_refused(environ, settings, words):
    with pytest.raises(ConfigError, match=words):
        layout(TrainingConfig(**settings), environ)


def test_more_processes_than_courses_in_a_batch_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("pytorch_lightning.Trainer.world_size", 9)
    with pytest.raises(ConfigError, match="fewer courses than there are processes"):
        fitted(tmp_path, SETTINGS)
