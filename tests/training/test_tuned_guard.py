"""An encoder that has seen patients does not meet them again in a test."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pandas as pd
import pytest

from tumorcast.cohort.splits import Fold
from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.evaluation.leakage import check_unseen
from tumorcast.slides.tuned_on import TunedOn, is_tuned, keep_record, patient_digest, record_of
from tumorcast.training.tuned_guard import check_folds


def _record(patients=("P0", "P1", "P2")):
    digests = tuple(sorted(patient_digest("s", name) for name in patients))
    return TunedOn("efficientnet_lite0", "lora", "{}", "toy", "s", digests, "0" * 64)


@pytest.fixture(autouse=True)
def _cache(monkeypatch, tmp_path):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))


def _work(tmp_path, encoder):
    courses = pd.DataFrame({"patient_id": [f"P{i}" for i in range(6)]}, index=[f"P{i}-L1" for i in range(6)])
    features = tmp_path / "features"
    slides = pd.DataFrame({"feature_path": [str(features / "S0.h5")]})
    return SimpleNamespace(
        config=SimpleNamespace(data=SimpleNamespace(features=features, prepared=None)),
        cohort=SimpleNamespace(courses=courses, slides=slides),
        bags={"P0-L1": SimpleNamespace(encoder=encoder)},
    )


def _fold(name, *test):
    everyone = [f"P{i}-L1" for i in range(6)]
    return Fold(name, tuple(c for c in everyone if c not in test), tuple(test))


def test_a_fold_whose_test_was_tuned_on_is_refused(tmp_path):
    record = _record()
    keep_record(record, tmp_path / "features")
    work = _work(tmp_path, record.encoder_id)
    with pytest.raises(LeakageError, match="tuned on 1 test patients of fold1") as refused:
        check_folds(work, [_fold("fold0", "P3-L1", "P4-L1"), _fold("fold1", "P2-L1", "P5-L1")])
    assert "P2" in str(refused.value)


def test_a_fold_of_unseen_patients_is_let_through_and_told(tmp_path):
    record = _record()
    keep_record(record, tmp_path / "features")
    told = check_folds(_work(tmp_path, record.encoder_id), [_fold("fold0", "P3-L1", "P4-L1")])
    assert len(told) == 1
    assert "3 training patients" in told[0]


@pytest.mark.parametrize("suffix", ["", "+int8"])
def test_without_its_record_a_tuned_encoder_is_refused(tmp_path, suffix):
    name = _record().encoder_id + suffix
    with pytest.raises(LeakageError, match="nothing tells on which patients"):
        check_folds(_work(tmp_path, name), [_fold("fold0", "P5-L1")])
    keep_record(_record())
    assert record_of(name) == _record()


def test_a_record_that_was_changed_does_not_count(tmp_path):
    record = _record()
    path = keep_record(record, tmp_path / "features")
    path.write_text(path.read_text().replace(record.patients[0], "f" * 16), encoding="utf-8")
    with pytest.raises(LeakageError, match="nothing tells"):
        check_folds(_work(tmp_path, record.encoder_id), [_fold("fold0", "P5-L1")])


@pytest.mark.parametrize("name", ["", "efficientnet_lite0", "uni_v1", "kaiko-vits16@random", "x+int8"])
def test_other_encoders_have_seen_nobody(tmp_path, name):
    assert not is_tuned(name)
    assert check_folds(_work(tmp_path, name), [_fold("fold0", "P0-L1")]) == []


def test_ids_are_compared_as_text_without_spaces():
    record = _record(("7", "P1"))
    assert record.seen([7, " P1 ", "P2"]) == [" P1 ", "7"]
    with pytest.raises(LeakageError):
        check_unseen(record, [7], "a study")


def test_the_record_names_nobody():
    text = _record(("Jane Doe",)).to_text()
    assert "Jane" not in text
    assert TunedOn.from_text(text) == _record(("Jane Doe",))


@pytest.mark.parametrize("text", ["", "{}", '{"patients": 3}', "[1]"])
def test_damaged_records(text):
    with pytest.raises(InputError, match="whom the encoder was tuned on"):
        TunedOn.from_text(text)


def test_a_bundle_does_not_meet_its_encoders_patients(tmp_path):
    from tumorcast.serve.external import check_encoder

    record = _record()
    bundle = SimpleNamespace(manifest=SimpleNamespace(tile_encoder=SimpleNamespace(id=record.encoder_id)))
    request = SimpleNamespace(features=None, cache=tmp_path / "features")
    made = pd.DataFrame({"patient_id": ["P9", "P1"]})
    with pytest.raises(LeakageError, match="nothing tells"):
        check_encoder(bundle, made, request, "H")
    keep_record(record, tmp_path / "features")
    with pytest.raises(LeakageError, match="1 test patients of H"):
        check_encoder(bundle, made, request, "H")
    check_encoder(bundle, made[:1], request, "H")
    check_encoder(SimpleNamespace(manifest=SimpleNamespace(tile_encoder=None)), made, request, "H")


def test_tuned_weights_under_another_name_are_refused(tmp_path):
    from tumorcast.nn.backbones import load_backbone
    from tumorcast.nn.tuned_weights import save_tuned, tensors_digest

    name = "timm:test_efficientnet"
    tensors = load_backbone(f"{name}@random").network.state_dict()
    path = tmp_path / "weights.safetensors"
    save_tuned(
        tensors, replace(_record(), base=f"{name}@random", tensors_sha256=tensors_digest(tensors)), path
    )
    assert is_tuned(load_backbone(f"tuned@{path}").id)
    for other in (name, "uni_v1"):
        with pytest.raises(InputError, match=r"would be forgotten[^@]*use tuned@"):
            load_backbone(f"{other}@{path}")


def test_a_prepared_cohort_carries_the_list(tmp_path):
    from tumorcast.cohort.prepared.writing import _carry_record

    record = _record()
    cohort = SimpleNamespace(slides=pd.DataFrame({"feature_path": [str(tmp_path / "features" / "S.h5")]}))
    with pytest.raises(LeakageError):
        _carry_record(record.encoder_id, cohort, tmp_path / "prepared")
    keep_record(record, tmp_path / "features")
    _carry_record(record.encoder_id, cohort, tmp_path / "prepared")
    assert record_of(record.encoder_id, [tmp_path / "prepared"]) == record
    _carry_record("", cohort, tmp_path / "prepared")
