"""Laboratory values: one name and unit an analyte, and never one from after the first day of treatment."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.laboratory import laboratory_table
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.laboratory import laboratory_of

PATIENTS = pd.Index(["P1", "P2"])


def events(*rows: tuple[str, float, str, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["PATIENT_ID", "START_DATE", "TEST", "RESULT", "UNITS"])
    return table.assign(EVENT_TYPE="LAB_TEST")


@pytest.mark.parametrize(
    ("name", "result", "unit", "analyte", "value"),
    [
        ("Albumin", "3.9", "g/dL", "albumin", 39),
        ("ALB", "39", "G/L", "albumin", 39),
        ("Absolute Neutrophil Count", "4500", "/uL", "neutrophils", 4.5),
        ("ANC", "4.5", "x10^9/L", "neutrophils", 4.5),
        ("Lymphocytes, Absolute", "1.2", "10*3/uL", "lymphocytes", 1.2),
        ("Creatinine", "1", "mg/dL", "creatinine", 88.42),
        ("CA 125", "35", "U/mL", "ca125", 35),
    ],
)
def test_one_name_and_unit(name, result, unit, analyte, value):
    table = laboratory_of(events(("P1", -3, name, result, unit)), PATIENTS, [])
    assert table["analyte"].tolist() == [analyte]
    assert table["value"].tolist() == pytest.approx([value])


def test_a_unit_that_is_not_told_is_judged_and_said():
    report: list[Exclusion] = []
    table = laboratory_of(
        events(("P1", 0, "Albumin", "4.1", ""), ("P2", 0, "Albumin", "38", "")), PATIENTS, report
    )
    assert ("albumin", "unit_judged") in {(note.id, note.reason) for note in report}
    assert table["value"].tolist() == [38]
    assert "implausible" in {note.reason for note in report}


def test_unknown_units_and_patients_are_left_out():
    report: list[Exclusion] = []
    table = laboratory_of(
        events(("P1", 0, "Albumin", "4", "furlongs"), ("P9", 0, "Albumin", "4", "g/dl")), PATIENTS, report
    )
    assert table.empty
    assert "furlongs" in report[0].detail


def test_the_newest_value_before_the_first_day_counts():
    made = laboratory_of(
        events(
            ("P1", -60, "ANC", "9", "K/uL"), ("P1", -10, "ANC", "4", "K/uL"), ("P1", -2, "ANC", "6", "K/uL"),
            ("P1", 5, "ANC", "1", "K/uL"), ("P1", -2, "ALC", "1.5", "K/uL"), ("P2", -60, "ANC", "5", "K/uL"),
        ),
        PATIENTS,
        [],
    )  # fmt: skip
    courses = pd.DataFrame(
        {"patient_id": ["P1", "P1", "P2"], "start_day": [0.0, np.nan, 0.0]},
        index=pd.Index(["P1-L1", "P1-L2", "P2-L1"], name="course_id"),
    )
    table = laboratory_table(made, courses, days_before=42)
    assert table.loc["P1-L1"].to_dict() == pytest.approx({"lymphocytes": 1.5, "neutrophils": 6, "nlr": 4})
    assert table.loc[["P1-L2", "P2-L1"]].isna().all(axis=None)
    assert list(table.index) == list(courses.index)
    assert laboratory_table(made, courses, days_before=90).loc["P2-L1", "neutrophils"] == 5
