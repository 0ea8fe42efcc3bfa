"""Calibration of each combination of measured layers, where there are patients enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.evaluation.pattern_calibration import calibration_by_pattern
from tumorcast.evaluation.trust import fit_trust, held_out_probabilities


def table(pattern: str, patients: int, truth: float, said: float, seed: int = 0) -> pd.DataFrame:
    label = np.random.default_rng(seed).random(patients) < truth
    names = [f"{pattern}{i}" for i in range(patients)]
    made = pd.DataFrame({"patient_id": names, "label": label.astype(float), "probability": said})
    return made.assign(pattern=pattern)


def test_too_high_probabilities_are_found_in_the_combination_that_has_them():
    good, bad = table("slide", 400, 0.4, 0.4), table("clinical", 400, 0.4, 0.8)
    found = calibration_by_pattern(pd.concat([good, bad]))
    assert found["slide"]["observed_expected"].low < 1 < found["slide"]["observed_expected"].high
    assert found["clinical"]["observed_expected"].high < 0.7
    assert found["slide"]["brier"].value < found["clinical"]["brier"].value
    for figure in found["slide"].values():
        assert figure.low <= figure.value <= figure.high


@pytest.mark.parametrize(("patients", "is_told"), [(49, False), (50, True)])
def test_fifty_patients_are_needed_and_courses_do_not_count(patients, is_told):
    rows = table("slide", patients, 0.4, 0.4)
    assert bool(calibration_by_pattern(pd.concat([rows, rows]))) == is_told


def test_unlabelled_courses_do_not_count():
    rows = table("slide", 60, 0.4, 0.4)
    rows.loc[:20, "label"] = np.nan
    assert calibration_by_pattern(rows) == {}


def test_a_course_is_not_calibrated_by_its_own_fold():
    random = np.random.default_rng(0)
    score = random.normal(0, 1, 400)
    inner = pd.DataFrame(
        {
            "patient_id": [f"P{i}" for i in range(400)],
            "fold": [f"f{i % 4}" for i in range(400)],
            "label": (random.random(400) < 1 / (1 + np.exp(-score))).astype(float),
            "probability": 1 / (1 + np.exp(-3 * score)),
        }
    )
    trust = fit_trust(inner)
    assert trust is not None
    held = held_out_probabilities(inner, trust.calibration.method)
    changed = inner.assign(label=np.where(inner["fold"] == "f0", 1 - inner["label"], inner["label"]))
    again = held_out_probabilities(changed, trust.calibration.method)
    own = (inner["fold"] == "f0").to_numpy()
    np.testing.assert_allclose(held[own], again[own])
    assert np.abs(held[~own] - again[~own]).max() > 1e-3
    gap = inner.assign(label=inner["label"].where(inner.index != 3))
    assert np.isnan(held_out_probabilities(gap, trust.calibration.method)[3])
