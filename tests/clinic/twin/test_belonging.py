"""Nobody is a draw of a population by default: somebody chose it, or cancer or treatment are its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clinic.twin.cohorts import known_population, series
from tumorcast.cli.main import main
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.table import table_text
from tumorcast.domain.errors import ConfigError
from tumorcast.serve.report_panels import PanelRequest, TwinAsked

FOUR = series("P1", np.array([0.0, 42, 84, 126]), np.array([80.0, 60, 50, 52]))
LUNG = replace(
    known_population(), name="lung", cancer="NSCLC", arms=("carboplatin + paclitaxel", "docetaxel")
)


@pytest.mark.parametrize(
    ("arm", "cancer", "is_declared", "code"),
    [
        ("", "", True, ""),
        ("trastuzumab", "", True, ""),
        ("trastuzumab", "BRCA", True, "other_cancer"),
        ("docetaxel", "Melanoma", False, "other_cancer"),
        ("", "", False, "population_not_matched"),
        ("trastuzumab", "", False, "population_not_matched"),
        ("carboplatin", "", False, ""),
        ("Paclitaxel and Carboplatin", "", False, ""),
        ("carboplatin + docetaxel", "", False, "population_not_matched"),
        ("", "LUAD", False, ""),
    ],
)
def test_who_gets_a_forecast(arm: str, cancer: str, is_declared: bool, code: str) -> None:
    for n in (1, 4):
        one = replace(FOUR.first(n), arm=arm)
        record = twin_record(one, LUNG, cancer=cancer, is_declared=is_declared)
        assert (record.kind == "refused") == bool(code)
        assert bool(record.fan) != bool(code)
        assert not code or record.reasons[0].startswith(code)


def test_a_population_that_was_only_named_says_so_and_another_treatment_too() -> None:
    record = twin_record(replace(FOUR, arm="trastuzumab"), LUNG)
    assert [one.partition(":")[0] for one in record.reasons] == ["population_declared", "other_treatment"]
    assert not twin_record(replace(FOUR, arm="docetaxel"), LUNG).reasons


def test_what_a_publication_does_not_say_is_not_told_as_a_number() -> None:
    oak = twin_record(FOUR, named_population("oak_nsclc"))
    text = table_text(oak)
    assert "0 patients" not in text
    assert "not published" in text
    assert "assumed to be 365 days" in text
    assert "followed 400 days" in table_text(twin_record(FOUR, known_population()))


def test_no_command_takes_a_population_by_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "sizes.csv"
    table.write_text("patient_id,day,size_mm\nA,0,40\nA,42,30\nA,84,33\n", encoding="utf-8")
    assert main(["twin", str(table), "--patient", "A"]) == 2
    told = capsys.readouterr()
    assert "no population was chosen" in told.err
    assert "oak_nsclc" in told.err
    assert not told.out


def test_the_reports_command_and_the_lab_take_none_either() -> None:
    from tumorcast.cli.report import _twin_of
    from tumorcast.lab.config import LabConfig

    with pytest.raises(ConfigError, match="no population was chosen"):
        _twin_of([Path("sizes.csv")], None)
    assert not LabConfig().twin_population
    assert PanelRequest(twin=TwinAsked(None, None)).twin is not None
