"""Exposures from timelines: units in one form, and every statement that cannot be is told and not used."""

from __future__ import annotations

import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.exposures import exposures_of

PATIENTS = pd.Index(["P1", "P2"])
COLUMNS = ["PATIENT_ID", "START_DATE", "EXPOSURE", "VALUE", "UNIT", "STOP_DATE", "AGENT"]


def read(*rows: tuple[str, ...]) -> tuple[pd.DataFrame, list[Exclusion]]:
    report: list[Exclusion] = []
    full = [(*row, *[""] * (len(COLUMNS) - len(row))) for row in rows]
    table = pd.DataFrame(full, columns=COLUMNS).replace("", None).assign(EVENT_TYPE="EXPOSURE")
    return exposures_of(table, PATIENTS, report), report


@pytest.mark.parametrize(
    ("kind", "value", "unit", "made"),
    [
        ("pack_years", "20", "", 20),
        ("BMI", "24.5", "kg/m2", 24.5),
        ("Body mass index", "24.5", "", 24.5),
        ("bmi", "0.035", "lb/in2", 24.607),
        ("alcohol", "70", "g/week", 10),
        ("alcohol", "14", "units/week", 16),
        ("Alcohol intake", "7", "drinks per week", 14),
        ("alcohol", "0", "grams/day", 0),
        ("alcohol", "0", "", 0),
        ("alcohol", "None", "", 0),
        ("pack_years", "12", "pack-yrs", 12),
    ],
)
def test_one_unit(kind, value, unit, made):
    table, report = read(("P1", "-3", kind, value, unit))
    assert table["value"].tolist() == pytest.approx([made], rel=1e-3)
    assert not report


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (("P1", "-3", "pack_years", "-1"), "negative"),
        (("P1", "-3", "pack_years", "900"), "not believed"),
        (("P1", "-3", "bmi", "2.5"), "10 to 60 kg/m2"),
        (("P1", "-3", "bmi", "250"), "10 to 60 kg/m2"),
        (("P1", "-3", "bmi", "68", "in"), "unit is not known"),
        (("P1", "-3", "bmi", "heavy"), "not a number"),
        (("P1", "-3", "bmi", "nan"), "not a number"),
        (("P1", "-3", "alcohol", "14"), "no unit is given"),
        (("P1", "-3", "alcohol", "2", "glasses"), "unit is not known"),
        (("P1", "-3", "smoking_status", "sometimes"), "never, former, current or ever"),
        (("P1", "2020-03-01", "bmi", "25"), "number of days since diagnosis"),
        (("P1", "43891", "bmi", "25"), "not believed"),
        (("P1", "-3", "bmi", "25", "", "-9"), "stops before it starts"),
        (("P1", "-3", "bmi", "25", "", "2020-03-01"), "number of days"),
        (("P1", "-3", "horoscope", "lion"), "unknown kind"),
        (("P1", "-3", "comedication", ""), "no drug is named"),
    ],
)
def test_what_cannot_be_is_told_and_not_used(row, told):
    table, report = read(row, ("P2", "-3", "bmi", "25"))
    assert table["patient_id"].tolist() == ["P2"]
    (note,) = report
    assert (note.kind, note.id) == ("exposure", "P1")
    assert told in note.detail


def test_what_is_not_known_is_left_out_without_a_word():
    assert [len(part) for part in read(("P1", "-3", "smoking", "Unknown"), ("P1", "-3", "bmi", ""))] == [0, 0]


def test_drugs_lose_dose_and_case_and_none_is_a_list():
    table, _ = read(
        ("P1", "-3", "comedication", "", "", "", "Omeprazole 20 mg daily; Fluoxetine"),
        ("P2", "-3", "comedication", "none"),
    )
    assert table["text"].tolist() == ["omeprazole", "fluoxetine", "none"]


@pytest.mark.parametrize(
    "text",
    [
        "omeprazole; fluoxetine", "Omeprazole, Fluoxetine", "omeprazole 20 mg, once daily, fluoxetine 10 mg bd",
        "omeprazole + fluoxetine", "omeprazole and fluoxetine", "omeprazole|fluoxetine", "omeprazole,, fluoxetine;",
    ],
)  # fmt: skip
def test_a_list_of_drugs_is_split_however_it_is_written(text):
    table, report = read(("P1", "-3", "comedication", "", "", "", text))
    assert table["text"].tolist() == ["omeprazole", "fluoxetine"]
    assert not report


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Current Reformed Smoker for > 15 yrs", "former"), ("Lifelong Non-Smoker", "never"),
        ("Current smoker", "current"), ("Current reformed smoker, duration not specified", "former"),
    ],
)  # fmt: skip
def test_the_words_of_tcga_for_smoking(word, status):
    assert read(("P1", "-3", "smoking_status", word))[0]["text"].tolist() == [status]


def test_rows_with_nothing_in_them_sink_no_study():
    for row in (("P1", "-3", "bmi", ""), ("P1", "-3", "", "25"), ("", "-3", "bmi", "25")):
        table, _ = read(row)
        assert table.empty
    _, report = read(("", "-3", "bmi", "25"), ("P1", "-3", "bmi", "25"))
    assert [note.reason for note in report] == ["no_identifier"]


def test_unknown_patients_are_told_and_lacking_columns_refused():
    table, report = read(("P9", "-3", "bmi", "25"))
    assert table.empty
    assert report[0].reason == "unknown_patient"
    bare = pd.DataFrame({"PATIENT_ID": ["P1"], "START_DATE": ["1"], "EVENT_TYPE": ["EXPOSURE"]})
    with pytest.raises(InputError, match="lacks columns"):
        exposures_of(bare, PATIENTS, [])
