"""From a study to courses: which tissue counts, labels, what was measured, what is refused."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.labels import ordinal_of, response_of, survival_endpoint, survival_of
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.readers.study import Study

DATA = DataConfig(study=Path("."), modalities=("mutations", "expression", "clinical"))


def make_study(**changes) -> Study:
    """Patient A: two courses and three samples; B: no sample; C: sample after the start only."""
    tables = {
        "patients": pd.DataFrame(
            {
                "AGE": [60.0, 50.0, np.nan], "SEX": ["F", "M", "F"], "SITE": ["X", "Y", "X"],
                "BEST_RESPONSE": ["PR", "PD", "SD"], "OS_MONTHS": [10.0, 5.0, 7.0],
                "OS_STATUS": ["0:LIVING", "1:DECEASED", "1:DECEASED"],
            },
            index=pd.Index(["A", "B", "C"], name="patient_id"),
        ),
        "samples": pd.DataFrame(
            {
                "patient_id": ["A", "A", "A", "C"], "collected_day": [-30.0, 50.0, 500.0, 10.0],
                "procedure": ["biopsy", "resection", "biopsy", "biopsy"],
            },
            index=pd.Index(["A1", "A2", "A3", "C1"], name="sample_id"),
        ),
        "treatments": pd.DataFrame(
            {
                "patient_id": ["A", "A", "A", "B", "C"], "start_day": [0.0, 0.0, 100.0, 0.0, 0.0],
                "stop_day": [90.0, 90.0, np.nan, 50.0, 50.0],
                "agent": ["Carboplatin", "Paclitaxel", "Nivolumab", "Nivolumab", "Nivolumab"], "regimen": [""] * 5,
                "line": [1.0, 1.0, 2.0, 1.0, 1.0], "treatment_type": ["Medical Therapy"] * 5,
                "BEST_RESPONSE": [None, None, "CR", None, None],
            }
        ),
        "variants": pd.DataFrame(
            {
                "sample_id": ["A1", "A1", "A2"], "gene": ["TP53", "TTN", "B2M"],
                "variant_class": ["Nonsense_Mutation", "Silent", "Missense_Mutation"], "vaf": [0.3, 0.1, np.nan],
                "impact": ["truncating", "silent", "missense"], "protein_change": ["", "", ""],
            }
        ),
        "sequenced": frozenset({"A1", "A2", "C1"}),
        "sequenced_mb": {"A1": 30.0, "A2": 30.0},
        "expression": pd.DataFrame({"CD8A": [1.0, 2.0], "GZMA": [0.5, np.nan]}, index=["A1", "A3"]),
    }  # fmt: skip
    return Study(study_id="s", origin="simulated", folder=Path("."), **{**tables, **changes})


def test_each_course_gets_the_newest_tissue_taken_before_its_first_day():
    cohort = assemble(make_study(), DATA)
    assert list(cohort.courses.index) == ["A-L1", "A-L2", "B-L1", "C-L1"]
    assert cohort.courses.loc["A-L1", "sample_mutations"] == "A1"
    assert cohort.courses.loc["A-L2", "sample_mutations"] == "A2"
    assert cohort.courses.loc["A-L2", "sample_expression"] == "A1"  # A3 was taken after the start
    assert not cohort.is_present.loc["C-L1", "mutations"]
    assert {n.id for n in cohort.report if n.reason == "taken_after_start"} == {"A2", "A3", "C1"}


def test_biopsy_and_resection_are_told_apart():
    cohort = assemble(make_study(), DATA.model_copy(update={"procedures": ("biopsy",)}))
    assert cohort.courses.loc["A-L2", "sample_mutations"] == "A1"
    assert any(note.reason == "procedure_not_wanted" for note in cohort.report)


def test_labels_belong_to_their_course():
    cohort = assemble(make_study(), DATA, heads=("response", "survival"))
    assert cohort.courses.loc["A-L1", "response"] == 1
    assert cohort.courses.loc["A-L2", "response"] == 1  # CR, its own in the timeline
    assert math.isnan(cohort.courses.loc["A-L2", "time_days"])  # the patient's OS is the first course's
    assert cohort.courses.loc["B-L1", "is_event"] == 1
    assert cohort.courses.loc["A-L1", "agents"] == ("carboplatin", "paclitaxel")


def test_no_mutation_found_is_not_the_same_as_not_sequenced():
    study = make_study(samples=make_study().samples.assign(collected_day=-1.0))
    cohort = assemble(study, DATA)
    assert cohort.is_present.loc["C-L1", "mutations"]
    assert cohort.n_nonsynonymous["C-L1"] == 0
    assert not cohort.is_present.loc["B-L1", "mutations"]
    assert math.isnan(cohort.n_nonsynonymous["B-L1"])
    assert math.isnan(cohort.tmb["C-L1"])  # the covered megabases are not known
    assert cohort.tmb["A-L1"] == pytest.approx(1 / 30)  # the silent variant does not count


def test_missing_labels_are_excluded_and_reported_and_no_label_at_all_is_an_error():
    patients = make_study().patients.assign(BEST_RESPONSE=["PR", "NE", None])
    cohort = assemble(make_study(patients=patients), DATA, heads=("response",))
    assert {n.id for n in cohort.report if n.reason == "label_missing"} == {"B-L1", "C-L1"}
    treatments = make_study().treatments.drop(columns="BEST_RESPONSE")
    unlabelled = make_study(patients=patients.drop(columns="BEST_RESPONSE"), treatments=treatments)
    with pytest.raises(InputError, match="no course is left"):
        assemble(unlabelled, DATA, ("response",))


def test_outcomes_are_never_features():
    cohort = assemble(make_study(), DATA)
    assert list(cohort.clinical.columns) == ["AGE", "SEX"]
    with pytest.raises(LeakageError, match="OS_MONTHS"):
        assemble(make_study(), DATA.model_copy(update={"clinical_columns": ("AGE", "OS_MONTHS")}))


def test_an_unknown_layer_is_refused_with_what_there_is():
    with pytest.raises(InputError, match="metabolites"):
        assemble(make_study(), DATA.model_copy(update={"modalities": ("metabolites",)}))


@pytest.mark.parametrize(
    ("row", "endpoint", "expected"),
    [
        ({"BEST_RESPONSE": "Partial Response"}, "best_response", 1.0),
        ({"BEST_RESPONSE": "SD"}, "best_response", 0.0),
        ({"BEST_RESPONSE": "NE"}, "best_response", math.nan),
        ({"PCR": 1.0}, "pcr", 1.0),
        ({"RCB_CATEGORY": "RCB-II"}, "pcr", 0.0),
        ({"RCB_CATEGORY": "pCR"}, "pcr", 1.0),
        ({"DURABLE_BENEFIT": "NDB"}, "durable_benefit", 0.0),
        ({}, "pcr", math.nan),
    ],
)
def test_response_of(row, endpoint, expected):
    assert response_of(row, endpoint) == pytest.approx(expected, nan_ok=True)


def test_ordinal_and_survival():
    assert [ordinal_of({"BEST_RESPONSE": w}) for w in ("PD", "SD", "PR", "CR")] == [0, 1, 2, 3]
    assert ordinal_of({"RCB_CATEGORY": "RCB-III"}) == 0
    row = {"PFS_MONTHS": 12, "PFS_STATUS": "1:PROGRESSION", "OS_MONTHS": 30, "OS_STATUS": "0"}
    assert survival_of(row, "PFS") == pytest.approx((365.25, 1))
    assert survival_of(row, "OS") == pytest.approx((913.125, 0))
    assert math.isnan(survival_of({"OS_MONTHS": -3, "OS_STATUS": "1:DECEASED"}, "OS")[0])


def test_one_survival_endpoint_for_a_whole_cohort():
    alive = {"OS_MONTHS": 30, "OS_STATUS": "0"}
    both = {**alive, "PFS_MONTHS": 12, "PFS_STATUS": "1"}
    assert survival_endpoint([both, alive]) == "PFS"
    assert survival_endpoint([both, alive, alive]) == "OS"
    assert survival_endpoint([alive]) == "OS"


def test_a_source_that_says_only_who_responded_has_no_level():
    assert [response_of({"BEST_RESPONSE": word}, "best_response") for word in ("R", "NR")] == [1, 0]
    assert math.isnan(ordinal_of({"BEST_RESPONSE": "R"}))
