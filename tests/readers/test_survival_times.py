"""Survival columns that cannot be, caught by name: inverted flags, days for months, progression after death."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_lab import toy_study
from tumorcast.cohort.clinical import clinical_table
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.outcome_names import is_outcome
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.readers.study import Study
from tumorcast.readers.survival_times import check_order, check_survival

N = 60


def _trial(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Months and events of a trial with much follow-up: the censored are the late ones."""
    random = np.random.default_rng(seed)
    time = random.exponential(16, N)
    end = random.uniform(18, 30, N)
    return np.minimum(time, end), (time <= end).astype(float)


def _study(**columns: object) -> Study:
    study = toy_study(Path("study"), n_patients=N)
    return replace(study, patients=study.patients.assign(**columns))


def _os(months: np.ndarray, event: np.ndarray, words: tuple[str, str] = ("0:LIVING", "1:DECEASED")) -> Study:
    return _study(OS_MONTHS=months, OS_STATUS=[words[int(e)] for e in event])


def test_a_plausible_trial_passes():
    months, event = _trial()
    check_survival("OS", months, event)
    table = course_table(_os(months, event))
    assert table["time_days"].notna().all()
    assert table.attrs == {"survival": "OS", "late": []}


def test_late_deaths_of_a_registry_are_not_taken_for_inverted():
    random = np.random.default_rng(1)
    months = np.r_[random.uniform(1, 30, 200), random.uniform(10, 60, 40)]
    check_survival("OS", months, np.r_[np.zeros(200), np.ones(40)])


@pytest.mark.parametrize(
    "say", [lambda n, m, e: check_survival(n, m, e), lambda n, m, e: course_table(_os(m, e))]
)
def test_inverted_flags_are_named(say: Callable[..., object]):
    months, event = _trial()
    with pytest.raises(InputError, match=r"OS: the flags seem inverted \(1 = censored\?\)"):
        say("OS", months, 1 - event)


@pytest.mark.parametrize(
    "say", [lambda n, m, e: check_survival(n, m, e), lambda n, m, e: course_table(_os(m, e))]
)
def test_days_for_months_are_named(say: Callable[..., object]):
    months, event = _trial()
    with pytest.raises(InputError, match="OS: the times look like days, not months"):
        say("OS", months * 30.4375, event)


def test_negative_times_name_the_patient():
    with pytest.raises(InputError, match=r"OS: negative times\n.*B"):
        check_survival("OS", [3.0, -1.0], [1, 0], ["A", "B"])


def test_a_word_that_contradicts_its_number_is_named():
    months, event = _trial()
    with pytest.raises(InputError, match="OS_STATUS: a number that contradicts its word"):
        course_table(_os(months, event, ("0:DECEASED", "1:LIVING")))


def test_progression_after_death_is_left_out_where_rare_and_refused_where_it_is_the_rule():
    months, event = _trial()
    pfs = months * 0.8
    pfs[[4, 9]] += 40
    columns = {"PFS_MONTHS": pfs, "PFS_STATUS": "1:PROGRESSION"}
    table = course_table(replace(_os(months, event), treatments=_with(columns)))
    assert table.attrs["late"] == ["P4-L1", "P9-L1"]
    assert table["time_days"].isna().sum() == 2
    with pytest.raises(
        InputError, match="progression-free survival is longer than overall survival in 60 of 60"
    ):
        course_table(replace(_os(months, event), treatments=_with({**columns, "PFS_MONTHS": months + 3})))
    with pytest.raises(InputError, match="longer than overall survival"):
        check_order([5.0] * 10, [4.0] * 10)


def _with(columns: dict[str, object]) -> pd.DataFrame:
    return toy_study(Path("study"), n_patients=N).treatments.assign(**columns)


LATER = (
    "OS", "PFS.CNSR", "OS.CNSR", "censorship", "survival_months", "PFS_MONTHS", "DAYS_TO_DEATH", "TIME_TO_RESPONSE",
    "BEST_RESPONSE", "RESPONSE_DAY", "DFI.time_survival", "BCOR", "RCB.score", "DAYS_TO_LAST_FOLLOWUP",
)  # fmt: skip


def test_what_happened_later_is_no_feature_and_asking_for_it_is_refused():
    study = _study(**dict.fromkeys(LATER, 1.0), ALBUMIN=4.0, CENSUS_REGION="x", OSTEOPENIA=0.0)
    courses = course_table(_study())
    table = clinical_table(study, courses, DataConfig(study=Path("study")))
    assert set(table.columns) == {"AGE", "SEX", "ALBUMIN", "CENSUS_REGION", "OSTEOPENIA"}
    for name in LATER:
        assert is_outcome(name)
        data = DataConfig(study=Path("study"), clinical_columns=(name,))
        with pytest.raises(LeakageError, match="an outcome"):
            clinical_table(study, courses, data)
