"""Text tables as people's software writes them: types, quotation marks, encodings, limits, dates."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.clinical import declared_types
from tumorcast.readers.files import read_table
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study

CLINICAL = "genetic_alteration_type: CLINICAL\ndatatype: {}\ndata_filename: {}\n"
MUTATIONS = "genetic_alteration_type: MUTATION_EXTENDED\ndatatype: MAF\ndata_filename: maf.txt\n"
MAF = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tHGVSp_Short\n"
TYPED = "#Id\tSite\tAge\n#Id\tSite\tAge\n#STRING\tSTRING\tNUMBER\n#1\t1\t1\nPATIENT_ID\tSITE\tAGE\n"


@pytest.fixture
def folder(tmp_path) -> Path:
    files = {
        "meta_study.txt": "cancer_study_identifier: mini\n",
        "meta_patients.txt": CLINICAL.format("PATIENT_ATTRIBUTES", "patients.txt"),
        "meta_samples.txt": CLINICAL.format("SAMPLE_ATTRIBUTES", "samples.txt"),
        "patients.txt": "PATIENT_ID\tAGE\nP1\t61\nP2\t70\n",
        "samples.txt": "PATIENT_ID\tSAMPLE_ID\nP1\tS1\nP2\tS2\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def told(study: Study) -> set[tuple[str, str]]:
    return {(note.id, note.reason) for note in study.report}


def test_declared_types_decide_and_limits_in_numeric_columns_count(folder):
    (folder / "patients.txt").write_text(TYPED + "P1\t02\t61\nP2\t03\t>89\n")
    study = read_study(folder)
    assert study.patients["SITE"].tolist() == ["02", "03"]
    assert study.patients["AGE"].tolist() == [61.0, 89.0]
    assert ("AGE", "at_limit") in told(study)


def test_words_in_a_column_declared_numeric_are_unknown_and_told(folder):
    (folder / "patients.txt").write_text(TYPED + "P1\t02\tsixty\nP2\t03\t50\n")
    study = read_study(folder)
    assert study.patients["AGE"].isna().tolist() == [True, False]
    assert ("AGE", "not_a_number") in told(study)


def test_types_survive_writing(folder):
    (folder / "patients.txt").write_text(TYPED + "P1\t02\t61\nP2\t03\tNA\n")
    study = read_study(folder)
    study.patients["SMOKER"] = [True, False]
    write_study(study, folder / "again")
    types = declared_types(folder / "again" / "data_clinical_patient.txt")
    assert types == {"PATIENT_ID": "STRING", "SITE": "STRING", "AGE": "NUMBER", "SMOKER": "BOOLEAN"}
    again = read_study(folder / "again").patients
    pd.testing.assert_frame_equal(again[["SITE", "AGE"]], study.patients[["SITE", "AGE"]])
    assert again["SMOKER"].tolist() == ["True", "False"]


def test_a_single_quotation_mark_swallows_no_row(folder):
    (folder / "meta_maf.txt").write_text(MUTATIONS)
    rows = 'TP53\tS1\tSilent\t"p.X\nBRAF\tS2\tSilent\tp.Y"\n"KRAS"\tS2\tSilent\t"p.G12D"\n'
    (folder / "maf.txt").write_text(MAF + rows)
    variants = read_study(folder).variants
    assert variants["gene"].tolist() == ["TP53", "BRAF", "KRAS"]
    assert variants["protein_change"].tolist() == ['"p.X', 'p.Y"', "p.G12D"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("PATIENT_ID\tAGE\nP1\t1\n".encode("utf-16"), "UTF-16"),
        (bytes(range(256)), "binary"),
        (b"PATIENT_ID\tAGE\nP1\t1\t2\n", "longer than the header"),
        (b"PATIENT_ID\tAGE\nP1\t1\nP2\t1\t2\n", "longer than the header"),
    ],
)
def test_what_is_no_table_is_refused_by_name(folder, content, said):
    (folder / "patients.txt").write_bytes(content)
    with pytest.raises(InputError, match=said) as error:
        read_study(folder)
    assert "patients.txt" in str(error.value)


def test_days_that_are_no_numbers_are_unknown_and_told_by_patient(folder):
    (folder / "meta_timeline.txt").write_text(CLINICAL.format("TIMELINE", "timeline.txt"))
    (folder / "timeline.txt").write_text(
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tAGENT\n"
        "P1\t2020-01-01\t30\tTreatment\tX\nP2\tinf\t\tTreatment\tY\nP1\t40\t90\tTreatment\tZ\n"
    )
    study = read_study(folder)
    np.testing.assert_array_equal(study.treatments["start_day"], [np.nan, np.nan, 40])
    assert {("P1", "date_unreadable"), ("P2", "date_unreadable")} <= told(study)


def test_slides_without_path_or_name_are_left_out_and_an_impossible_mpp_is_unknown(folder):
    rows = "a,S1,,0.5\n,S1,b.svs,0.5\nc,S2,c.svs,-1\nd,S2,d.svs,0.25\n"
    (folder / "slides.csv").write_text("slide_id,sample_id,path,mpp\n" + rows)
    study = read_study(folder)
    assert study.slides["slide_id"].tolist() == ["c", "d"]
    np.testing.assert_array_equal(study.slides["mpp"], [np.nan, 0.25])
    assert {("a", "incomplete_row"), ("c", "mpp_unusable")} <= told(study)


def test_numbers_of_counts_each_kind_of_cell():
    counts = CellCounts()
    column = pd.Series(["1.5", ">8", "<=0.1", "high", "inf", None, ' "2" '])
    np.testing.assert_allclose(numbers_of(column, counts), [1.5, 8, 0.1, np.nan, np.nan, np.nan, 2])
    assert counts == CellCounts(at_limit=2, not_a_number=1, infinite=1)


def test_comma_separated_cells_may_hold_commas_in_quotation_marks(tmp_path):
    (tmp_path / "slides.csv").write_text('slide_id,path\na,"x, y.svs"\n')
    assert read_table(tmp_path / "slides.csv", sep=",")["path"].tolist() == ["x, y.svs"]


def test_files_that_are_not_utf8_are_read_and_told(folder):
    (folder / "patients.txt").write_bytes("PATIENT_ID\tNAME\nP1\tJosé\nP2\tA\n".encode("latin-1"))
    study = read_study(folder)
    assert study.patients.loc["P1", "NAME"] == "Jos�"
    assert ("patients.txt", "not_utf8") in told(study)


def test_a_data_file_without_meta_file_is_told(folder):
    (folder / "data_mutations.txt").write_text(MAF + "TP53\tS1\tSilent\t\n")
    study = read_study(folder)
    assert study.variants is None
    assert ("data_mutations.txt", "no_meta_file") in told(study)


def test_a_second_file_of_mutations_is_told(folder):
    for name in ("maf", "maf2"):
        (folder / f"meta_{name}.txt").write_text(MUTATIONS.replace("maf.txt", f"{name}.txt"))
        (folder / f"{name}.txt").write_text(MAF + "TP53\tS1\tSilent\t\n")
    assert ("maf2.txt", "not_used") in told(read_study(folder))


@pytest.mark.parametrize("name", ["../maf.txt", "/maf.txt", "sub/maf.txt"])
def test_a_meta_file_names_files_of_its_own_folder_alone(folder, name):
    (folder / "meta_maf.txt").write_text(MUTATIONS.replace("maf.txt", name))
    with pytest.raises(InputError, match="outside"):
        read_study(folder)


def test_a_mutated_sample_outside_the_sequenced_list_is_told_and_not_measured(folder):
    (folder / "meta_maf.txt").write_text(MUTATIONS)
    (folder / "maf.txt").write_text(MAF + "TP53\tS2\tSilent\t\nTP53\t\tSilent\t\n")
    (folder / "case_lists").mkdir()
    (folder / "case_lists" / "cases_sequenced.txt").write_text("case_list_ids: S1\tS9\n")
    study = read_study(folder)
    assert study.sequenced == {"S1"}
    assert {
        ("S2", "not_listed_as_sequenced"), ("mutations", "unknown_samples"), ("maf.txt", "no_identifier")
    } <= told(study)  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "fractions"),
    [
        (["35%", "2%", "60 %"], [0.35, 0.02, 0.6]),
        (["0.3", "0.5", "inf"], [0.3, 0.5, np.nan]),
        (["0.3", "-3", "1.2"], [0.3, np.nan, np.nan]),
        (["40", "0.5", "NA"], [0.4, 0.005, np.nan]),
        (["NA", "NA", "NA"], [np.nan] * 3),
    ],
)
def test_allele_fractions_in_every_spelling(folder, cells, fractions):
    (folder / "meta_maf.txt").write_text(MUTATIONS)
    rows = "".join(f"TP53\tS1\tSilent\t{cell}\n" for cell in cells)
    (folder / "maf.txt").write_text(MAF.replace("HGVSp_Short", "VAF") + rows)
    np.testing.assert_allclose(read_study(folder).variants["vaf"], fractions)
