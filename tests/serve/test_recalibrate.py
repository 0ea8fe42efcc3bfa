"""A bundle brought to a new hospital: a corrected copy, the original untouched, refused where it cannot be."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_lab import ToyLab, toy_study, write_toy_study
from toy_signatures import new_key
from tumorcast.cli.main import main
from tumorcast.domain.errors import BundleError, InputError, LeakageError
from tumorcast.evaluation.trust import fit_trust
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve import external
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.manifest import MANIFEST_NAME, TRUST_NAME, file_entries, read_manifest, sealed_text
from tumorcast.serve.predict import Request, predict_study
from tumorcast.serve.recalibrate import recalibrate_bundle
from tumorcast.serve.sign_bundle import sign_bundle
from tumorcast.slides.tuned_on import TunedOn, patient_digest

N = 60


@pytest.fixture(scope="module")
def trusted(lab: ToyLab, tmp_path_factory) -> Path:
    """The toy bundle with a calibration, as training would have exported it."""
    folder = Path(shutil.copytree(lab.bundle, tmp_path_factory.mktemp("trusted") / "bundle"))
    random = np.random.default_rng(0)
    raw = random.random(200)
    inner = pd.DataFrame({"patient_id": [str(i) for i in range(200)], "fold": np.arange(200) % 4,
                          "label": random.random(200) < raw, "probability": raw}).astype({"label": float})  # fmt: skip
    trust = fit_trust(inner)
    assert trust is not None
    (folder / TRUST_NAME).write_text(json.dumps(trust.to_json()))
    old = read_manifest(folder / MANIFEST_NAME)
    (folder / MANIFEST_NAME).write_text(sealed_text(old.model_copy(update={"files": file_entries(folder)})))
    return folder


@pytest.fixture(scope="module")
def hospital(tmp_path_factory) -> Path:
    """Sixty patients, most of them responders."""
    folder = tmp_path_factory.mktemp("hospital") / "study"
    study = toy_study(folder, n_patients=N)
    answers = np.where(np.arange(N) % 6 == 0, "PD", "PR")
    return write_toy_study(folder, replace(study, treatments=study.treatments.assign(BEST_RESPONSE=answers)))


def test_probabilities_move_to_the_hospitals_share_of_responders(lab, trusted, hospital, tmp_path):
    request = Request(tmp_path / "cache", features=lab.features)
    before = predict_study(trusted, hospital, request).table
    made = recalibrate_bundle(trusted, hospital, tmp_path / "local", request)
    after = predict_study(tmp_path / "local", hospital, request).table
    assert before["probability"].mean() < 0.7
    assert after["probability"].mean() == pytest.approx(5 / 6, abs=0.08)
    assert made.cases["after"].to_numpy() == pytest.approx(after["probability"].to_numpy())
    assert made.cases["before"].to_numpy() == pytest.approx(before["probability"].to_numpy())
    assert set(after["answers"]) <= {"R", "NR", "both", "empty"}
    manifest = load_bundle(tmp_path / "local").manifest
    assert manifest.recalibrated["patients"] == str(N)
    assert "Recalibrated at a new hospital" in (tmp_path / "local" / "model_card.md").read_text()
    assert load_bundle(trusted).manifest.recalibrated == {}


def test_recalibrating_again_starts_from_the_original(lab, trusted, hospital, tmp_path):
    request = Request(tmp_path / "cache", features=lab.features)
    once = recalibrate_bundle(trusted, hospital, tmp_path / "once", request)
    twice = recalibrate_bundle(tmp_path / "once", hospital, tmp_path / "twice", request)
    assert twice.trust == once.trust
    assert (tmp_path / "twice" / "model_card.md").read_text().count("Recalibrated at") == 1


def test_the_corrected_copy_is_unsigned_and_says_so(lab, trusted, hospital, tmp_path, capsys):
    signed = Path(shutil.copytree(trusted, tmp_path / "signed"))
    sign_bundle(signed, new_key(tmp_path / "key"), "x")
    request = Request(tmp_path / "cache", features=lab.features)
    made = recalibrate_bundle(signed, hospital, tmp_path / "local", request)
    assert "sign it anew" in made.lines()[-1]
    local = load_bundle(tmp_path / "local")
    assert local.signatures == ()
    assert local.manifest.recalibrated["original_seal"] == load_bundle(signed).manifest.seal
    sign_bundle(tmp_path / "local", new_key(tmp_path / "hospital"), "hospital")
    assert load_bundle(tmp_path / "local").signatures[0].by == "hospital"


def test_too_few_cases_and_uncalibrated_bundles_are_refused(lab, trusted, tmp_path):
    request = Request(tmp_path / "cache", features=lab.features)
    with pytest.raises(InputError, match="too few labelled cases"):
        recalibrate_bundle(trusted, lab.study, tmp_path / "out", request)
    with pytest.raises(BundleError, match="no calibration from training"):
        recalibrate_bundle(lab.bundle, lab.study, tmp_path / "out", request)
    assert not (tmp_path / "out").exists()


def test_patients_whom_the_encoder_has_seen_are_not_recalibrated_on(
    lab, trusted, hospital, tmp_path, monkeypatch
):
    digests = tuple(sorted(patient_digest("s", name) for name in read_study(hospital).patients.index[:2]))
    record = TunedOn("toy", "lora", "{}", "elsewhere", "s", digests, "0" * 64)
    monkeypatch.setattr(external, "record_of", lambda encoder, folders: record)
    with pytest.raises(LeakageError, match="tuned on 2 test patients"):
        recalibrate_bundle(
            trusted, hospital, tmp_path / "out", Request(tmp_path / "c", features=lab.features)
        )
    assert not (tmp_path / "out").exists()


def test_the_command_tells_what_it_found(lab, trusted, hospital, tmp_path, capsys):
    words = ["recalibrate", str(trusted), str(hospital), "--features", str(lab.features)]
    assert main([*words, "--out", str(tmp_path / "local")]) == 0
    said = capsys.readouterr().out
    assert "60 patients" in said
    assert "chosen: intercept" in said
    assert len(pd.read_csv(tmp_path / "local.cases.csv")) == N
    assert main([*words, "--out", str(trusted)]) == 2
    assert "not corrected in place" in capsys.readouterr().err
