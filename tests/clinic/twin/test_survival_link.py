"""Survival from time to growth: of one who is alive, within the follow-up, and never silently left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from clinic.twin.cohorts import DAYS, series
from tumorcast.biology.dynamics.survival_link import LogNormalSurvival
from tumorcast.cli.main import main
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.survival import Host
from tumorcast.domain.errors import InputError

LUNG = named_population("motesanib_nsclc")
HOST = Host(False, True)
LONG = series("P", DAYS * 1.143, np.array([80.0, 70, 72, 78, 84, 90, 97, 104]))


def test_half_of_those_alive_on_a_day_live_until_the_median() -> None:
    link = LogNormalSurvival(np.array([5.5, 6.5]), 0.8)
    median = link.median_given_alive(300.0)
    for k in range(2):
        left = link.survival(np.array([300.0, median[k]]))[k]
        assert left[1] / left[0] == pytest.approx(0.5)
    np.testing.assert_allclose(link.median_given_alive(1e-9), link.median_days)


def test_nobody_alive_on_a_day_has_a_median_before_it() -> None:
    record = twin_record(LONG, replace(LUNG, horizon_days=2000.0), host=HOST)
    assert record.survival is not None
    assert record.survival.low_days > LONG.days[-1]
    assert record.survival.low_days <= record.survival.median_days


def test_survival_past_the_follow_up_is_refused_with_its_reason() -> None:
    record = twin_record(series("P", DAYS[:3], np.array([60.0, 30, 25])), LUNG, host=HOST)
    assert record.kind == "individual"
    assert record.survival is None
    assert record.reasons[-1].startswith("survival_past_horizon")


def test_facts_that_cannot_be_used_are_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = series("P", DAYS[:3], np.array([60.0, 50, 45]))
    for n in (1, 3):
        with pytest.raises(InputError, match="no link to survival"):
            twin_record(one.first(n), named_population("oak_nsclc"), host=HOST)
    told = twin_record(one.first(1), LUNG, host=HOST).reasons
    assert any(reason.startswith("no_survival") for reason in told)
    table = tmp_path / "t.csv"
    table.write_text("patient_id,day,size_mm\nP,0,60\nP,42,50\n", encoding="utf-8")
    words = ["twin", str(table), "--patient", "P", "--population", "motesanib_nsclc", "--asian", "yes"]
    assert main(words) == 2
    assert "both" in capsys.readouterr().err
