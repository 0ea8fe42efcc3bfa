"""A drug that training has not seen has the effect of its class in the anchors; a name counts where it helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from toy_courses import toy_preprocessor
from tumorcast.batches.batch import inputs_from
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.drugs import Drug, treatment_columns
from tumorcast.cohort.packing import pack
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import TreatmentVocabulary
from tumorcast.config.models import ModelConfig
from tumorcast.nn.build import build_predictor
from tumorcast.nn.predictor import Predictor
from tumorcast.training.anchors import fit_anchors

NIVOLUMAB = Drug("nivolumab", "anti-PD-1", ("PDCD1",))
PEMBROLIZUMAB = replace(NIVOLUMAB, name="pembrolizumab")
TWIN = replace(NIVOLUMAB, name="neverheardofimab")
PLATINUM = Drug("carboplatin", "platinum")


def cohort_of(drugs: list[Drug], seed: int = 0) -> Cohort:
    """One course a drug, with an age that says nothing."""
    names = [f"c{n}" for n in range(len(drugs))]
    courses = pd.DataFrame([treatment_columns([drug]) for drug in drugs], index=names)
    courses["patient_id"], courses["line"], courses["site"] = names, 1.0, "one"
    random = np.random.default_rng(seed)
    empty = pd.Series(np.nan, index=names)
    return Cohort(
        study_id="toy", origin="simulated", courses=courses,
        clinical=pd.DataFrame({"AGE": random.normal(size=len(names))}, index=names),
        layers={}, variants=pd.DataFrame(), tmb=empty, n_nonsynonymous=empty, slides=pd.DataFrame(),
        is_present=pd.DataFrame({"clinical": True}, index=names), people=pd.DataFrame(), survival="",
        report=[], digest="",
    )  # fmt: skip


def fitted(drugs: list[Drug], chance: dict[str, float]) -> tuple[Preprocessor, Predictor]:
    """Anchors of responses in exactly this share of each drug's patients."""
    cohort = cohort_of(drugs)
    prepared = replace(
        toy_preprocessor().narrowed(("clinical",)), treatment=TreatmentVocabulary.fit(cohort.courses)
    )
    names = np.array([drug.name for drug in drugs])
    response = np.zeros(len(drugs))
    for name, share in chance.items():
        own = np.flatnonzero(names == name)
        response[np.random.default_rng(1).permutation(own)[: round(share * len(own))]] = 1
    labels = cohort.courses.assign(
        response=response, ordinal=np.nan, time_days=np.nan, is_event=np.nan, size_change=np.nan
    )
    torch.manual_seed(0)
    predictor = build_predictor(ModelConfig(width=16), prepared).eval()
    fit_anchors(predictor, prepared.all_arrays(cohort, list(cohort.courses.index), {}), labels, seed=0)
    return prepared, predictor


def anchored(prepared: Preprocessor, predictor: Predictor, *drugs: Drug) -> list[float]:
    """Scores of patients who differ in their drug alone; the network as it starts, which adds nothing."""
    cohort = cohort_of(list(drugs))
    cohort.clinical["AGE"] = 0.0
    courses: list[CourseArrays] = [prepared.arrays(cohort, f"c{n}", None) for n in range(len(drugs))]
    with torch.inference_mode():
        return predictor(inputs_from(pack(courses), ("clinical",))).scores[:, 0].tolist()


def test_a_drug_not_seen_has_nearly_the_effect_of_its_twin():
    prepared, predictor = fitted([NIVOLUMAB, PLATINUM] * 60, {"nivolumab": 0.75, "carboplatin": 0.25})
    seen, twin, other = anchored(prepared, predictor, NIVOLUMAB, TWIN, PLATINUM)
    assert seen - other > 1.2
    assert abs(seen - twin) < 0.15 * (seen - other)


def test_a_name_adds_what_its_class_does_not_explain():
    chance = {"nivolumab": 0.8, "pembrolizumab": 0.3, "carboplatin": 0.3}
    prepared, predictor = fitted([NIVOLUMAB, PEMBROLIZUMAB, PLATINUM] * 60, chance)
    first, second, unseen = anchored(prepared, predictor, NIVOLUMAB, PEMBROLIZUMAB, TWIN)
    assert first - second > 1.0
    assert second - 0.2 < unseen < first + 0.2
