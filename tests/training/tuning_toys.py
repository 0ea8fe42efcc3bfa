"""Courses with kept tiles whose response shows in their texture alone, and a tiny untrained encoder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nn.tiny_encoders import tiny
from tumorcast.nn import backbones
from tumorcast.nn.backbones import Backbone, load_backbone
from tumorcast.slides.encoder_catalogue import find_record
from tumorcast.slides.tile_pool import KeptTiles
from tumorcast.training.finetune_data import TuningCourse

SIDE = 48


def tiny_backbone(monkeypatch, name: str = "uni_v1", untrained: bool = True) -> Backbone:
    """A transformer of two narrow blocks with random weights, for tiles of 48 pixels."""
    record = tiny(find_record(name))
    monkeypatch.setattr(backbones, "find_record", lambda _: record)
    return load_backbone(f"{name}@random")


def texture_courses(folder: Path, n: int, seed: int = 0, per_course: int = 6) -> list[TuningCourse]:
    """Half of the courses respond; their tiles are striped along, the others' across. Colours are alike."""
    random = np.random.default_rng(seed)
    courses = []
    for i in range(n):
        label = float(i % 2)
        waves = np.sin(np.arange(SIDE) * 2 * np.pi / 6 + random.uniform(0, 6, (per_course, 1)))
        stripes = waves[:, :, None] if label else waves[:, None, :]
        base = np.array([190, 120, 170]) + random.normal(0, 6, 3)
        tiles = base + 22 * stripes[..., None] + random.normal(0, 12, (per_course, SIDE, SIDE, 3))
        path = folder / f"{seed}-{i}.npy"
        folder.mkdir(parents=True, exist_ok=True)
        np.save(path, tiles.clip(0, 255).astype(np.uint8))
        kept = KeptTiles(f"S{i}", path, per_course, per_course)
        courses.append(TuningCourse(f"P{i}-L1", f"P{i}", label, (kept,), i))
    return courses
