"""Reports of a cohort: resumed where they stopped, complete in spite of bad patients, indexed."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve import report_batch
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.predict import Request
from tumorcast.serve.report import ReportRequest
from tumorcast.serve.report_batch import write_reports

PATIENTS = ["P0", "P4", "P11"]


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
