"""From a study's own files: what is measured of confounded patients suffices to find the best regimen."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.pathways import embedded_expression_sets
from tumorcast.biology.treatment_families import treatment_key
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.baseline import baseline_numbers
from tumorcast.cohort.preprocess import fit_preprocessor
from tumorcast.cohort.simulate import simulate_study
from tumorcast.config.models import DataConfig
from tumorcast.evaluation.causal.values import doubly_robust_scores, naive_values
from tumorcast.readers.cbioportal import read_study

BEST = "PD-1/PD-L1 inhibitor + chemotherapy"


@pytest.mark.heavy
def test_the_best_regimen_is_found_from_measured_columns_with_missing_values(tmp_path: Path):
    out = simulate_study(
        tmp_path / "study", n_patients=1500, seed=1, tiles_per_slide=4, features_only=True, progress=False,
        regimens="five", assignment="confounded",
    )  # fmt: skip
    stated = json.loads((out / "truth" / "formula.json").read_text(encoding="utf-8"))["regimens"]["best"]
    assert stated["value"]["response"] == "combination"
    data = DataConfig(study=out)
    cohort = assemble(read_study(out), data)
    ids = [str(name) for name in cohort.courses.index]
    sets = embedded_expression_sets()
    prepared = fit_preprocessor(cohort, ids, {}, GeneNetwork.embedded(), sets, data)
    rows = [baseline_numbers(prepared, course, 1.0) for course in prepared.all_arrays(cohort, ids, {})]
    given = [treatment_key(classes) for classes in cohort.courses["agent_classes"]]
    people = cohort.courses["patient_id"].astype(str).tolist()
    scores = doubly_robust_scores(pd.DataFrame(rows), given, people, cohort.courses["response"])
    robust = dict(zip(scores.treatments, scores.values.mean(axis=0), strict=True))
    naive = naive_values(scores)
    print({name: (round(naive[name], 3), round(float(robust[name]), 3)) for name in robust})
    assert max(robust, key=lambda name: robust[name]) == BEST
    assert max(naive, key=lambda name: naive[name]) != BEST
