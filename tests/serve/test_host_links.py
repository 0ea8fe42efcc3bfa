"""Whose a sample is: cohort, report, ranking and lab follow one rule, and nobody gets another patient's genotypes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from toy_host import toy_pgx_record
from toy_lab import toy_study
from tumorcast.clinic.host.findings import HostTables, PgxFindings
from tumorcast.clinic.host.told import at_hand
from tumorcast.domain.errors import InputError
from tumorcast.lab.case_host import host_of, wanted_of
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import write_text
from tumorcast.readers.importers.files import import_files
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study
from tumorcast.serve.host import Host

FLUOROURACIL = at_hand("fluorouracil", ["fluorouracil"])
EVENTS = """P1\t-40\t\tSpecimen\tP1-N\tblood
P1\t-40\t\tSpecimen\tGERM\tblood
P1\t-12\t\tSpecimen\tP1-TU\tPrimary tumour
P2\t-12\t\tBiopsy\tP2-A\tPrimary tumour
P3\t-12\t\tSpecimen\tTWO\tblood
P4\t-12\t\tSpecimen\tTWO\tblood
NOBODY\t-12\t\tSpecimen\tSTRANGER\tblood
"""
OWNERS = {"P1-N": "P1", "GERM": "P1", "P3-A": "P3", "P4": "P4"}
NONE_S = ("P1-TU", "P2-A", "TWO", "STRANGER", "LOOSE", "P5-N")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study with genotypes of all these samples; `P3-A` is of the sample table."""
    made = tmp_path_factory.mktemp("study") / "s"
    write_study(toy_study(made), made)
    specimens = made / "data_timeline_specimen.txt"
    write_text(specimens, specimens.read_text(encoding="utf-8") + EVENTS)
    rows = [f"{name},DPYD,*1/*2A,1,Intermediate Metabolizer," for name in (*OWNERS, *NONE_S)]
    write_text(
        made / "pgx.csv", "\n".join(["sample,gene,diplotype,activity_score,phenotype,note", *rows]) + "\n"
    )
    keys = "genetic_alteration_type: HOST\ndatatype: PGX\ndata_filename: pgx.csv\n"
    write_text(made / "meta_pgx.txt", keys)
    return made


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    return read_study(folder)


def tables(*names: str) -> HostTables:
    return HostTables({one: PgxFindings(one, toy_pgx_record(one), {}, (), ()) for one in names})


def told(host: Host, study: Study, patient: str) -> tuple[str, ...]:
    return tuple(sample for _, sample, _ in host.for_regimens(study, patient, [FLUOROURACIL]).sources)


def test_a_report_tells_the_samples_that_enter_the_cohort_and_no_other(study: Study) -> None:
    """Each sample of a file alone, and among all; of one patient and of many."""
    rows = study.host.pharmacogenes
    assert dict(zip(rows["sample_id"], rows["patient_id"], strict=True)) == OWNERS
    for name in (*OWNERS, *NONE_S):
        for patient in ("P1", "P2", "P3", "P4", "P5"):
            expected = (name,) if OWNERS.get(name) == patient else ()
            assert told(Host(tables(name)), study, patient) == expected, (name, patient)
    everyone = Host(tables("GERM", "P3-A", "P4", *NONE_S))
    assert [told(everyone, study, one) for one in ("P1", "P2", "P3", "P4")] == [
        ("GERM",),
        (),
        ("P3-A",),
        ("P4",),
    ]


@pytest.mark.parametrize("name", [*OWNERS, *NONE_S])
@pytest.mark.parametrize("said", [False, True])
def test_a_files_only_sample_is_not_taken_from_its_owner(study: Study, name: str, said: bool) -> None:
    """Named or alone; a name that nothing is known of stays the user's to say."""
    host = Host(tables(name), (name,) if said else (), takes_only=True)
    for patient in ("P1", "P2", "P5"):
        is_loose = name == "LOOSE" or (name == "P5-N" and (said or patient == "P5"))
        if OWNERS.get(name) == patient or is_loose:
            assert told(host, study, patient) == (name,)
        else:
            with pytest.raises(InputError, match=r"another patient's|declared to be a tumour"):
                host.of_patient(study, patient)


def test_a_tumour_by_its_barcode_is_not_the_hosts(study: Study) -> None:
    host = Host(tables("TCGA-AA-0001-01A"), takes_only=True)
    with pytest.raises(InputError, match="declared to be a tumour"):
        host.of_patient(study, "P5")


def test_the_longest_patients_name_owns_a_sample_that_begins_so(study: Study) -> None:
    both = pd.concat([study.patients, study.patients.loc[["P1"]].rename(index={"P1": "P1-2"})])
    other = Study("s", "real", study.folder, both, study.samples, study.treatments)
    host = Host(tables("P1-2-N"), takes_only=True)
    assert told(host, other, "P1-2") == ("P1-2-N",)
    with pytest.raises(InputError, match="another patient's"):
        host.of_patient(other, "P1")


def test_the_tumour_of_a_lab_case_is_never_the_host(study: Study, tmp_path: Path) -> None:
    """By construction, though its row says no more than biopsy."""
    path = tmp_path / "pgx.csv"
    head = "sample,gene,diplotype,activity_score,phenotype,note\n"
    path.write_text(f"{head}P1-T1,DPYD,*1/*2A,1.0,Intermediate Metabolizer,\n", encoding="utf-8")
    host = host_of({"pharmacogenes": path}, "P1")
    assert host is not None
    for read in (
        lambda: host.of_patient(study.keep(["P1"]), "P1"),
        lambda: wanted_of("P1").germline_of(["P1-T1"], "f"),
    ):
        with pytest.raises(InputError, match="declared to be a tumour"):
            read()
    assert wanted_of("P1").germline_of(["P1-T1", "P1-N"], "f") == ("P1-N",)
    assert wanted_of("P1").of(["P1-T1", "P1-N", "P2-N"], "clock.json") == ("P1-T1", "P1-N"), (
        "blood beside the tumour"
    )


def test_an_imported_study_knows_the_same(folder: Path, study: Study, tmp_path: Path) -> None:
    """Also without tables of the host, whose samples are linked by events alone."""
    events = "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tSAMPLE_ID\tSPECIMEN_TYPE\n" + EVENTS
    write_text(tmp_path / "specimens.tsv", events)
    treated = "PATIENT_ID\tSTART_DATE\tEVENT_TYPE\tAGENT\nP1\t0\tTreatment\tFluorouracil\n"
    write_text(tmp_path / "treatment.tsv", treated)
    rows = [f"P{n}-A\tP{n}\t-5\n" for n in range(6)]
    write_text(tmp_path / "samples.tsv", "SAMPLE_ID\tPATIENT_ID\tCOLLECTED_DAY\n" + "".join(rows))
    sheet = "study: s\nsamples: samples.tsv\ntimelines: [treatment.tsv, specimens.tsv]\n"
    write_text(tmp_path / "sheet.yaml", sheet)
    import_files(tmp_path / "sheet.yaml", tmp_path / "study", tell=lambda _: None)
    made = read_study(tmp_path / "study")
    write_study(made, tmp_path / "again")
    for other in (made, read_study(tmp_path / "again")):
        assert told(Host(tables("GERM")), other, "P1") == ("GERM",)
        for name in ("P1-TU", "P2-A", "TWO", "STRANGER"):
            with pytest.raises(InputError, match=r"another patient's|declared to be a tumour"):
                Host(tables(name), takes_only=True).of_patient(other, name[:2] if "-" in name else "P3")
    assert len(made.specimens) == len(read_study(tmp_path / "again").specimens)
