"""Splits: by patient, stratified, whole sites where asked, and a patient in two folds is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.splits import inner_folds, outer_folds
from tumorcast.config.models import SplitConfig
from tumorcast.domain.errors import InputError, LeakageError

HERE = Path(".")


def make_courses(patients: int = 60) -> pd.DataFrame:
    """Every third patient has two courses; six sites."""
    random = np.random.default_rng(0)
    owner = [p for p in range(patients) for _ in range(1 + (p % 3 == 0))]
    return pd.DataFrame(
        {
            "patient_id": [f"P{p}" for p in owner],
            "site": [f"S{p % 6}" for p in owner],
            "response": random.integers(0, 2, len(owner)).astype(float),
            "is_event": np.nan,
        },
        index=[f"c{i}" for i in range(len(owner))],
    )


@pytest.mark.parametrize("split", [SplitConfig(), SplitConfig(scheme="kfold", folds=5)])
@pytest.mark.parametrize("by_site", [False, True])
def test_no_patient_and_no_site_is_on_both_sides(split, by_site):
    courses = make_courses()
    folds = outer_folds(courses, split.model_copy(update={"by_site": by_site}), 0, HERE)
    for fold in folds:
        training, test = courses.loc[list(fold.training)], courses.loc[list(fold.test)]
        assert not set(training["patient_id"]) & set(test["patient_id"])
        assert len(training) + len(test) == len(courses)
        if by_site:
            assert not set(training["site"]) & set(test["site"])
        for inner in inner_folds(courses, fold.training, 4, 0):
            assert (
                not courses.loc[list(inner.training), "patient_id"]
                .isin(courses.loc[list(inner.test), "patient_id"])
                .any()
            )
            assert set(inner.training) | set(inner.test) == set(fold.training)


def test_kfold_tests_every_course_once():
    courses = make_courses()
    folds = outer_folds(courses, SplitConfig(scheme="kfold", folds=4), 1, HERE)
    assert sorted(c for fold in folds for c in fold.test) == sorted(courses.index)


def test_the_share_of_responders_is_kept():
    courses = make_courses(200)
    (fold,) = outer_folds(courses, SplitConfig(test_fraction=0.3), 0, HERE)
    rates = [courses.loc[list(ids), "response"].mean() for ids in (fold.training, fold.test)]
    assert abs(rates[0] - rates[1]) < 0.1
    assert 0.25 < len(fold.test) / len(courses) < 0.35


def test_too_few_sites_is_told():
    courses = make_courses().assign(site="one")
    with pytest.raises(InputError, match="too few sites"):
        outer_folds(courses, SplitConfig(scheme="kfold", by_site=True), 0, HERE)


def test_a_patient_in_two_folds_of_a_file_is_refused(tmp_path):
    courses = make_courses(4)
    rows = [("P0", 0), ("P1", 1), ("P2", 0), ("P3", 1)]
    table = pd.DataFrame(rows, columns=["patient_id", "fold"])
    table.to_csv(tmp_path / "splits.csv", index=False)
    folds = outer_folds(courses, SplitConfig(scheme="file"), 0, tmp_path)
    assert [set(courses.loc[list(f.test), "patient_id"]) for f in folds] == [{"P0", "P2"}, {"P1", "P3"}]
    pd.concat([table, pd.DataFrame({"patient_id": ["P0"], "fold": [1]})]).to_csv(
        tmp_path / "splits.csv", index=False
    )
    with pytest.raises(LeakageError, match="two folds"):
        outer_folds(courses, SplitConfig(scheme="file"), 0, tmp_path)
