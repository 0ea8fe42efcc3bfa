"""Adjusted outcomes from training courses, by cancer type, into a bundle and out again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from causal_cohort import simulated
from toy_bundle import toy_facts, toy_model
from toy_courses import toy_preprocessor
from tumorcast.domain.errors import BundleError
from tumorcast.evaluation.causal.effects import Effects
from tumorcast.export import training_effects as module
from tumorcast.export.bundle import export_bundle, write_records
from tumorcast.export.training_effects import training_effects
from tumorcast.serve.bundle import load_bundle

_CLASSES = {
    "immunotherapy": ("anti-PD-1",),
    "chemotherapy": ("platinum", "taxane"),
    "combination": ("anti-PD-1", "platinum", "folate"),
    "dual_immunotherapy": ("anti-PD-1", "anti-CTLA-4"),
    "parp_inhibitor": (),
}


@pytest.fixture(scope="module")
def effects() -> Effects:
    """Of 300 patients of melanoma and 60 of whom no cancer type is recorded; some received nothing that is known."""
    cohort = simulated(360, 4)
    ids = [f"c{k}" for k in range(360)]
    courses = pd.DataFrame(
        {
            "patient_id": cohort.patients, "line": 1.0, "agent_classes": [_CLASSES[name] for name in cohort.given],
            "response": cohort.of_received(cohort.responses), "time_days": np.nan, "is_event": np.nan,
        },
        index=ids,
    )  # fmt: skip
    people = pd.DataFrame({"cancer_type": ["Melanoma"] * 300 + [None] * 60}, index=ids)
    study = SimpleNamespace(courses=courses, people=people, survival="PFS")
    config = SimpleNamespace(model=SimpleNamespace(heads=("response", "survival")), seed=0)
    rows = dict(zip(ids, cohort.table.to_dict("records"), strict=True))
    arrays = [SimpleNamespace(course_id=name) for name in ids]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "baseline_numbers", lambda _, course, __: rows[course.course_id])
        made = training_effects(study, None, arrays, config)  # type: ignore[arg-type]
    assert made is not None
    return made


def test_a_cancer_type_has_its_own_and_what_is_not_known_is_not_compared(effects: Effects):
    assert [(one.cancer, one.outcome) for one in effects.outcomes] == [("Melanoma", "response")]
    known = {"PD-1/PD-L1 inhibitor", "chemotherapy", "PD-1/PD-L1 inhibitor + chemotherapy"}
    assert known <= set(effects.outcomes[0].values) <= {*known, "PD-1/PD-L1 inhibitor + anti-CTLA-4"}
    assert effects.outcomes[0].n < 300


def test_the_record_is_written_among_those_of_a_bundle(effects: Effects, tmp_path: Path):
    write_records(replace(toy_facts(), effects=effects), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["effects.json"]
    assert Effects.from_json(json.loads((tmp_path / "effects.json").read_text(encoding="utf-8"))) == effects


@pytest.mark.heavy
def test_a_bundle_brings_it_back_and_is_refused_where_it_was_changed(effects: Effects, tmp_path: Path):
    export_bundle(tmp_path / "bundle", toy_model(), toy_preprocessor(), replace(toy_facts(), effects=effects))
    again = load_bundle(tmp_path / "bundle")
    assert again.manifest.roles["effects"] == "effects.json"
    assert again.effects == effects
    file = tmp_path / "bundle" / "effects.json"
    file.write_text(file.read_text(encoding="utf-8").replace("0.", "1.", 1), encoding="utf-8")
    with pytest.raises(BundleError, match=r"effects\.json"):
        load_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("name", ["survival", "trust"])
def test_a_record_of_finite_numbers_alone_takes_no_other(name: str, tmp_path: Path):
    record = SimpleNamespace(to_json=lambda: {"slope": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_records(replace(toy_facts(), **{name: record}), tmp_path)  # type: ignore[arg-type]
