"""One lab for all tests of serving: exporting takes seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from asked_ranking import OWN
from toy_lab import ToyLab, toy_study, write_toy_study
from tumorcast.biology.regimens.formulary import Formulary
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.ranking import RankingRequest, make_ranking
from tumorcast.serve.request import Request


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


@pytest.fixture
def opened(lab) -> Bundle:
    return load_bundle(lab.bundle)


@pytest.fixture
def ask(lab, tmp_path):
    """ask(bundle, ...) -> ranking of P4 for melanoma with the own formulary too."""
    own = tmp_path / "own.yaml"
    own.write_text(OWN, encoding="utf-8")

    def made(bundle: Bundle, patient: str = "P4", study: Path | None = None, **fields: object) -> Ranking:
        asked = {"cancer": "MEL", "formulary": Formulary.embedded().with_files([own]), **fields}
        predict = asked.pop("predict", Request(tmp_path, features=lab.features))
        return make_ranking(bundle, read_study(study or lab.study), patient, RankingRequest(predict, **asked))

    return made


@pytest.fixture
def demonstrated(lab, tmp_path) -> Request:
    """Guards that only flag: drugs that the toy bundle never saw have numbers."""
    return Request(tmp_path, features=lab.features, demonstrate=True)
