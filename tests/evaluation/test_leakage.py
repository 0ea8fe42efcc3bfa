"""Leakage: what stands on both sides is refused by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import LeakageError
from tumorcast.evaluation.leakage import check_disjoint


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
