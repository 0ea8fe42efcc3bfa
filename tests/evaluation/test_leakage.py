"""Leakage: what stands on both sides is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import LeakageError
from tumorcast.evaluation.leakage import (
    check_disjoint,
    check_near_duplicates,
    near_duplicates,
    same_marks,
    same_variants,
)


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
    with pytest.raises(LeakageError, match="1 pairs of courses") as refused:
        check_near_duplicates(near_duplicates(tables, patients), _folds(patients.index))
    assert refused.value.got == "c3 and c50 (expression)"


def test_copies_on_one_side_and_second_courses_of_a_patient_pass():
    tables, patients = _layers()
    tables["expression"].loc["c4"] = tables["expression"].loc["c3"]
    check_near_duplicates(near_duplicates(tables, patients), _folds(patients.index))
    tables["expression"].loc["c50"] = tables["expression"].loc["c3"]
    patients["c50"] = patients["c4"] = patients["c3"]
    check_near_duplicates(near_duplicates(tables, patients), _folds(patients.index))


def test_tumours_of_one_kind_and_quiet_genomes_are_no_copies():
    tables, patients = _layers()
    tables["copy_number"] = pd.DataFrame(0.0, patients.index, range(500))
    tables["copy_number"].iloc[::7, :5] = 1.0
    assert near_duplicates(tables, patients) == []


def test_quiet_genomes_that_differ_in_noise_alone_are_no_copies_but_their_copy_is():
    random = np.random.default_rng(1)
    ids = [f"c{i}" for i in range(60)]
    ratio = pd.DataFrame(random.normal(scale=0.02, size=(60, 400)), ids)
    ratio.iloc[40:] += np.repeat(random.normal(scale=1, size=(20, 20)), 20, axis=1)
    patients = pd.Series(ids, ids)
    assert near_duplicates({"copy_number_log2": ratio}, patients) == []
    ratio.loc["c59"] = ratio.loc["c2"].round(3)
    assert near_duplicates({"copy_number_log2": ratio}, patients) == [("copy_number_log2", "c2", "c59")]


def test_features_that_never_vary_or_were_never_measured_make_no_copies():
    tables, patients = _layers()
    flat = pd.DataFrame(0.0, patients.index, [f"flat{i}" for i in range(600)]).assign(never=np.nan)
    assert near_duplicates({"expression": tables["expression"].join(flat)}, patients) == []


def test_the_noise_of_constant_features_does_not_hide_a_copy():
    tables, patients = _layers()
    noise = np.random.default_rng(2).choice([0, 1e-15], size=(60, 3))
    flat = pd.DataFrame(np.log2(0.001) + noise, patients.index, ["a", "b", "c"])
    table = tables["expression"].join(flat)
    table.loc["c50"] = table.loc["c3"].round(2)
    assert near_duplicates({"expression": table}, patients) == [("expression", "c3", "c50")]
    table.loc["c50"] = table.loc["c3"] + np.random.default_rng(3).normal(scale=0.3, size=303)
    assert near_duplicates({"expression": table}, patients) == []


def test_copies_in_a_narrow_layer_are_found_and_fewer_than_twenty_features_not_judged():
    tables, patients = _layers(features=25)
    tables["expression"].loc["c50"] = tables["expression"].loc["c3"].round(3)
    assert near_duplicates(tables, patients) == [("expression", "c3", "c50")]
    assert near_duplicates({"expression": tables["expression"].iloc[:, :19]}, patients) == []


def _variants(genes: dict[str, list[str]], impact: str = "missense") -> pd.DataFrame:
    rows = [(course, gene, impact) for course, own in genes.items() for gene in own]
    return pd.DataFrame(rows, columns=["course_id", "gene", "impact"])


def test_the_same_variants_under_another_name_are_found():
    ten = [f"G{i}" for i in range(10)]
    patients = pd.Series({c: c.upper() for c in "abcdef"})
    genes = {"a": ten, "b": ten[::-1], "c": [*ten[:8], "X", "Y"], "d": ten[:9], "e": ten[:9]}
    assert same_variants(_variants(genes), patients) == [("mutations", "a", "b")]
    other = pd.concat([_variants({"a": ten}), _variants({"b": ten}, "truncating")])
    assert same_variants(other, patients) == []
    assert same_variants(_variants({"a": ten, "b": ten}), patients.replace("B", "A")) == []
    assert same_variants(_variants({"a": ten, "b": [*ten, ten[0], "X"]}), patients) == [
        ("mutations", "a", "b")
    ]
    assert same_variants(_variants({}), patients) == []


def test_a_slide_of_two_patients_is_found_once():
    patients = pd.Series({"a-L1": "a", "a-L2": "a", "b-L1": "b"})
    marks = [("a-L1", "slide", "x"), ("a-L2", "slide", "x"), ("a-L1", "slide", "y"), ("b-L1", "slide", "z")]
    table = pd.DataFrame(marks, columns=["course_id", "layer", "mark"])
    assert same_marks(table, patients) == []
    both = pd.concat([table, table.iloc[[0, 2]].assign(course_id="b-L1")])
    assert same_marks(both, patients) == [("slide", "a-L1", "b-L1"), ("slide", "a-L2", "b-L1")]


def test_a_pair_alike_in_two_layers_is_one_pair():
    pairs = [("expression", "c1", "c2"), ("mutations", "c2", "c1"), ("slide", "c1", "c9")]
    with pytest.raises(LeakageError, match="1 pairs of courses") as refused:
        check_near_duplicates(pairs, [(["c1", "c9"], ["c2"])])
    assert refused.value.got == "c1 and c2 (expression, mutations)"
    assert "one patient_id" in str(refused.value)


def test_many_patients_and_features_take_seconds():
    tables, patients = _layers(600, 5000)
    tables["expression"].iloc[::5, ::3] = np.nan
    tables["expression"].loc["c599"] = tables["expression"].loc["c1"] * 1.0001
    assert near_duplicates(tables, patients) == [("expression", "c1", "c599")]
