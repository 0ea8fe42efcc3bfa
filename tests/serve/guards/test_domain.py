"""Cancer type, treatment, scanner and measurements far from training."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from toy_guards import assert_passes, assert_refused, row_of
from tumorcast.cohort.summaries import modality_tables
from tumorcast.evaluation.out_of_distribution import fit_reference
from tumorcast.serve.policy import Policy


def test_another_cancer_type_is_refused(here):
    here = here.of(cancer_types={"Melanoma": 40})
    reason = assert_refused(here, here.study(CANCER_TYPE="Breast Cancer"), "cancer_type_not_seen")
    assert "found Breast Cancer, expected Melanoma" in reason
    assert_refused(here, here.study(), "cancer_type_not_declared")
    assert_passes(here, here.study(CANCER_TYPE="melanoma"), "cancer_type")
    assert_passes(here.of(cancer_types={}), here.study(CANCER_TYPE="Breast Cancer"), "cancer_type")


def test_another_scanner_is_refused_until_the_lab_has_verified_it(here):
    here = here.of(scanners={"Aperio GT450": 40})
    assert_refused(here, here.study(SCANNER="Hamamatsu S360"), "scanner_not_seen")
    assert_passes(here, here.study(SCANNER="aperio gt450"), "scanner")
    assert_passes(here, here.study(SCANNER="Hamamatsu S360"), "scanner", "P8")
    row = row_of(here.ask(here.study()))
    assert "warning:scanner_not_declared" in row["flags"]
    verified = Policy(actions={"scanner_not_seen": "warn"})
    row = row_of(here.ask(here.study(SCANNER="Hamamatsu S360"), verified))
    assert "warning:scanner_not_seen" in row["flags"]
    assert row["reason"].endswith("used all the same (found Hamamatsu S360, expected Aperio GT450)")


def test_another_treatment_is_refused_and_a_half_known_one_told(here):
    treatments = here.study().treatments.copy()
    treatments.loc[0, "agent"], treatments.loc[1, "agent"] = "Unheardofumab", "Nivolumab + Cisplatin"
    untreated = here.study(treatments=treatments.iloc[1:])
    assert "warning:treatment_not_recorded" in row_of(here.ask(untreated))["flags"]
    study = here.study(treatments=treatments)
    assert_refused(here, study, "treatment_not_seen")
    assert_passes(here, study, "treatment_not_seen", "P1")
    assert "warning:treatment_partly_seen" in row_of(here.ask(study), "P1")["flags"]


def test_another_line_of_therapy_gets_no_number(here):
    rules = here.bundle.manifest.rules.model_copy(update={"lines": (2,)})
    manifest = here.bundle.manifest.model_copy(update={"rules": rules})
    second = replace(here, bundle=replace(here.bundle, manifest=manifest))
    assert_refused(second, here.study(), "line_not_seen")


def test_measurements_far_from_training_are_refused(here):
    random = np.random.default_rng(0)
    prepared, cohort = here.bundle.prepared, _courses(here)
    tables = {"expression": modality_tables(prepared, cohort)["expression"]}
    names = tables["expression"].columns
    drawn = random.normal(0, 1, (300, len(names)))
    rows = type(tables["expression"])(drawn, columns=names, index=[f"T{i}" for i in range(300)])
    reference = fit_reference({"expression": rows[:150]}, {"expression": rows[150:]}, [])
    here = replace(here, bundle=replace(here.bundle, reference=reference))
    odd = here.study().expression.copy()
    odd.loc["P5-A"] = odd.to_numpy().max() * 40
    reason = assert_refused(here, here.study(expression=odd), "unlike_training", "P5")
    assert "most of all in expression" in reason
    assert_passes(here, here.study(), "unlike_training", "P5")


def _courses(here):
    from tumorcast.cohort.assemble import assemble
    from tumorcast.config.models import DataConfig

    cohort = assemble(here.study(), DataConfig(study=here.lab.study))
    return [here.bundle.prepared.arrays(cohort, str(cid), None) for cid in cohort.courses.index]
