"""The training population in the manifest: counted by patient, unknown told, nothing made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_lab import toy_study
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.cohort import Cohort
from tumorcast.config.models import DataConfig
from tumorcast.export.intended_use import intended_use
from tumorcast.export.population import population_of
from tumorcast.readers.study import Study
from tumorcast.serve.population import Population
from tumorcast.serve.population_text import population_lines


def cohort_of(study: Study) -> Cohort:
    return assemble(study, DataConfig(study=study.folder, modalities=("mutations", "expression", "clinical")))


@pytest.fixture
def study() -> Study:
    return toy_study(Path("nowhere"))


def test_patients_are_counted_not_courses(study):
    second = study.treatments.iloc[:1].assign(start_day=200.0, line=2.0, agent="Cisplatin")
    cohort = cohort_of(replace(study, treatments=pd.concat([study.treatments, second], ignore_index=True)))
    found = population_of(cohort, list(cohort.courses.index), cohort.modalities)
    assert len(cohort.courses) == 13
    assert found.agents == {"nivolumab": 12, "cisplatin": 1}
    assert found.lines == {"1": 12, "2": 1}
    assert found.sexes == {"female": 6, "male": 6}
    assert (found.responders, found.n_with_response) == (6, 12)
    assert found.ages.n == 12
    assert found.procedures == {"biopsy": 12}
    assert found.sequenced_mb.low == found.sequenced_mb.high == 30


def test_what_the_study_does_not_record_is_empty_and_what_some_lack_is_unknown(study):
    found = population_of(cohort := cohort_of(study), list(cohort.courses.index), cohort.modalities)
    assert found.cancer_types == found.races == found.scanners == found.sites == {}
    patients = study.patients.assign(RACE=["Asian", *[np.nan] * 11], AGE=[104.0, *[60.0] * 11])
    samples = study.samples.assign(CANCER_TYPE="Melanoma")
    cohort = cohort_of(replace(study, patients=patients, samples=samples))
    found = population_of(cohort, list(cohort.courses.index), cohort.modalities)
    assert found.races == {"Asian": 1, "unknown": 11}
    assert found.cancer_types == {"Melanoma": 12}
    assert found.ages.high == 90  # ages above 89 could identify
    assert "Race: Asian 1, unknown 11." in "\n".join(population_lines(found))
    assert "Cancer types: not recorded." in "\n".join(population_lines(Population()))


def test_figures_of_a_pattern_are_of_its_own_held_out_patients(study):
    cohort = cohort_of(replace(study, sequenced=frozenset(study.samples.index)))
    ids = list(cohort.courses.index)
    label = cohort.courses["response"].to_numpy()
    table = pd.DataFrame(
        {"patient_id": cohort.courses["patient_id"], "course_id": ids, "fold": "a", "model": "fused",
         "label": label, "probability": 0.25 + 0.5 * label}
    )  # fmt: skip
    masked = {"mutations+clinical": {"auroc": {"value": 0.6, "low": None, "high": float("nan")}}}
    found = population_of(cohort, ids, cohort.modalities, table, masked)
    full, partial = found.patterns
    assert (full.layers, full.n_training, full.n_held_out) == (("mutations", "expression", "clinical"), 8, 8)
    assert full.held_out == {}  # fewer than ten patients
    assert (partial.layers, partial.masked["auroc"].value) == (("mutations", "clinical"), 0.6)
    assert partial.masked["auroc"].high is None
    everyone = cohort_of(replace(study, expression=None, sequenced=frozenset(study.samples.index)))
    (only,) = population_of(everyone, ids, everyone.modalities, table).patterns
    assert only.held_out["auroc"].value == 1
    assert only.held_out["brier"].value == pytest.approx(0.0625)


def test_a_model_of_simulated_patients_is_for_nobody():
    found = Population(cancer_types={"Melanoma": 3}, agents={"nivolumab": 3})
    assert "None" in intended_use(("response",), found, "simulated").patients[0]
    real = "\n".join(intended_use(("response",), found, "real").patients)
    assert "Melanoma" in real
    assert "Tissue of training: not recorded" in real
