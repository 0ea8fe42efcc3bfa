"""A bundle judged on another hospital's patients."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from toy_lab import toy_study, write_toy_study
from tumorcast.cli.main import main
from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.lab.site.criteria import DEFAULT
from tumorcast.lab.site.verify import verify
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve import external
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.external import external_predictions
from tumorcast.serve.predict import Request
from tumorcast.slides.tuned_on import TunedOn, patient_digest


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


def test_patients_whom_the_encoder_has_seen_are_scored_nowhere(lab, tmp_path, monkeypatch):
    folder = write_toy_study(tmp_path / "study", toy_study(tmp_path / "study", n_patients=6))
    seen = read_study(folder).patients.index[:2]
    digests = tuple(sorted(patient_digest("s", name) for name in seen))
    record = TunedOn("toy", "lora", "{}", "elsewhere", "s", digests, "0" * 64)
    monkeypatch.setattr(external, "record_of", lambda encoder, folders: record)
    bundle, request = load_bundle(lab.bundle), Request(tmp_path / "cache", features=lab.features)
    with pytest.raises(LeakageError, match="tuned on 2 test patients"):
        external_predictions(bundle, folder, request)
    ledger = tmp_path / "ledger.json"
    with pytest.raises(LeakageError, match="tuned on 2 test patients"):
        verify(lab.bundle, folder, request, DEFAULT, ledger)
    assert not json.loads(ledger.read_text(encoding="utf-8"))["looks"]
    assert verify(lab.bundle, folder, request, DEFAULT, ledger, with_outcomes=False).kind == "technical"
