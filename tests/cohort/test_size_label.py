"""The label of tumour size: the scan nearest week 8, in the window; missing and impossible values are unknown."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cohort.test_assemble import DATA, make_study
from toy_lab import toy_study
from tumorcast.cohort.assemble import assemble, check_labels
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.labels import size_of
from tumorcast.cohort.outcome_names import is_outcome
from tumorcast.domain.errors import InputError


def scan(percent: object, day: object) -> dict[str, object]:
    return {"SIZE_CHANGE_PERCENT": percent, "SIZE_CHANGE_DAY": day}


def test_the_scan_nearest_week_8_counts():
    rows = [scan(-10, 30.0), scan("-50", "60"), scan(20, 84.0)]
    assert size_of(rows) == pytest.approx(math.log(0.5))
    assert size_of(rows[::-1]) == size_of(rows)


def test_of_two_scans_equally_near_the_earlier_counts_whichever_did_better():
    for early, late in ((-10, -60), (-60, -10)):
        rows = [scan(late, 62), scan(early, 50)]
        assert size_of(rows) == size_of(rows[::-1]) == pytest.approx(math.log(1 + early / 100))


@pytest.mark.parametrize(
    "row",
    [
        scan(-50, 27.9),
        scan(-50, 85),
        scan(-50, math.nan),
        scan(math.nan, 56),
        scan(-101, 56),
        scan("?", 56),
        scan(math.inf, 56),
        {},
    ],
)
def test_a_scan_outside_the_window_or_an_impossible_change_is_unknown(row):
    assert math.isnan(size_of([row]))


def test_a_tumour_too_small_to_measure_and_a_huge_one_are_bounded():
    assert size_of([scan(-100, 56)]) == size_of([scan(-97, 56)]) == pytest.approx(math.log(0.05))
    assert size_of([scan(4000, 56)]) == pytest.approx(math.log(5))


def test_it_is_an_outcome_and_never_a_feature():
    assert is_outcome("SIZE_CHANGE_PERCENT")
    assert is_outcome("SIZE_CHANGE_DAY")


def test_a_course_takes_it_from_its_own_rows_of_the_timeline(tmp_path):
    study = toy_study(tmp_path)
    study.treatments["SIZE_CHANGE_PERCENT"] = np.linspace(-60, 50, len(study.treatments))
    study.treatments["SIZE_CHANGE_DAY"] = [56.0, 20.0, *[np.nan] * (len(study.treatments) - 2)]
    told = course_table(study)["size_change"]
    assert told.iloc[0] == pytest.approx(math.log(0.4))
    assert told.iloc[1:].isna().all()


def test_a_head_with_too_few_labelled_patients_is_refused():
    study = make_study()
    study.treatments["SIZE_CHANGE_PERCENT"], study.treatments["SIZE_CHANGE_DAY"] = np.nan, 56.0
    cohort = assemble(study, DATA, ("response", "size"))
    with pytest.raises(InputError, match=r"'size'(.|\n)*0 patients(.|\n)*fewest_labelled"):
        check_labels(cohort, ("response", "size"), 2)
    check_labels(cohort, ("response",), 2)
    n_patients = cohort.courses.loc[cohort.courses["response"].notna(), "patient_id"].nunique()
    with pytest.raises(InputError, match="'response'"):
        check_labels(cohort, ("response",), n_patients + 1)
