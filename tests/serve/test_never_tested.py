"""For whom a model was never tested follows from the counts of its training patients."""

from __future__ import annotations

from types import SimpleNamespace

from tumorcast.serve.never_tested import never_tested
from tumorcast.serve.population import Population, Range


def told(**fields) -> str:
    return "\n".join(never_tested(SimpleNamespace(population=Population(**fields))))


def test_what_was_not_recorded_was_not_assessed():
    text = told()
    for wanted in ("Cancer types: not recorded", "Scanners: not recorded", "Groups by race: not assessed"):
        assert wanted in text


def test_what_was_recorded_bounds_the_rest():
    text = told(
        cancer_types={"Melanoma": 90, "unknown": 3},
        ages=Range(n=90, low=34, median=60, high=88),
        sexes={"Female": 61, "Male": 29},
    )
    assert "Cancer types other than Melanoma (90)." in text
    assert "Ages below 34 or above 88 years." in text
    assert "Male (29) not assessed, fewer than 30 patients" in text
    assert "Female" not in text
