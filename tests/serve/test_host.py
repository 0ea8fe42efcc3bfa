"""Folders of `tumorcast pgx` beside a ranking and a report: whose sample it is, and what is not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from toy_lab import ToyLab
from toy_pgx import write_vcf
from tumorcast.cli.main import main
from tumorcast.clinic.host.findings import HostTables
from tumorcast.clinic.host.told import at_hand
from tumorcast.domain.errors import InputError
from tumorcast.lab.case_host import HOST_FILES, host_of, wanted_of
from tumorcast.lab.case_layers import host_layer_files
from tumorcast.lab.cases import Kind
from tumorcast.lab.config import UploadLimits
from tumorcast.lab.errors import WrongFileError
from tumorcast.lab.file_kinds import checked_suffix
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.host import Host, read_host

FLUOROURACIL = at_hand("fluorouracil", ["fluorouracil"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """pgx of P4, intermediate in DPYD."""
    made = tmp_path_factory.mktemp("host")
    vcf = write_vcf(made / "P4.vcf", {"DPYD": {"rs3918290": "C/T"}}, "P4")
    assert main(["pgx", str(vcf), "--out", str(made / "pgx")]) == 0
    return made / "pgx"


def test_rank_quotes_it_beside_a_regimen(
    lab: ToyLab, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["rank", str(lab.bundle), str(lab.study), "--features", str(lab.features), "--cancer", "COADREAD"]
    words += ["--patient", "P4", "--out"]
    assert main([*words, str(tmp_path / "plain"), "--json"]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert main([*words, str(tmp_path / "host"), "--json", "--host", str(folder)]) == 0
    told = json.loads(capsys.readouterr().out)
    drugs = {one["drug"]: one for one in told["host"]["guidance"]}
    assert drugs["fluorouracil"]["state"] == "present"
    assert drugs["fluorouracil"]["date"]
    assert "tamoxifen" not in drugs
    assert [one["key"] for one in told["candidates"]] == [one["key"] for one in plain["candidates"]]
    assert plain["host"] is None
    assert "DPYD" in (tmp_path / "host" / "ranking.html").read_text(encoding="utf-8")


def test_a_patient_without_a_sample_is_not_tested(lab: ToyLab, folder: Path) -> None:
    found = read_host(folder).for_regimens(read_study(lab.study), "P5", [FLUOROURACIL])
    assert "DPYD not tested, which is not normal" in found.warnings[0]
    assert "called as the patient" in found.warnings[1]
    assert [one.state for one in found.guidance] == ["not known"]


def test_genotypes_of_a_sample_that_is_declared_a_tumour_are_not_the_hosts(lab: ToyLab, folder: Path) -> None:
    study = read_study(lab.study)
    study.samples["SAMPLE_TYPE"] = "Primary Tumor"
    made = read_host(folder).tables.pgx
    assert made is not None
    own = str(study.samples.index[study.samples["patient_id"] == "P4"][0])
    tables = HostTables({own: made["P4"]})
    told = Host(tables).for_regimens(study, "P4", [FLUOROURACIL])
    assert told.sources == ()
    assert "declared to be a tumour" in told.warnings[-1]
    for host in (Host(tables, (own,)), Host(tables, takes_only=True)):
        with pytest.raises(InputError, match="declared to be a tumour"):
            host.of_patient(study, "P4")
    beside = Host(HostTables({own: made["P4"], "P4": made["P4"]}))
    assert beside.for_regimens(study, "P4", [FLUOROURACIL]).sources == (("pgx.json", "P4", True),)


def test_rank_takes_the_sample_that_is_named_and_guesses_none(
    lab: ToyLab, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `tumorcast report` does (`test_report_host`)."""
    words = ["rank", str(lab.bundle), str(lab.study), "--features", str(lab.features), "--cancer", "COADREAD"]
    named, files = ["--host-sample", "P4"], ["--host", str(folder)]
    other = tmp_path / "pgx.json"
    text = (folder / "pgx.json").read_text(encoding="utf-8").replace('"P4"', '"B-77"')
    other.write_text(text, encoding="utf-8")
    assert main([*words, "--patient", "P5", "--json", "--host", str(other), "--host-sample", "B-77"]) == 0
    told = json.loads(capsys.readouterr().out)["host"]
    assert told["sources"] == [["pgx.json", "B-77", False]]
    for wrong, why in (
        ([*files, "--host-sample", "P9"], "does not hold the sample"), (named, "add --host"),
        ([*files, *named], "another patient's"), (files, "another patient's"),
        (["--patient", "P4", *files, *named], "of one patient"),
    ):  # fmt: skip
        out = ["--out", str(tmp_path / "out")]
        assert main([*words, "--patient", "P5", *wrong, *out]) == 2
        assert why in capsys.readouterr().err


def test_two_samples_of_a_patient_are_not_chosen_among(lab: ToyLab, folder: Path) -> None:
    made = read_host(folder).tables.pgx
    assert made is not None
    host = Host(HostTables(dict.fromkeys(("P4", "P4-A"), made["P4"])))
    with pytest.raises(InputError, match="2 samples of the patient"):
        host.of_patient(read_study(lab.study), "P4")


def test_a_lab_case_takes_the_one_sample_and_refuses_to_choose(
    lab: ToyLab, folder: Path, tmp_path: Path
) -> None:
    study = read_study(lab.study)
    host = host_of({"pharmacogenes": folder / "pgx.json"}, "P5")
    assert host is not None
    assert host.of_patient(study.keep(["P5"]), "P5").pgx is not None
    with pytest.raises(InputError, match="another patient's"):
        host.of_patient(study, "P5")
    rows = (folder / "pgx.csv").read_text(encoding="utf-8").splitlines()
    two = tmp_path / "pgx.csv"
    other = [row.replace("P4,", "P5,", 1) for row in rows[1:]]
    two.write_text("\n".join([*rows, *other]) + "\n", encoding="utf-8")
    with pytest.raises(InputError, match="called as the patient"):
        host_layer_files(
            "pgx.json", "pharmacogenes", two, wanted_of("CASE-1"), ("CASE-1", "CASE-1-T1"), tmp_path
        )
    own = host_of({"pharmacogenes": two}, "P5")
    assert own is not None
    assert "how old" in own.for_regimens(study, "P5", [FLUOROURACIL]).warnings[0]
    assert host_of({}, "P5") is None


@pytest.mark.parametrize("kind", list(HOST_FILES))
def test_an_upload_that_is_not_the_kinds_json_is_refused(folder: Path, tmp_path: Path, kind: Kind) -> None:
    path = tmp_path / "f123.part"
    path.write_bytes((folder / "pgx.json").read_bytes())
    limits = UploadLimits()
    if kind == "pharmacogenes":
        assert checked_suffix(path, kind, "x", limits) == ".json"
        assert checked_suffix(folder / "pgx.csv", kind, "x", limits) == ".csv"
    else:
        with pytest.raises(WrongFileError, match="this is not"):
            checked_suffix(path, kind, "x", limits)
    for text in ("", "[]", "<html>", '{"format": "other"}', "{"):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(WrongFileError):
            checked_suffix(path, kind, "x.json", limits)
