"""Reports of a cohort: resumed where they stopped, complete in spite of bad patients, indexed."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import pytest

from toy_curves import toy_curves
from toy_ranking import toy_ranking
from tumorcast.cli.main import main
from tumorcast.clinic.report.notices import NO_RANKING, SIDE_BY_SIDE
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve import report_batch, report_panels
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.curves import CurvesRequest
from tumorcast.serve.predict import Request
from tumorcast.serve.ranking import RankingRequest
from tumorcast.serve.report import ReportRequest, make_report
from tumorcast.serve.report_batch import write_reports
from tumorcast.serve.report_panels import PanelRequest, with_panels

PATIENTS = ["P0", "P4", "P11"]
NOTHING = {"response": None, "survival": None, "contributions": (), "missing": (), "genes": (), "programmes": (),
           "tiles": (), "placements": ()}  # fmt: skip


def batch(lab, out, patients=PATIENTS, **asked):
    request = ReportRequest(Request(out / "cache", lab.features, **asked))
    return write_reports(load_bundle(lab.bundle), read_study(lab.study), patients, out, request)


def test_a_second_run_keeps_what_is_done_and_makes_what_is_not(lab, tmp_path, monkeypatch):
    first = batch(lab, tmp_path)
    assert {row.status for row in first} <= {"predicted", "predicted_partly"}
    (tmp_path / "P4" / "P4-L1" / "report.json").write_text("{}", encoding="utf-8")
    made: list[str] = []
    real = report_batch.make_report
    monkeypatch.setattr(
        report_batch, "make_report", lambda b, s, who, r: (made.append(who), real(b, s, who, r))[1]
    )
    assert batch(lab, tmp_path) == first
    assert made == ["P4"]
    batch(lab, tmp_path, any_stain=True)
    assert made == ["P4", *PATIENTS]


def test_one_bad_patient_is_listed_and_the_others_are_written(lab, tmp_path, monkeypatch):
    real = report_batch.make_report

    def fail(bundle, study, who, request):
        if who == "P4":
            raise ValueError("broken beyond words")
        return real(bundle, study, who, request)

    monkeypatch.setattr(report_batch, "make_report", fail)
    rows = batch(lab, tmp_path)
    assert [row.patient_id for row in rows] == PATIENTS
    assert rows[1].status == "failed"
    assert "broken beyond words" in rows[1].reason
    table = pd.read_csv(tmp_path / "report_index.csv")
    assert table["status"].tolist()[1] == "failed"
    page = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "broken beyond words" in page
    assert 'href="P0/P0-L1/report.html"' in page
    assert (tmp_path / "P11" / "P11-L1" / "report.pdf").is_file()


def test_regimens_side_by_side_where_they_are_asked_for(lab, tmp_path, capsys):
    arguments = [
        "report",
        str(lab.bundle),
        str(lab.study),
        "--out",
        str(tmp_path),
        "--features",
        str(lab.features),
    ]
    record = tmp_path / "P0" / "P0-L1" / "report.json"

    def told(*more: str) -> dict:
        assert main([*arguments, "--patient", "P0", *more]) == 0
        return json.loads(record.read_text(encoding="utf-8"))

    plain = told()
    assert plain["ranking"] is None
    ranked = told("--rank", "--cancer", "MEL")
    assert ranked["ranking"]["subject"]["course_id"] == "P0-L1"
    assert ranked["response"] == plain["response"]
    assert NO_RANKING in plain["limits"]
    assert NO_RANKING not in ranked["limits"]
    assert SIDE_BY_SIDE in ranked["limits"]
    page = record.with_name("report.html").read_text(encoding="utf-8")
    assert ranked["ranking"]["statement"] in page
    assert main([*arguments, "--patient", "P0", "--cancer", "MEL"]) == 2
    assert "--rank" in capsys.readouterr().err


def test_a_ranking_that_cannot_be_made_is_told_and_the_report_stands(lab, tmp_path):
    bundle, study = load_bundle(lab.bundle), read_study(lab.study)
    predict = Request(tmp_path / "cache", lab.features)
    made = make_report(bundle, study, "P0", ReportRequest(predict))
    asked = PanelRequest(RankingRequest(predict, cancer="MEL", only=("no such regimen",)))
    (report,) = with_panels(made, bundle, study, asked)
    assert report.ranking is None
    assert report.response == made[0].response
    assert report.flags[-1].code == "ranking_not_made"
    refused = [replace(made[0], status="refused", reason="why", **NOTHING)]
    assert with_panels(refused, bundle, study, asked) == refused


def test_curves_are_of_the_recorded_regimen_and_of_those_compared(lab, tmp_path, monkeypatch):
    bundle, study = load_bundle(lab.bundle), read_study(lab.study)
    predict = Request(tmp_path / "cache", lab.features)
    made = make_report(bundle, study, "P0", ReportRequest(predict))
    both = PanelRequest(RankingRequest(predict, cancer="MEL"), CurvesRequest(predict))
    (plain,) = with_panels(made, bundle, study, both)
    assert plain.curves is None
    assert plain.flags[-1].code == "curves_not_made"
    asked: list[CurvesRequest] = []
    curves = replace(toy_curves(), course_id="P0-L1")
    monkeypatch.setattr(
        report_panels, "make_curves", lambda b, s, who, request: (asked.append(request), curves)[1]
    )
    ranking = replace(toy_ranking(), subject=replace(toy_ranking().subject, course_id="P0-L1"))
    monkeypatch.setattr(report_panels, "make_ranking", lambda b, s, who, request: ranking)
    (report,) = with_panels(made, bundle, study, both)
    assert (report.ranking, report.curves) == (ranking, curves)
    names = [{agent.name for agent in agents} for agents in asked[0].regimens]
    assert names == [{"nivolumab"}, {"ipilimumab", "nivolumab"}]


def test_the_twin_is_with_the_last_course_of_a_patient_with_scans(lab, tmp_path):
    arguments = [
        "report",
        str(lab.bundle),
        str(lab.study),
        "--out",
        str(tmp_path),
        "--features",
        str(lab.features),
    ]
    table = tmp_path / "sizes.csv"
    table.write_text("patient_id,day,size_mm\nP0,0,80\nP0,42,64\nP0,84,66\n", encoding="utf-8")
    assert (
        main(
            [
                *arguments,
                "--patient",
                "P0",
                "--patient",
                "P4",
                "--lesions",
                str(table),
                "--population",
                "oak_nsclc",
            ]
        )
        == 0
    )
    with_scans, without = (
        json.loads((tmp_path / who / f"{who}-L1" / "report.json").read_text(encoding="utf-8"))
        for who in ("P0", "P4")
    )
    assert with_scans["twin"]["kind"] == "individual"
    assert with_scans["twin"]["visits"][0]["last_value_mm"] == 66
    assert without["twin"] is None
    assert without["flags"][-1]["code"] == "twin_not_made"


def test_the_command_writes_and_strangers_are_told(lab, tmp_path, capsys):
    arguments = [
        "report",
        str(lab.bundle),
        str(lab.study),
        "--out",
        str(tmp_path),
        "--features",
        str(lab.features),
    ]
    assert main([*arguments, "--patient", "P0", "--patient", "P0"]) == 0
    assert "1 reports (0 without a number)" in capsys.readouterr().out
    told = json.loads((tmp_path / "P0" / "P0-L1" / "report.json").read_text(encoding="utf-8"))
    assert told["watermark"]
    assert main([*arguments, "--patient", "P77"]) == 2
    assert "P77" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(arguments)
