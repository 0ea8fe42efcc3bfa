"""Folders of `tumorcast pgx` beside a ranking and a report: whose sample it is, and what is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toy_host import toy_pgx_record
from toy_pgx import write_vcf
from tumorcast.cli.main import main
from tumorcast.clinic.pgx.findings import NOT_TESTED
from tumorcast.domain.errors import InputError
from tumorcast.lab.case_tables import own_host
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.host import Host, read_host


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pgx of P4, intermediate in DPYD."""
    made = tmp_path_factory.mktemp("host")
    vcf = write_vcf(made / "P4.vcf", {"DPYD": {"rs3918290": "C/T"}}, "P4")
    assert main(["pgx", str(vcf), "--out", str(made / "pgx")]) == 0
    return made / "pgx"


def test_rank_quotes_it_beside_a_regimen(lab, folder: Path, tmp_path: Path, capsys) -> None:
    words = ["rank", str(lab.bundle), str(lab.study), "--features", str(lab.features), "--cancer", "COADREAD"]
    words += ["--patient", "P4", "--out"]
    assert main([*words, str(tmp_path / "plain"), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main([*words, str(tmp_path / "host"), "--json", "--host", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    drugs = {one["drug"]: one for one in told["host"]["drugs"]}
    assert drugs["fluorouracil"]["state"] == "present"
    assert drugs["fluorouracil"]["date"]
    assert "tamoxifen" not in drugs
    assert [one["key"] for one in told["candidates"]] == [one["key"] for one in plain["candidates"]]
    assert plain["host"] is None
    assert "DPYD" in (tmp_path / "host" / "ranking.html").read_text(encoding="utf-8")


def test_a_patient_without_a_sample_is_not_tested(lab, folder: Path) -> None:
    found = read_host(folder).findings(read_study(lab.study), "P5", ["fluorouracil"])
    assert found.warnings[0] == NOT_TESTED
    assert found.drugs[0].state == "not known"


def test_two_samples_of_a_patient_are_not_chosen_among(lab) -> None:
    host = Host({name: toy_pgx_record(name) for name in ("P4", "P4-A")}, "pgx.json")
    with pytest.raises(InputError, match="several germline samples"):
        host.of_patient(read_study(lab.study), "P4")


def test_a_folder_without_findings_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no host findings"):
        read_host(tmp_path)
    (tmp_path / "pgx.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match=r"not pgx\.json"):
        read_host(tmp_path)


def test_a_lab_case_takes_the_one_sample_and_refuses_to_choose(folder: Path, tmp_path: Path) -> None:
    host = own_host(folder / "pgx.json", "CASE-1", "CASE-1-T")
    assert list(host.records) == ["CASE-1"]
    rows = (folder / "pgx.csv").read_text(encoding="utf-8").splitlines()
    two = tmp_path / "pgx.csv"
    other = [row.replace("P4,", "P5,", 1) for row in rows[1:]]
    two.write_text("\n".join([*rows, *other]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="one sample"):
        own_host(two, "CASE-1", "CASE-1-T")
    assert "how old" in own_host(two, "P5", "").records["P5"].warnings[0]
