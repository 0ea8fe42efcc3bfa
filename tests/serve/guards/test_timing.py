"""Tissue taken after the first day of treatment."""

from __future__ import annotations

from dataclasses import replace

from toy_guards import assert_passes, assert_refused, row_of
from tumorcast.serve.policy import Policy


def late(here, *patients, day=30.0):
    samples = here.study().samples.copy()
    for name in patients:
        samples.loc[f"{name}-A", "collected_day"] = day
    return here.study(samples=samples)


def test_a_biopsy_from_after_the_first_day_is_refused(here):
    reason = assert_refused(here, late(here, "P0"), "all_tissue_after_start")
    assert "after the treatment began" in reason
    assert "slide S0: sample P0-A taken_after_start (day 30, course from 0)" in reason
    assert_passes(here, late(here, "P0"), "after_start", "P1")
    assert_passes(here, late(here, "P0", day=0.0), "after_start")


def test_a_later_biopsy_beside_an_earlier_one_is_left_out(here):
    study = here.study()
    samples = study.samples.copy()
    samples.loc["P0-B"] = samples.loc["P0-A"]
    samples.loc["P0-A", "collected_day"] = 30.0
    row = row_of(here.ask(here.study(samples=samples, sequenced=study.sequenced | {"P0-B"})))
    assert "slide" not in row["modalities"]
    assert "warning:taken_after_start" in row["flags"]


def test_a_lab_may_have_clinical_data_alone_predicted(here):
    row = row_of(here.ask(late(here, "P0"), Policy(actions={"all_tissue_after_start": "warn"})))
    assert (row["status"], row["modalities"]) == ("predicted_partly", "clinical")


def test_an_undated_sample_is_noted(here):
    made = here.ask(late(here, "P0", day=float("nan")))
    assert "note:date_unknown" in row_of(made)["flags"]
    assert row_of(made)["status"] == "predicted"


def test_a_procedure_that_training_left_out_is_told(here):
    rules = here.bundle.manifest.rules.model_copy(update={"procedures": ("resection",)})
    manifest = here.bundle.manifest.model_copy(update={"rules": rules})
    row = row_of(replace(here, bundle=replace(here.bundle, manifest=manifest)).ask())
    assert (row["modalities"], row["status"]) == ("clinical", "predicted_partly")
    assert "warning:procedure_not_wanted" in row["flags"]
