"""Simulated is not clinical: in every output."""

from __future__ import annotations

from dataclasses import replace

import pytest

from toy_guards import assert_passes, assert_refused, row_of
from tumorcast.clinic.report.notices import ATTENTION
from tumorcast.serve.guards.origin import DEMONSTRATION, SIMULATED_MODEL, SIMULATED_STUDY


def test_a_simulated_model_has_no_number_for_a_real_study(here):
    reason = assert_refused(here, here.study(origin="real"), "simulated_model", pictures=True)
    assert "SIMULATED" in reason
    assert_passes(here, here.study(), "simulated_model")


@pytest.mark.parametrize(
    ("model", "study", "demonstrate", "mark"),
    [
        ("simulated", "simulated", False, SIMULATED_MODEL),
        ("simulated", "real", True, SIMULATED_MODEL),
        ("real", "simulated", False, SIMULATED_STUDY),
        ("real", "real", True, DEMONSTRATION),
        ("real", "real", False, ""),
    ],
)
def test_the_watermark_stands_in_every_output(here, model, study, demonstrate, mark):
    here = here.of(training_data=model)
    given = here.study(origin=study)
    made = here.ask(given, demonstrate=demonstrate, with_occlusion=True)
    assert made.table["probability"].notna().all()
    assert made.watermark == mark
    for table in (made.table, made.attention, made.occlusion):
        assert len(table)
        if mark:
            assert set(table["watermark"]) == {mark}
        else:
            assert "watermark" not in table
    assert here.report(given, "P0", demonstrate=demonstrate).watermark == mark


def test_a_study_that_says_it_is_simulated_warns_under_a_real_model(here):
    row = row_of(here.of(training_data="real").ask(here.study()))
    assert "warning:simulated_study" in row["flags"]
    assert "of no patient" in row["reason"]


def test_every_output_is_research_use_and_preliminary(here):
    made = here.ask(with_occlusion=True)
    assert set(made.table["use"]) == {"research use only, preliminary"}
    for table in (made.attention, made.occlusion):
        assert set(table["notice"]) == {ATTENTION}
    record = here.report(here.study(), "P0")
    assert record.sign_off.status == "preliminary"
    assert here.bundle.manifest.research_use_only


def test_a_refused_study_lists_every_patient_without_a_number(here):
    made = here.ask(here.study(origin="real"))
    assert made.table["patient_id"].nunique() == 12
    assert made.table[["probability", "risk", "like_training"]].isna().all(axis=None)
    assert made.attention.empty
    assert made.occlusion.empty


def test_a_real_study_in_a_simulations_folder_counts_as_simulated(here, tmp_path):
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.readers.write_study import write_study

    write_study(replace(here.study(origin="real"), slides=here.study().slides.iloc[:0]), tmp_path / "study")
    assert read_study(tmp_path / "study").origin == "real"
    (tmp_path / "study" / "simulation.json").write_text("{}")
    assert read_study(tmp_path / "study").origin == "simulated"
