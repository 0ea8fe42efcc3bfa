"""Slides to a tuned encoder to features to a run that it spoils: the whole way, small."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from toy_lab import write_toy_slide
from tumorcast.cli.main import main
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study
from tumorcast.slides.encoders import OnnxTileEncoder
from tumorcast.slides.store import read_attrs
from tumorcast.slides.tuned_on import TunedOn

N, ENCODER = 12, "timm:test_efficientnet@random"
SMALL = ["tiles=2", "kept_tiles=4", "batch=4", "epochs=2", "inner_folds=2", "chunk=4"]


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuning") / "study"
    names = [f"P{i}" for i in range(N)]
    samples = pd.Index([f"{name}-A" for name in names], name="sample_id")
    paths = [folder / "slides" / f"S{i}.svs" for i in range(N)]
    for number, path in enumerate(paths):
        write_toy_slide(path, number, is_empty=number == N - 1)
    write_study(
        Study(
            study_id="tuning", origin="simulated", folder=folder,
            patients=pd.DataFrame({"AGE": 60.0, "SEX": "F"}, index=pd.Index(names, name="patient_id")),
            samples=pd.DataFrame({"patient_id": names, "collected_day": -5.0, "procedure": "biopsy"}, index=samples),
            treatments=pd.DataFrame(
                {
                    "patient_id": names, "start_day": 0.0, "stop_day": 90.0, "agent": "Nivolumab", "regimen": "",
                    "line": 1.0, "treatment_type": "Medical Therapy", "BEST_RESPONSE": ["PR", "PD"] * (N // 2),
                }
            ),
            slides=pd.DataFrame(
                {"slide_id": [f"S{i}" for i in range(N)], "sample_id": samples, "path": list(map(str, paths))}
            ).assign(mpp=1.0),
        ),
        folder,
    )  # fmt: skip
    pd.DataFrame({"patient_id": names, "fold": [i // 4 for i in range(N)]}).to_csv(
        folder / "splits.csv", index=False
    )
    return folder


@pytest.fixture(scope="module")
def tuned(study, tmp_path_factory):
    """The folder of an encoder tuned on all but the test of fold 0, and its features of every slide."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("tuned")
        patch.setenv("TUMORCAST_CACHE", str(folder / "cache"))
        words = ["finetune", ENCODER, str(study), *SMALL, "--out", str(folder / "out"), "--quiet"]
        assert main([*words, "--fold", "fold0", "--splits", str(study / "splits.csv")]) == 0
        given = f"tuned@{folder / 'out' / 'weights.safetensors'}"
        words = ["encode", str(study), "--out", str(folder / "features"), "--encoder", given, "--quiet"]
        assert main(words) == 0
        yield folder


def test_it_says_whom_it_has_seen(study, tuned):
    encoder = OnnxTileEncoder(tuned / "out" / "encoder.onnx")
    record = TunedOn.from_text(encoder.tuned_on)
    assert encoder.id == record.encoder_id
    assert encoder.id.startswith(f"{ENCODER}+lora-")
    everyone = list(read_study(study).patients.index)
    # P0 to P3 are the test of fold 0; the last slide is bare glass
    assert record.seen(everyone) == sorted(f"P{i}" for i in range(4, N - 1))
    told = json.loads((tuned / "out" / "finetune.json").read_text())
    assert told["n_patients"] == 7
    assert told["encoder"] == encoder.id


def test_features_carry_the_name_and_the_list_lies_beside(tuned):
    stores = sorted((tuned / "features").glob("*.h5"))
    encoder = OnnxTileEncoder(tuned / "out" / "encoder.onnx")
    assert len(stores) == N - 1
    assert {read_attrs(path)[0].encoder for path in stores} == {encoder.id}
    assert {read_attrs(path)[0].encoder_sha256 for path in stores} == {encoder.sha256}
    assert len(list((tuned / "features").glob("tuned_on-*.json"))) == 1


@pytest.mark.parametrize(("fold", "is_spoilt"), [pytest.param(0, False, marks=pytest.mark.heavy), (1, True)])
def test_runs_on_its_features(study, tuned, tmp_path, monkeypatch, capsys, fold, is_spoilt):
    """fold 0 is the one that it was tuned for; in any other it has met the test patients."""
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "another machine's"))
    table = pd.read_csv(study / "splits.csv")
    other = tmp_path / "study"
    write_study(read_study(study), other)
    table.assign(fold=(table["fold"] + 3 - fold) % 3).to_csv(other / "splits.csv", index=False)
    config = tmp_path / "run.yaml"
    config.write_text(
        f"name: r\nruns: {tmp_path / 'runs'}\n"
        f"data: {{study: {other}, features: {tuned / 'features'}, modalities: [slide, clinical]}}\n"
        "split: {scheme: file, max_folds: 1, inner_folds: 2}\n"
        "training: {max_epochs: 1, singles: false, rivals: []}\n"
        "evaluation: {bootstrap: 100, baselines: [], subsets: false}\ntracking: {enabled: false}\n",
        encoding="utf-8",
    )
    code = main(["train", str(config)])
    told = capsys.readouterr().err
    if is_spoilt:
        assert code == 2
        assert "was tuned on" in told
        assert "test patients of fold0" in told
    else:
        assert code == 0
        assert "may be too sure" in told


def test_the_cost_is_told_and_nothing_is_trained(study, tmp_path, capsys):
    words = ["finetune", ENCODER, str(study), *SMALL, "--out", str(tmp_path / "out"), "--dry-run", "--quiet"]
    assert main(words) == 0
    told = capsys.readouterr().out
    for word in (
        "trained",
        "an epoch",
        "at most",
        "memory",
        "GB of kept tiles",
        "encode 12 slides",
        "stored features",
    ):
        assert word in told, word
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--rank", "0"], "rank"),
        (["--fold", "fold0"], "who may be used"),
        (["rate=fast"], "rate"),
        (["tiles=9"], "kept tiles"),
        (["--stain", "3"], "stain"),
        (["--device", "cuda:99"], "no such GPU"),
        (["--patients", "nowhere.txt"], "no such list"),
    ],
)
def test_mistakes_are_told(study, tmp_path, capsys, words, complaint):
    assert main(["finetune", ENCODER, str(study), *SMALL, *words, "--out", str(tmp_path / "o")]) == 2
    assert complaint in capsys.readouterr().err


def test_a_tuned_encoder_is_not_tuned_again(study, tuned, tmp_path, capsys):
    given = f"tuned@{tuned / 'out' / 'weights.safetensors'}"
    assert main(["finetune", given, str(study), "--out", str(tmp_path / "o")]) == 2
    assert "would be forgotten" in capsys.readouterr().err


def test_another_task_does_not_go_into_the_same_folder(study, tuned, capsys):
    words = ["finetune", ENCODER, str(study), *SMALL, "--rank", "3", "--out", str(tuned / "out"), "--quiet"]
    assert main(words) == 2
    assert "another fine-tuning" in capsys.readouterr().err


def test_weights_that_were_changed_are_refused(study, tuned, tmp_path, capsys):
    from safetensors import safe_open
    from safetensors.torch import save_file

    with safe_open(tuned / "out" / "weights.safetensors", framework="pt") as file:
        told, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    next(iter(tensors.values())).add_(1)
    save_file(tensors, tmp_path / "w.safetensors", metadata=told)
    words = ["encode", str(study), "--out", str(tmp_path), "--encoder", f"tuned@{tmp_path}/w.safetensors"]
    assert main(words) == 2
    assert "not those that were tuned" in capsys.readouterr().err
