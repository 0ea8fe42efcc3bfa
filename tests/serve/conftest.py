"""One lab for all tests of serving: exporting takes seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from toy_lab import ToyLab, toy_study, write_toy_study
from tumorcast.readers.study import Study


@pytest.fixture(scope="session")
def lab(toy_lab: ToyLab) -> ToyLab:
    """Simulated study, its features, and a bundle fitted to it. Not to be written to."""
    return toy_lab


@pytest.fixture
def bundle(lab, tmp_path) -> Path:
    """A copy of the bundle that a test may damage."""
    return Path(shutil.copytree(lab.bundle, tmp_path / "bundle"))


@pytest.fixture
def changed_study(tmp_path) -> Callable[..., Path]:
    """changed_study(change=lambda study: study, **fields) -> folder of the toy study with these changes."""

    def make(change: Callable[[Study], Study] = lambda study: study, **fields: object) -> Path:
        folder = tmp_path / "study"
        return write_toy_study(folder, change(replace(toy_study(folder), **fields)))

    return make
