"""The commands' tables in a study folder: whose a sample is, what cannot be used, and back to the same files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_lab import toy_study
from toy_pgx import write_vcf
from tumorcast.biology.network import GeneNetwork
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.preprocess import fit_preprocessor
from tumorcast.cohort.scaling import LayerScaler
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import write_text
from tumorcast.readers.host import CLOCK_COLUMNS, Host
from tumorcast.readers.host_links import sample_links
from tumorcast.readers.host_tables import read_clocks, read_counters, read_pharmacogenes, read_scores
from tumorcast.readers.write_host import host_specimens
from tumorcast.readers.write_study import write_study

HEADS = {
    "PGX": "sample,gene,diplotype,activity_score,phenotype,note",
    "PGS": "sample,score,sum,match_rate,weight_coverage,z",
    "ANCESTRY": "sample,score,most_similar,z_norm1,z_norm2,refusal",
    "CLOCK": "sample,clock,age_years,coverage,imputed",
    "COUNTER": "sample,counter,value,unit,coverage,imputed",
}
FILES = {
    "PGX": "pgx.csv",
    "PGS": "pgs.csv",
    "CLOCK": "clock.csv",
    "COUNTER": "counters.csv",
    "ANCESTRY": "ancestry.csv",
}


def add(folder: Path, kind: str, *rows: str) -> None:
    write_text(folder / FILES[kind], "\n".join([HEADS[kind], *rows]) + "\n")
    keys = {"genetic_alteration_type": "HOST", "datatype": kind, "data_filename": FILES[kind]}
    write_text(folder / f"meta_{kind.lower()}.txt", "".join(f"{k}: {v}\n" for k, v in keys.items()))


@pytest.fixture
def folder(tmp_path) -> Path:
    write_study(toy_study(tmp_path / "s"), tmp_path / "s")
    specimens = tmp_path / "s" / "data_timeline_specimen.txt"
    row = "P1\t-40\t\tSpecimen\tP1-N\tblood\n"
    write_text(specimens, specimens.read_text(encoding="utf-8") + row)
    return tmp_path / "s"


def test_what_the_command_writes_is_read(folder, tmp_path):
    vcf = write_vcf(tmp_path / "P1-N.vcf", {"DPYD": {"rs3918290": "C/T"}}, "P1-N")
    write_pgx([vcf], tmp_path / "out", Request())
    add(folder, "PGX", *(tmp_path / "out" / "pgx.csv").read_text(encoding="utf-8").splitlines()[1:])
    calls = read_study(folder).host.pharmacogenes.set_index("gene")
    assert calls.loc["DPYD", ["patient_id", "day", "is_tissue", "activity_score"]].tolist() == [
        "P1",
        -40,
        False,
        1,
    ]
    assert calls.loc["DPYD", "phenotype"] == "Intermediate Metabolizer"


def test_samples_are_linked_by_table_specimen_or_patient_and_others_are_told(folder):
    add(folder, "PGS", "P0-A,S,1,1,1,", "P1-N,S,2,1,1,", "P2,S,3,1,1,", "nobody,S,4,1,1,")
    study = read_study(folder)
    found = study.host.polygenic_scores
    assert found[["patient_id", "day", "is_tissue"]].astype(object).fillna("-").to_numpy().tolist() == [
        ["P0", -5, True], ["P1", -40, False], ["P2", "-", False],
    ]  # fmt: skip
    assert [note.id for note in study.report if note.reason == "unlinked_sample"] == ["nobody"]
    assert "pgs.csv" in study.digests


def test_a_sample_of_two_patients_is_nobodys_and_a_normal_barcode_is_its_patients():
    events = pd.DataFrame(
        {
            "PATIENT_ID": ["P1", "P2"],
            "SAMPLE_ID": ["X", "X"],
            "START_DATE": ["1", "1"],
            "EVENT_TYPE": "SPECIMEN",
        }
    )
    patients = pd.Index(["P1", "P2", "TCGA-AA-0001"])
    normal, tumour, untyped = (f"TCGA-AA-0001-{end}" for end in ("10A-01D", "01A-11R", "A"))
    names = pd.Index(["X", normal, tumour, untyped])
    links = sample_links(names, pd.DataFrame({"patient_id": []}), patients, events)
    assert links["patient_id"].to_dict() == {normal: "TCGA-AA-0001"}


@pytest.mark.parametrize(
    ("kind", "is_host"),
    [
        ("blood", True), ("Blood Derived Normal", True), ("Solid Tissue Normal", True), ("Buccal_Cell", True),
        ("peripheral blood leukocytes", True), ("", False), ("biopsy", False), ("lung", False), ("Abnormal", False),
        ("Primary Blood Derived Cancer - Peripheral Blood", False), ("AML, peripheral blood", False),
        ("Primary Tumor (matched normal available)", False), ("blood plasma, ctDNA", False), ("Melanoma", False),
    ],
)  # fmt: skip
def test_a_sample_is_the_hosts_only_where_its_kind_says_so(kind, is_host):
    """Of the sample table, of a specimen event, and of a sample whose name alone speaks of a biopsy."""
    patients = pd.Index(["P1"])
    events = pd.DataFrame(
        [["P1", "TUMOUR-BX", "-5", "BIOPSY", kind or None]],
        columns=["PATIENT_ID", "SAMPLE_ID", "START_DATE", "EVENT_TYPE", "SPECIMEN_TYPE"],
    )
    table = pd.DataFrame({"patient_id": ["P1"], "SAMPLE_TYPE": [kind]}, index=["P1-A"])
    links = sample_links(pd.Index(["TUMOUR-BX", "P1-A"]), table, patients, events)
    assert links["is_tissue"].tolist() == [not is_host, not is_host]
    told_otherwise = pd.DataFrame({"patient_id": ["P1"], "SAMPLE_TYPE": ["Primary"]}, index=["TUMOUR-BX"])
    links = sample_links(pd.Index(["TUMOUR-BX"]), told_otherwise, patients, events)
    assert links["is_tissue"].tolist() == [True]


@pytest.mark.parametrize(
    ("kind", "enters"),
    [("Primary Tumor", False), ("Metastasis", False), ("Melanoma", False), ("blood plasma, ctDNA", False),
     ("blood", True), ("Blood Derived Normal", True), ("no tumour found, normal", True), ("biopsy", True), ("", True)],
)  # fmt: skip
def test_genotypes_of_a_declared_tumour_are_left_out_and_told(folder, kind, enters):
    """By the sample table and by a specimen event; pgx.csv and pgs.csv alike."""
    specimens = folder / "data_timeline_specimen.txt"
    text = specimens.read_text(encoding="utf-8")
    write_text(specimens, f"{text}P2\t-9\t\tBIOPSY\tOTHER\t{kind}\nP3\t-9\t\tSpecimen\tP3-A\t{kind}\n")
    add(
        folder,
        "PGX",
        *(f"{name},DPYD,*1/*2A,1,Intermediate Metabolizer," for name in ("OTHER", "P3-A", "P1-N")),
    )
    add(folder, "PGS", *(f"{name},S,1,1,1,0.5" for name in ("OTHER", "P3-A", "P1-N")))
    study = read_study(folder)
    expected = ["P2", "P3", "P1"] if enters else ["P1"]
    assert study.host.pharmacogenes["patient_id"].tolist() == expected
    assert study.host.polygenic_scores["patient_id"].tolist() == expected
    cohort = assemble(study, DataConfig(study=folder, modalities=("pharmacogenes",)))
    told = {note.id for note in cohort.report if note.reason == "germline_of_tumour"}
    assert told == (set() if enters else {"OTHER", "P3-A"})


def test_a_refused_score_and_one_between_populations_are_no_zero(folder):
    """Of a refused sum, of a refusal in ancestry.csv (the percentile's alone, too), and of who is not in it."""
    add(folder, "PGS", "P0,S,1,1,1,", "P1,S,2,1,1,", "P2,S,,0.1,0.1,", "P3,S,3,1,1,")
    add(
        folder, "ANCESTRY", "P0,S,EUR,0.1,0.2,", "P1,S,,0.3,0.4,between the populations EUR and SAS",
        "P2,S,EUR,0.5,0.6,",
    )  # fmt: skip
    study = read_study(folder)
    assert study.host.polygenic_scores["z"].fillna(-9).tolist() == [0.2, -9, -9, -9]
    assert sum(note.reason == "refused_adjustment" for note in study.report) == 2
    data = DataConfig(study=folder, modalities=("polygenic_scores",))
    cohort = assemble(study, data)
    everybody = list(cohort.courses.index)
    prepared = fit_preprocessor(cohort, everybody, {}, GeneNetwork.embedded(), {}, data)
    scaler = LayerScaler(("S", "S z"), np.array([2, 0.2], np.float32), np.ones(2, np.float32))
    for made in (prepared, replace(prepared, layers={"polygenic_scores": scaler})):
        alone = study.keep({"P1"})
        lab = assemble(alone, data)
        own = made.arrays(lab, lab.courses.index[0], None)
        same = made.arrays(cohort, lab.courses.index[0], None)
        names = made.layers["polygenic_scores"].features
        assert dict(zip(names, own.is_measured["polygenic_scores"], strict=True)) == {
            name: name == "S" for name in names
        }
        assert own.is_measured["polygenic_scores"].tolist() == same.is_measured["polygenic_scores"].tolist()


def test_an_age_of_a_biopsy_that_a_specimen_event_names_does_not_enter_and_that_of_blood_does(
    folder, tmp_path
):
    specimens = folder / "data_timeline_specimen.txt"
    text = specimens.read_text(encoding="utf-8")
    write_text(specimens, text + "P2\t-9\t\tBIOPSY\tTUMOUR-BX\ttumour\nP3\t-9\t\tSpecimen\tP3-A\tblood\n")
    add(folder, "CLOCK", "TUMOUR-BX,Hannum,95,1,0", "P1-N,Hannum,61,1,0", "P3-A,Hannum,50,1,0")
    write_study(read_study(folder), tmp_path / "again")
    for one in (folder, tmp_path / "again"):
        cohort = assemble(read_study(one), DataConfig(study=one, modalities=("clocks",)))
        ages = cohort.layers["clocks"]["Hannum"].dropna()
        assert {name[:2]: value for name, value in ages.items()} == {"P1": 61, "P3": 50}
        assert [note.id for note in cohort.report if note.reason == "age_of_tumour"] == ["TUMOUR-BX"]


def test_scores_take_the_adjustment_that_stands_beside_them(folder):
    add(folder, "PGS", "P0,S,1,1,1,", "P1,S,2,1,1,", "P2,S,3,1,1,")
    add(
        folder,
        "ANCESTRY",
        "P0,S,EUR,0.4,0.5,",
        "P1,S,,,,unlike all",
        "P0,T,EUR,1,1,",
        "P2,S,,3,4,between populations",
    )
    study = read_study(folder)
    numbers = study.host.polygenic_scores[["sum", "z"]].to_numpy().tolist()
    assert numbers == [[1, 0.5], *(pytest.approx([n, np.nan], nan_ok=True) for n in (2, 3))]
    assert ("ancestry.csv", "refused_adjustment") in {(note.id, note.reason) for note in study.report}
    (folder / "meta_pgs.txt").unlink()
    study = read_study(folder)
    assert study.host.polygenic_scores.empty
    assert ("ancestry.csv", "not_used") in {(note.id, note.reason) for note in study.report}


def test_a_table_without_meta_file_is_told(folder):
    add(folder, "CLOCK", "P1,Hannum,61,1,0")
    (folder / "meta_clock.txt").unlink()
    study = read_study(folder)
    assert study.host.clocks.empty
    assert ("clock.csv", "no_meta_file") in {(note.id, note.reason) for note in study.report}


def test_contradictions_repeats_and_numbers_that_cannot_be_are_left_out(folder):
    report: list[Exclusion] = []
    rows = (
        "A,DPYD,x,2.0,Poor Metabolizer,", "B,DPYD,x,1.0,Intermediate Metabolizer,", "B,TPMT,x,,superb,",
        "C,UGT1A1,x,,Poor Metabolizer,", "C,UGT1A1,y,,Normal Metabolizer,", "D,DPYD,x,-1,Indeterminate,",
    )  # fmt: skip
    add(folder, "PGX", *rows)
    calls = read_pharmacogenes(folder / "pgx.csv", report)
    assert calls["sample"].tolist() == ["B", "D"]
    assert calls["activity_score"].isna().tolist() == [False, True]
    reasons = [note.reason for note in report]
    assert sorted(reasons) == ["conflicting_rows", "contradictory_call", "contradictory_call", "implausible"]
    add(folder, "PGS", "A,S,inf,1.2,1,bad", "B,S,,0.1,0.1,")
    scores = read_scores(folder / "pgs.csv", report)
    assert scores[["sum", "z"]].isna().all(axis=None)
    assert scores["match_rate"].isna().tolist() == [True, False]
    write_text(folder / "clock.csv", "sample,clock\nA,Hannum\n")
    with pytest.raises(InputError, match="age_years"):
        read_clocks(folder / "clock.csv", report)


@pytest.mark.parametrize(
    "unit",
    ["years", "Years ", "year", "yrs", "age (y)", "DNAmAge", "years old", "months", "Jahre", "ans", "años", "歳",
     "age, in years", "decades"],
)  # fmt: skip
def test_an_age_never_enters_among_the_counters(tmp_path, unit):
    told = []
    rows = [
        f'S,Mine,61.5,"{unit}",1,0',
        "S,EpiTOC2,4100,stem-cell divisions (TNSC),1,0",
        "S,pace,1.1,years/year,1,0",
    ]
    write_text(
        tmp_path / "counters.csv", "\n".join([HEADS["COUNTER"], *rows, "S,horvath,61,score,1,0"]) + "\n"
    )
    assert read_counters(tmp_path / "counters.csv", told)["clock"].tolist() == ["EpiTOC2", "pace"]
    assert "2 rows are ages" in told[0].detail


def test_a_study_is_written_as_it_was_read(folder, tmp_path):
    add(folder, "PGX", "P1-N,DPYD,a/b,1.0,Intermediate Metabolizer,note", "P2,TPMT,,,No call,")
    add(folder, "PGS", "P1-N,S,0.25,0.98,0.97,1.5")
    add(folder, "CLOCK", "P0-A,Hannum,61.5,0.99,0.01")
    add(folder, "COUNTER", "P0-A,EpiTOC2,4100,stem-cell divisions (TNSC),0.99,0.01", "P0-A,Other,4,years,1,0")
    lines = (
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tEXPOSURE\tVALUE\tUNIT\tAGENT\tSOURCE\tBEFORE_TREATMENT",
        "P1\t-9\t-2\tEXPOSURE\talcohol\t14\tunits/week\t\tchart\t",
        "P1\t\t\tEXPOSURE\tsmoking\tformer\t\t\tletter\tyes",
        "P2\t-9\t\tEXPOSURE\tcomedication\t\t\tomeprazole\t\t",
    )
    write_text(folder / "data_timeline_exposure.txt", "\n".join(lines) + "\n")
    keys = (
        "genetic_alteration_type: CLINICAL\ndatatype: TIMELINE\ndata_filename: data_timeline_exposure.txt\n"
    )
    write_text(folder / "meta_timeline_exposure.txt", keys)
    study = read_study(folder)
    assert not [note for note in study.report if note.kind in ("exposure", "sample")]
    write_study(study, tmp_path / "again")
    again = read_study(tmp_path / "again")
    for name in ("pharmacogenes", "polygenic_scores", "clocks", "exposures"):
        own = getattr(study.host, name)
        assert len(own)
        pd.testing.assert_frame_equal(getattr(again.host, name), own, check_dtype=False)
    assert set(study.keep({"P1"}).host.exposures["patient_id"]) == {"P1"}


def test_of_several_events_of_one_sample_the_latest_day_counts():
    events = pd.DataFrame({
        "PATIENT_ID": "P", "START_DATE": ["-5", "200"], "EVENT_TYPE": "SPECIMEN", "SAMPLE_ID": "P-N",
    })  # fmt: skip
    links = sample_links(pd.Index(["P-N"]), pd.DataFrame({"patient_id": []}), pd.Index(["P"]), events)
    assert links.loc["P-N", "day"] == 200


def test_the_day_of_a_sample_that_is_called_as_its_patient_is_written():
    rows = pd.DataFrame({
        "patient_id": ["P", "Q"], "sample_id": ["P", "Q"], "day": [-5.0, float("nan")], "is_tissue": False,
    }).reindex(columns=list(CLOCK_COLUMNS))  # fmt: skip
    events = host_specimens(Host(clocks=rows), pd.Index([]))
    assert list(events["SAMPLE_ID"]) == ["P"]
    assert list(events["START_DATE"]) == [-5.0]
