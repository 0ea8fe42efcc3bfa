"""Leakage: what stands on both sides is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import LeakageError
from tumorcast.evaluation.leakage import check_disjoint, check_near_duplicates, near_duplicates


def test_shared_patients_are_named():
    with pytest.raises(LeakageError, match="2 patients are both") as refused:
        check_disjoint(["a", "b", "c"], ["c", "d", "a"])
    assert refused.value.got == "a, c"


def test_many_are_counted_and_a_few_named():
    ids = [f"p{i:02d}" for i in range(30)]
    with pytest.raises(LeakageError, match="30 slides are both") as refused:
        check_disjoint(ids, reversed(ids), what="slides")
    assert refused.value.got == "p00, p01, p02, p03, p04, ..."


@pytest.mark.parametrize("train", [["a", "a"], pd.Series(["a"]), np.array(["a"]), {"a"}, []])
def test_disjoint_sides_pass(train):
    check_disjoint(train, iter(["b", "b"]))


@pytest.mark.parametrize(("train", "test"), [(["7"], [7]), ([" a "], ["a"])])
def test_another_type_or_a_space_does_not_hide_a_patient(train, test):
    with pytest.raises(LeakageError):
        check_disjoint(train, test)


def _layers(n: int = 60, features: int = 300) -> tuple[dict[str, pd.DataFrame], pd.Series]:
    random = np.random.default_rng(0)
    ids = [f"c{i}" for i in range(n)]
    kind = random.normal(size=features) * 3
    table = pd.DataFrame(random.normal(size=(n, features)) + kind, index=ids)
    return {"expression": table}, pd.Series([f"p{i}" for i in range(n)], index=ids)


def _folds(ids: pd.Index) -> list[tuple[list[str], list[str]]]:
    return [(list(ids[:40]), list(ids[40:]))]


def test_a_rounded_copy_under_another_name_is_refused():
    tables, patients = _layers()
    tables["expression"].loc["c50"] = tables["expression"].loc["c3"].round(1)
    assert near_duplicates(tables, patients) == [("expression", "c3", "c50")]
    with pytest.raises(LeakageError, match="1 pairs of patients") as refused:
        check_near_duplicates(tables, patients, _folds(patients.index))
    assert refused.value.got == "c3 and c50 (expression)"


def test_copies_on_one_side_and_second_courses_of_a_patient_pass():
    tables, patients = _layers()
    tables["expression"].loc["c4"] = tables["expression"].loc["c3"]
    check_near_duplicates(tables, patients, _folds(patients.index))
    tables["expression"].loc["c50"] = tables["expression"].loc["c3"]
    patients["c50"] = patients["c4"] = patients["c3"]
    check_near_duplicates(tables, patients, _folds(patients.index))


def test_tumours_of_one_kind_and_quiet_genomes_are_no_copies():
    tables, patients = _layers()
    tables["copy_number"] = pd.DataFrame(0.0, patients.index, range(500))
    tables["copy_number"].iloc[::7, :5] = 1.0
    assert near_duplicates(tables, patients) == []


def test_many_patients_and_features_take_seconds():
    tables, patients = _layers(600, 5000)
    tables["expression"].iloc[::5, ::3] = np.nan
    tables["expression"].loc["c599"] = tables["expression"].loc["c1"] * 1.0001
    assert near_duplicates(tables, patients) == [("expression", "c1", "c599")]
