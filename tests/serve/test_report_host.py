"""`tumorcast report --host`: whose findings they are is never guessed; an unusable folder stops the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toy_host_folder import write_host
from toy_lab import ToyLab
from tumorcast.cli.main import main
from tumorcast.clinic.host.words import TITLE
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.host import read_host
from tumorcast.serve.predict import Request
from tumorcast.serve.report import ReportRequest, make_report
from tumorcast.serve.report_panels import PanelRequest, with_panels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_host(tmp_path_factory.mktemp("host") / "P4", "P4")


def report(lab: ToyLab, out: Path, *words: str) -> int:
    known = ["report", str(lab.bundle), str(lab.study), "--features", str(lab.features), "--out", str(out)]
    return main([*known, *words])


def record(out: Path, patient: str) -> Any:
    path = next(out.glob(f"{patient}/*/report.json"))
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_patient_with_findings_has_the_panel_and_another_says_why_not(
    lab: ToyLab, folder: Path, tmp_path: Path
) -> None:
    assert report(lab, tmp_path, "--patient", "P4", "--patient", "P0", "--host", str(folder)) == 0
    own = record(tmp_path, "P4")
    assert own["host"]["sources"][0] == ["pgx.json", "P4", True]
    assert "host pgx.json" in dict(own["provenance"]["digests"])
    assert TITLE.replace("'", "&#39;") in next(tmp_path.glob("P4/*/report.html")).read_text(encoding="utf-8")
    other = record(tmp_path, "P0")
    assert other["host"]["genes"] == [] or not any(one["is_known"] for one in other["host"]["genes"])
    assert other["host"]["scores"] == other["host"]["methylomes"] == []
    assert any("called as the patient" in text for text in other["host"]["warnings"])


def test_a_sample_is_said_or_taken_alone_and_never_chosen(
    lab: ToyLab, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(lab, tmp_path, "--patient", "P0", "--host", str(folder)) != 0
    assert "called as the patient is" in capsys.readouterr().err
    assert report(lab, tmp_path, "--patient", "P0", "--host", str(folder), "--host-sample", "P9") != 0
    assert "does not hold the sample" in capsys.readouterr().err
    assert report(lab, tmp_path, "--all", "--host", str(folder), "--host-sample", "P4") != 0
    assert "of one patient" in capsys.readouterr().err
    assert report(lab, tmp_path, "--patient", "P0", "--host-sample", "P4") != 0
    assert report(lab, tmp_path, "--patient", "P0", "--host", str(folder), "--host-sample", "P4") != 0
    assert "another patient's by the study" in capsys.readouterr().err
    other = tmp_path / "pgx.json"
    text = (folder / "pgx" / "pgx.json").read_text(encoding="utf-8").replace('"P4"', '"B-77"')
    other.write_text(text, encoding="utf-8")
    assert report(lab, tmp_path, "--patient", "P0", "--host", str(other), "--host-sample", "B-77") == 0
    assert record(tmp_path, "P0")["host"]["sources"][0] == ["pgx.json", "B-77", False]


def test_a_foreign_file_stops_the_command_before_any_report(
    lab: ToyLab, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pgx.json").write_text("{}", encoding="utf-8")
    assert report(lab, tmp_path / "out", "--all", "--host", str(tmp_path)) != 0
    assert "this is not pgx.json" in capsys.readouterr().err
    assert not (tmp_path / "out" / "index.html").exists()


def test_a_refused_prediction_keeps_what_is_said_of_the_host(
    lab: ToyLab, folder: Path, tmp_path: Path
) -> None:
    bundle, study = load_bundle(lab.bundle), read_study(lab.study)
    study.treatments["regimen"] = "Imatinib + fluorouracil"
    study.treatments["agent"] = "fluorouracil"
    made = make_report(bundle, study, "P4", ReportRequest(Request(tmp_path, lab.features)))
    (told,) = with_panels(made, bundle, study, PanelRequest(host=read_host(folder)))
    assert told.host is not None
    assert told.host.guidance
    assert "host_guidance" in {flag.code for flag in told.flags}
