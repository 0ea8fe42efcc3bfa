"""From a study folder to predictions: every patient has a number or a reason."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from toy_lab import write_toy_slide
from tumorcast.batches.batch import inputs_from
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import TileBag, load_bags
from tumorcast.cohort.packing import pack
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.attention import PictureSettings, draw_attention
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.guards.origin import SIMULATED_MODEL as WATERMARK
from tumorcast.serve.predict import Request, StudyPredictions, predict_study

COLUMNS = [
    "patient_id", "course_id", "probability", "answers", "like_training", "status", "reason", "flags", "modalities",
    "n_tiles", "model", "training_data", "use", "risk", "watermark",
]  # fmt: skip


def predict(lab, study: Path, features: Path | None = None, **asked: object) -> StudyPredictions:
    return predict_study(
        lab.bundle, study, Request(study.parent / "cache", features or lab.features, **asked)
    )


def of_patient(table: pd.DataFrame, patient_id: str) -> pd.Series:
    (index,) = table.index[table["patient_id"] == patient_id]
    return table.loc[index]


def test_from_slides_to_numbers_as_torch_says(lab, tmp_path):
    request = Request(tmp_path / "cache", with_attention=True)
    made = predict_study(lab.bundle, lab.study, request)
    assert list(made.table.columns) == COLUMNS
    assert set(made.table["status"]) == {"predicted"}
    assert set(made.table["training_data"]) == {"simulated"}

    cohort = assemble(read_study(lab.study), DataConfig(study=lab.study, features=tmp_path / "cache"))
    bags, cohort = load_bags(cohort)
    courses = [lab.prepared.arrays(cohort, cid, bags.get(cid)) for cid in made.table["course_id"]]
    with torch.inference_mode():
        scores = lab.model(inputs_from(pack(courses), lab.prepared.layer_names)).scores
    np.testing.assert_allclose(made.table["probability"], torch.sigmoid(scores[:, 0]), atol=1e-5)
    np.testing.assert_allclose(made.table["risk"], scores[:, 1], atol=1e-4)
    np.testing.assert_array_equal(made.table["n_tiles"], [len(course.tiles) for course in courses])

    sums = made.attention.groupby(["course_id", "kind"])["weight"].sum()
    np.testing.assert_allclose(sums, 1, atol=1e-5)
    assert len(made.attention.query("kind == 'tile'")) == made.table["n_tiles"].sum()

    stamps = {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("*.h5")}
    again = predict_study(lab.bundle, lab.study, request)
    pd.testing.assert_frame_equal(again.table, made.table)
    assert stamps == {path: path.stat().st_mtime_ns for path in (tmp_path / "cache").glob("*.h5")}


def test_attention_is_drawn_on_the_slides_that_are_images(lab, changed_study, tmp_path):
    def two_slides(study):
        slides = study.slides.iloc[:2].reset_index(drop=True)
        slides.loc[1, "path"] = str(lab.features / "S1.h5")
        return replace(study, slides=slides)

    made = predict(lab, changed_study(two_slides), overlays=tmp_path / "pictures")
    with Image.open(tmp_path / "pictures" / "S0.png") as picture:
        assert min(picture.size) > 500
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["S0.png"]
    assert "slide S1: features without an image" in made.problems


def test_even_attention_is_drawn_without_colours(lab, tmp_path):
    study = read_study(lab.study)
    bag = TileBag(
        np.zeros((4, 3)), np.array([[128, 128], [192, 128], [128, 192], [192, 192]]), ("S0",) * 4, ""
    )
    settings = PictureSettings(tmp_path, 64.0, "attention")
    even, peaked = np.full(4, 0.25, np.float32), np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    assert draw_attention(study, bag, peaked, settings) == []
    with_colours = (tmp_path / "S0.png").read_bytes()
    assert "drawn without colours" in draw_attention(study, bag, even, settings)[0]
    assert (tmp_path / "S0.png").read_bytes() != with_colours


def test_a_model_of_simulated_data_refuses_a_real_study(lab, changed_study):
    study = changed_study(origin="real")
    table = predict(lab, study).table
    assert set(table["status"]) == {"refused"}
    assert table[["probability", "risk"]].isna().all(axis=None)
    assert table["reason"].str.contains("SIMULATED").all()
    assert table["patient_id"].nunique() == 12

    shown = predict(lab, study, demonstrate=True, with_attention=True)
    assert set(shown.table["watermark"]) == {WATERMARK}
    assert set(shown.attention["watermark"]) == {WATERMARK}
    assert shown.table["probability"].notna().all()


def test_damaged_and_foreign_features_are_left_out_and_told(lab, changed_study, tmp_path):
    features = tmp_path / "features"
    features.mkdir()
    for path in lab.features.glob("*.h5"):
        (features / path.name).write_bytes(path.read_bytes())
    (features / "S0.h5").write_bytes(b"not HDF5")
    with h5py.File(features / "S1.h5", "a") as file:
        file["features"].attrs["encoder"] = "another"
    with h5py.File(features / "S2.h5", "a") as file:
        file["features"].attrs["target_mpp"] = 0.25
    _replace_features(features / "S3.h5", np.zeros((16, 9), np.float16))
    _replace_features(features / "S4.h5", np.full((16, 3), np.nan, np.float16))
    (features / "S5.h5").unlink()
    table = predict(lab, changed_study(), features).table
    reasons = (
        "unreadable", "encoder_mismatch", "tile_mismatch", "width_mismatch", "unusable_features", "not_encoded",
    )  # fmt: skip
    for number, reason in enumerate(reasons):
        row = of_patient(table, f"P{number}")
        assert (row["status"], row["n_tiles"]) == ("predicted_partly", 0)
        assert f"slide S{number}: " in row["reason"]
        assert reason in row["reason"]
        assert "slide" not in row["modalities"].split("+")
        assert 0 < row["probability"] < 1
    assert of_patient(table, "P8")["status"] == "predicted"


def test_blown_up_and_damaged_slides_are_used_and_told(lab, changed_study, tmp_path):
    features = tmp_path / "features"
    features.mkdir()
    for path in lab.features.glob("*.h5"):
        (features / path.name).write_bytes(path.read_bytes())
    for number, changed in enumerate(({"slide_mpp": 4.0}, {"n_unreadable": 3})):
        with h5py.File(features / f"S{number}.h5", "a") as file:
            file["features"].attrs.update(changed)
    table = predict(lab, changed_study(), features).table
    for number, told in enumerate(("upsampled 4x", "3 damaged tiles left out")):
        row = of_patient(table, f"P{number}")
        assert (row["status"], row["modalities"].split("+")[0]) == ("predicted_partly", "slide")
        assert row["reason"] == f"slide S{number}: {told}, used all the same"
    assert of_patient(table, "P2")["status"] == "predicted"


def test_unreadable_slides_do_not_sink_the_others(lab, changed_study, tmp_path):
    folder = changed_study()
    slides = folder / "slides"
    (slides / "S0.svs").write_bytes((slides / "S0.svs").read_bytes()[:3000])
    write_toy_slide(slides / "S1.svs", 1, is_empty=True)
    table = predict_study(lab.bundle, folder, Request(tmp_path / "cache")).table
    assert list(table["status"][:2]) == ["predicted_partly"] * 2
    assert "no_tissue" in of_patient(table, "P1")["reason"]
    assert set(table["status"][2:]) == {"predicted"}


def test_a_patient_of_whom_nothing_is_usable_is_listed_with_the_reason(lab, changed_study):
    def late(study):
        patients = study.patients.copy()
        patients.loc["P0"] = np.nan
        samples = study.samples.copy()
        samples.loc["P0-A", "collected_day"] = 30.0
        return replace(study, patients=patients, samples=samples)

    row = of_patient(predict(lab, changed_study(late)).table, "P0")
    assert row["status"] == "not_predicted"
    assert np.isnan(row["probability"])
    assert "mutations: sample P0-A taken_after_start" in row["reason"]
    assert "slide S0: sample P0-A taken_after_start" in row["reason"]


def test_treatments_unlike_training_are_refused_and_half_known_ones_told(lab, changed_study):
    def treated(study):
        treatments = study.treatments.copy()
        treatments.loc[0, "agent"] = "Unheardofumab"
        treatments.loc[1, "agent"] = "Nivolumab + Cisplatin"
        return replace(study, treatments=treatments)

    table = predict(lab, changed_study(treated)).table
    first, second = of_patient(table, "P0"), of_patient(table, "P1")
    assert first["status"] == "refused"
    assert np.isnan(first["probability"])
    assert "unlike any of training" in first["reason"]
    assert second["status"] == "predicted_partly"
    assert "cisplatin was not seen in training" in second["reason"]


def test_a_course_without_a_drug_is_told(lab, changed_study):
    def untreated(study):
        return replace(study, treatments=study.treatments.iloc[1:])

    table = predict(lab, changed_study(untreated)).table
    row = of_patient(table, "P0")
    assert row["status"] == "predicted_partly"
    assert "no drug is recorded" in row["reason"]
    assert 0 < row["probability"] < 1


def test_layers_that_the_study_lacks_are_absent_not_an_error(lab, changed_study):
    table = predict(lab, changed_study(expression=None, variants=None, sequenced=frozenset())).table
    assert set(table["modalities"]) == {"slide+clinical", "clinical"}
    warnings = {flag for flags in table["flags"] for flag in flags.split() if flag.startswith("warning")}
    assert warnings == {"warning:pattern_not_validated"}


def test_expression_on_another_scale_is_left_out_and_told_unless_demonstrating(lab, changed_study):
    def standardised(study: Study) -> Study:
        layer = study.expression
        assert layer is not None
        return replace(study, expression=(layer - layer.mean()) / layer.std())

    study = changed_study(standardised)
    (study / "meta_expression.txt").write_text(
        (study / "meta_expression.txt").read_text().replace("log2(TPM+1)", "z-score")
    )
    told = "expression: z-scores, the model was trained on log2(TPM + 1)"
    row = of_patient(predict(lab, study).table, "P5")
    assert (row["status"], row["modalities"]) == ("predicted_partly", "slide+mutations+clinical")
    assert row["reason"] == told
    row = of_patient(predict(lab, study, demonstrate=True).table, "P5")
    assert "expression" in row["modalities"].split("+")
    assert row["reason"] == f"{told}, used all the same"


def test_patients_whose_rows_conflict_are_listed(lab, changed_study):
    folder = changed_study()
    path = folder / "data_clinical_patient.txt"
    line = next(row for row in path.read_text().splitlines() if row.startswith("P3\t"))
    path.write_text(path.read_text() + line.replace("P3\t", "P3\t1", 1) + "\n")
    row = of_patient(predict(lab, folder).table, "P3")
    assert row["status"] == "not_predicted"
    assert "conflicting_rows" in row["reason"]


def test_a_folder_that_is_no_study_is_told(lab, tmp_path):
    with pytest.raises(InputError):
        predict(lab, tmp_path)


def _replace_features(path: Path, features: np.ndarray) -> None:
    with h5py.File(path, "a") as file:
        attrs = dict(file["features"].attrs)
        del file["features"]
        file.create_dataset("features", data=features).attrs.update(attrs)


@pytest.mark.parametrize(("correlation", "is_hidden"), [(0.9, True), (0.2, False)])
def test_attention_that_failed_its_check_is_hidden_and_told(
    lab, tmp_path, monkeypatch, correlation, is_hidden
):
    bundle = load_bundle(lab.bundle)
    checked = bundle.manifest.model_copy(update={"attention_check": {"tile": correlation, "gene": 0.1}})
    monkeypatch.setattr("tumorcast.serve.predict.load_bundle", lambda _: replace(bundle, manifest=checked))
    made = predict_study(
        lab.bundle, lab.study, Request(tmp_path / "cache", lab.features, with_attention=True)
    )
    assert set(made.table["status"]) == {"predicted"}
    assert made.attention.query("kind == 'tile'").empty == is_hidden
    assert not made.attention.query("kind == 'gene'").empty
    assert any("tile attention is hidden" in problem for problem in made.problems) == is_hidden


def test_occlusion_is_written_for_every_tile(lab, tmp_path):
    made = predict_study(
        lab.bundle, lab.study, Request(tmp_path / "cache", lab.features, with_occlusion=True)
    )
    assert len(made.occlusion) == made.table["n_tiles"].sum() > 0
    assert np.isfinite(made.occlusion["weight"]).all()
    assert made.occlusion["weight"].abs().max() > 0
