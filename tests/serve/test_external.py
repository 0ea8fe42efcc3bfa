"""A bundle judged on another hospital's patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from toy_lab import toy_study, write_toy_study
from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.external import external_predictions
from tumorcast.serve.predict import Request


def test_predictions_meet_outcomes(lab, tmp_path, capsys):
    study = write_toy_study(tmp_path / "study", toy_study(tmp_path / "study", n_patients=30))
    bundle = load_bundle(lab.bundle)
    table = external_predictions(bundle, study, Request(tmp_path / "cache", features=lab.features))
    fused = table[table["model"] == "fused"]
    assert len(fused) == 30
    assert fused["label"].tolist() == [1.0, 0.0] * 15
    burden = table[table["model"] == "tmb"]
    assert len(burden) == 28
    assert burden["probability"].between(0, 1).all()
    words = ["evaluate", str(lab.bundle), str(study), "--features", str(lab.features), "--bootstrap", "100"]
    assert main([*words, "--out", str(tmp_path / "out"), "--ledger", str(tmp_path / "ledger.json")]) == 0
    assert "fused - tmb" in (tmp_path / "out" / "evaluation.md").read_text()
    assert "SIMULATED" in (tmp_path / "out" / "evaluation.md").read_text()
    assert bundle.manifest.model_id in (tmp_path / "ledger.json").read_text()
    assert main(["evaluate", str(lab.bundle), "--out", str(tmp_path / "out")]) == 2
    assert "BUNDLE STUDY" in capsys.readouterr().err


def test_a_study_without_outcomes_is_refused(lab, tmp_path):
    study = toy_study(tmp_path / "study")
    bare = replace(study, treatments=study.treatments.assign(BEST_RESPONSE=np.nan))
    folder = write_toy_study(tmp_path / "study", bare)
    with pytest.raises(InputError, match=r"response|outcome"):
        external_predictions(
            load_bundle(lab.bundle), folder, Request(tmp_path / "cache", features=lab.features)
        )
