"""A whole fine-tuning: study -> kept tiles -> training -> weights that say whom they were tuned on."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.config.finetune import FinetuneConfig
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import ConfigError, InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.nn.backbones import Backbone, load_backbone
from tumorcast.nn.lora import merge_adapters
from tumorcast.nn.torch_encoder import torch_device
from tumorcast.nn.tuned_weights import save_tuned, tensors_digest, untrained
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import write_text
from tumorcast.readers.study import Study
from tumorcast.slides.discover import SlideFile, find_slides
from tumorcast.slides.tile_pool import keep_tiles
from tumorcast.slides.tiling import TileSettings
from tumorcast.slides.tuned_on import TunedOn, is_tuned, keep_record, patient_digest
from tumorcast.training.finetune_cost import Cost, cost_of
from tumorcast.training.finetune_data import TuningCourse, labelled_courses, parted, with_tiles
from tumorcast.training.finetune_fit import Tuner, precision_of
from tumorcast.training.finetune_state import STATE_FILE, TuningState

WEIGHTS_FILE, SUMMARY_FILE, TILES_FOLDER = "weights.safetensors", "finetune.json", "tiles"
_MEASURED_SLIDES = 4
Tell = Callable[[str], None]


@dataclass(frozen=True)
class TuningTask:
    """What is asked for.

    Attributes:
        encoder: id of the encoder to start from (see `nn.backbones`).
        study: its folder.
        out: folder of the result, of the kept tiles and of the state.
        config: how.
        patients: who may be used; None is everyone of the study.
        device: "cpu" or "cuda".
    """

    encoder: str
    study: Path
    out: Path
    config: FinetuneConfig
    patients: frozenset[str] | None = None
    device: str = "cpu"
    allow_download: bool = False
    progress: bool = True

    def open(self) -> OpenTask:
        """Read study and encoder; InputError where they do not serve."""
        backbone = load_backbone(self.encoder, allow_download=self.allow_download)
        if is_tuned(backbone.id):
            raise InputError(
                "the encoder was fine-tuned before, and whom it saw then would be forgotten",
                got=backbone.id,
                fix="start from the published encoder",
            )
        untrained(backbone.id)
        study = read_study(self.study)
        courses = labelled_courses(study, DataConfig(study=self.study), self.patients)
        wanted = {name for names in courses["slides"] for name in names}
        files = [file for file in find_slides([self.study]) if file.slide_id in wanted]
        return OpenTask(self, backbone, study, courses, files)


@dataclass(frozen=True)
class OpenTask:
    """A task with its study and encoder."""

    task: TuningTask
    backbone: Backbone
    study: Study
    courses: pd.DataFrame
    files: list[SlideFile]

    @property
    def settings(self) -> TileSettings:
        return TileSettings(self.backbone.target_mpp, self.backbone.tile_px)

    def kept(self, files: list[SlideFile], folder: Path) -> tuple[list[TuningCourse], list[Exclusion]]:
        """Courses of these slides with their tiles kept in a folder, and slides that could not be used."""
        config = self.task.config
        kept, lost = keep_tiles(
            files, self.settings, config.kept_tiles, folder, config.seed, self.task.progress
        )
        return with_tiles(self.courses, kept), lost

    def tuner(self, courses: list[TuningCourse]) -> Tuner:
        """The network to be tuned; the backbone's own is changed."""
        if not courses:
            raise InputError("no slide has tiles that could be read", fix="see the reasons above")
        device = torch_device(self.task.device)
        return Tuner(self.backbone, self.task.config, courses, self.settings.tile_px, device)

    def identity(self) -> dict[str, object]:
        """What must be the same for an interrupted call to go on."""
        return {
            "config": self.task.config.model_dump(mode="json"),
            "encoder": self.backbone.id,
            "weights_sha256": self.backbone.weights_sha256,
            "study": self.study.study_id,
            "courses": self._digest(),
            "precision": str(precision_of(self.task.config.precision, torch_device(self.task.device))),
        }

    def _digest(self) -> str:
        """sha256 of courses, patients, responses, and the slides' names and sizes."""
        told = self.courses[["patient_id", "response", "slides"]]
        rows = [[str(part) for part in row] for row in told.itertuples()]
        sizes = sorted([f.slide_id, f.path.stat().st_size if f.path.is_file() else -1] for f in self.files)
        return hashlib.sha256(json.dumps([rows, sizes]).encode()).hexdigest()


@dataclass(frozen=True)
class Tuned:
    """What came of it: weights, record, losses, slides left out, and a few tiles to compare runtimes on."""

    weights: Path
    record: TunedOn
    history: list[dict[str, float]]
    best_epoch: int
    lost: list[Exclusion]
    tiles: np.ndarray


def estimate(task: TuningTask) -> Cost:
    """What the task would cost here, measured on tiles of a few slides; nothing is trained."""
    opened = task.open()
    some = opened.files[:: max(1, len(opened.files) // _MEASURED_SLIDES)][:_MEASURED_SLIDES]
    with tempfile.TemporaryDirectory() as folder:
        courses, _ = opened.kept(some, Path(folder))
        return cost_of(opened.tuner(courses), courses, len(opened.courses), len(opened.files))


def finetune(task: TuningTask, tell: Tell = lambda text: None) -> Tuned:
    """Tune, merge and save; the same call goes on where an interrupted one stopped.

    Raises:
        InputError: study, patients or encoder do not serve.
        ConfigError: the folder holds another fine-tuning.
    """
    opened = task.open()
    claim(task.out, opened.identity())
    usable, lost = opened.kept(opened.files, task.out / TILES_FOLDER)
    for each in lost:
        tell(f"left out: slide {each.id}: {each.reason}")
    tuner = opened.tuner(usable)
    training, validation = parted(opened.courses, usable, task.config.inner_folds, task.config.seed)
    tell(cost_of(tuner, training, len(usable), len(opened.files)).table())
    tell(f"{len(training)} courses to train on, {len(validation)} decide when to stop")
    state = tuner.fit(training, validation, task.out / STATE_FILE, tell)
    return _concluded(opened, tuner, usable, state, lost)


def _concluded(
    opened: OpenTask, tuner: Tuner, usable: list[TuningCourse], state: TuningState, lost: list[Exclusion]
) -> Tuned:
    network, out = opened.backbone.network.cpu(), opened.task.out
    merge_adapters(network)
    tensors = {name: each.detach().clone().contiguous() for name, each in network.state_dict().items()}
    record = _record(opened, usable, tensors_digest(tensors))
    save_tuned(tensors, record, out / WEIGHTS_FILE)
    keep_record(record, out)
    keep_record(record)
    summary = {
        "identity": opened.identity(),
        "encoder": record.encoder_id,
        "n_patients": len(record.patients),
        "best_epoch": state.best_epoch,
        "best_loss": state.best_loss,
        "frozen_loss": state.frozen_loss,
        "history": state.history,
    }
    write_text(out / SUMMARY_FILE, json.dumps(summary, indent=1))
    tiles = np.concatenate([course.fixed_tiles(2, 0) for course in usable[:8]])
    return Tuned(out / WEIGHTS_FILE, record, state.history, state.best_epoch, lost, tiles)


def _record(opened: OpenTask, usable: list[TuningCourse], digest: str) -> TunedOn:
    config, study_id = opened.task.config, opened.study.study_id
    salt = hashlib.sha256(f"{study_id}/{digest}".encode()).hexdigest()[:16]
    patients = {patient_digest(salt, course.patient_id) for course in usable}
    settings = json.dumps(config.model_dump(mode="json"), sort_keys=True)
    return TunedOn(
        opened.backbone.id, config.method, settings, study_id, salt, tuple(sorted(patients)), digest
    )


def claim(folder: Path, identity: dict[str, object]) -> None:
    """Take a folder for one fine-tuning, or go on with it."""
    path = folder / "task.json"
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        if before != identity:
            raise ConfigError(
                f"{folder} holds another fine-tuning",
                got=f"differs in {', '.join(sorted(k for k in identity if before.get(k) != identity[k]))}",
                expected="the same encoder, settings and patients, so that it can go on where it stopped",
                fix="give another --out, or remove the folder",
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(identity, indent=1))
