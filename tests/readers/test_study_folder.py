"""A study folder: written and read back, and every kind of bad input on its way."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.meta import read_keys
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study

GENES = GeneTable(
    [
        Gene("TP53", "7157", "ENSG00000141510", ("LFS1",)),
        Gene("KMT2D", "8085", "ENSG00000167548", ("MLL2",)),
        Gene("CD8A", "925", "ENSG00000153563", ()),
    ],
    "test",
)
CLINICAL = "genetic_alteration_type: CLINICAL\ndatatype: {}\ndata_filename: {}\n"
PROFILE = "genetic_alteration_type: {}\ndatatype: {}\nstable_id: {}\ndata_filename: {}\n"


def fill(folder: Path, **files: str) -> Path:
    """A minimal study of two patients with two samples, and further files (`name__txt` is name.txt)."""
    texts = {
        "meta_study.txt": "cancer_study_identifier: mini\nname: Mini\n",
        "meta_clinical_patient.txt": CLINICAL.format("PATIENT_ATTRIBUTES", "patients.txt"),
        "meta_clinical_sample.txt": CLINICAL.format("SAMPLE_ATTRIBUTES", "samples.txt"),
        "patients.txt": "#Id\tAge\n#Id\tAge\n#STRING\tNUMBER\n#1\t1\nPATIENT_ID\tAGE\tSEX\nP1\t61\tF\nP2\tNA\tM\n",
        "samples.txt": "PATIENT_ID\tSAMPLE_ID\nP1\tS1\nP2\tS2\n",
    }
    texts |= {name.replace("__", "."): text for name, text in files.items()}
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def reasons(study: Study) -> set[tuple[str, str]]:
    return {(note.kind, note.reason) for note in study.report}


def full_study(folder: Path) -> Study:
    samples = pd.Index(["S1", "S2", "S3"], name="sample_id")
    genes = pd.Index(["TP53", "KMT2D", "CD8A"])
    expression = np.array([[0.1, 2.123, 7.5], [np.nan, 0.0, 3.3], [1.0, 1.25, 11.0]], np.float32)
    copy_number = np.array([[-2, 0, np.nan], [1, 2, 0], [0, -1, 0]], np.float32)
    return Study(
        study_id="round",
        origin="simulated",
        folder=folder,
        patients=pd.DataFrame(
            {"AGE": [61.5, np.nan], "SEX": ["F", "M"], "OS_STATUS": ["0:LIVING", "1:DECEASED"]},
            index=pd.Index(["P1", "P2"], name="patient_id"),
        ),
        samples=pd.DataFrame(
            {
                "patient_id": ["P1", "P1", "P2"], "collected_day": [-20.0, 35.0, np.nan],
                "procedure": ["biopsy", "resection", "unknown"],
            },
            index=samples,
        ),
        treatments=pd.DataFrame(
            {
                "patient_id": ["P1", "P2"], "start_day": [0.0, 14.0], "stop_day": [90.0, np.nan],
                "agent": ["Nivolumab", "Carboplatin"], "regimen": ["", "CARBO"], "line": [1.0, 2.0],
                "treatment_type": ["Medical Therapy"] * 2, "BEST_RESPONSE": ["PR", np.nan],
            }
        ),
        variants=pd.DataFrame(
            {
                "sample_id": ["S1", "S1"], "gene": ["TP53", "KMT2D"],
                "variant_class": ["Nonsense_Mutation", "Silent"], "vaf": [0.25, np.nan],
                "impact": ["truncating", "silent"], "protein_change": ["p.R196*", ""],
            }
        ),
        sequenced=frozenset({"S1", "S3"}),
        sequenced_mb={"S1": 30.0, "S3": 1.5},
        expression=pd.DataFrame(expression, index=samples, columns=genes),
        copy_number=pd.DataFrame(copy_number, index=samples, columns=genes),
        layers={"metabolites": pd.DataFrame({"lactate": [1.5, 2.5]}, index=samples[:2])},
        slides=pd.DataFrame(
            {
                "slide_id": ["S1-a", "S2-a"], "sample_id": ["S1", "S2"],
                "path": [str(folder / "slides/S1-a.svs"), "/elsewhere/S2-a.svs"], "mpp": [0.5, np.nan],
            }
        ),
    )  # fmt: skip


def test_what_is_written_is_read_back(tmp_path):
    written = full_study(tmp_path)
    write_study(written, tmp_path)
    study = read_study(tmp_path, GENES)
    assert (study.study_id, study.origin) == ("round", "simulated")
    loose = {
        "check_dtype": False,
        "check_index_type": False,
        "check_column_type": False,
        "check_names": False,
    }
    for name in ("patients", "samples", "treatments", "variants", "expression", "copy_number", "slides"):
        got, told = getattr(study, name), getattr(written, name)
        pd.testing.assert_frame_equal(got[list(told.columns)], told, obj=name, rtol=1e-4, **loose)
        assert set(got.columns) == set(told.columns), name
    pd.testing.assert_frame_equal(study.layers["metabolites"], written.layers["metabolites"], **loose)
    assert study.sequenced == written.sequenced
    assert study.sequenced_mb == written.sequenced_mb
    assert study.report == []


def test_equal_studies_give_equal_bytes_and_digests_and_a_second_round_changes_nothing(tmp_path):
    write_study(full_study(tmp_path / "a"), tmp_path / "a")
    again = dataclasses.replace(read_study(tmp_path / "a", GENES))
    write_study(again, tmp_path / "b")
    digests = [read_study(tmp_path / name, GENES).digests for name in "ab"]
    assert digests[0] == digests[1]
    assert {"meta_study.txt", "slides.csv", "case_lists/cases_sequenced.txt"} <= set(digests[0])
    text = (tmp_path / "a" / "data_mutations.txt").read_text()
    (tmp_path / "a" / "data_mutations.txt").write_text(text.replace("0.25", "0.35"))
    changed = read_study(tmp_path / "a", GENES).digests
    assert [name for name in changed if changed[name] != digests[0][name]] == ["data_mutations.txt"]
    assert not list(tmp_path.rglob("*.part"))


def test_a_folder_without_meta_study_says_what_is_expected(tmp_path):
    with pytest.raises(InputError, match=r"meta_study\.txt"):
        read_study(tmp_path)


def test_clinical_tables_with_windows_line_ends_comments_and_missing_words(tmp_path):
    patients = "#a\tb\r\n#STRING\tNUMBER\r\nPATIENT_ID\tAGE\tGRADE\r\nP1\t61\t[Not Available]\r\nP2\t\t3\r\n"
    study = read_study(fill(tmp_path, patients__txt=patients), GENES)
    assert study.patients.loc["P1", "AGE"] == 61
    assert study.patients.isna().sum().to_dict() == {"AGE": 1, "GRADE": 1}
    assert study.patients["GRADE"].dtype == float


def test_equal_rows_of_a_patient_merge_and_conflicting_ones_are_left_out(tmp_path):
    patients = "PATIENT_ID\tAGE\nP1\t61\nP1\t61\nP2\t50\nP2\t51\nP3\t40\n"
    samples = "PATIENT_ID\tSAMPLE_ID\nP1\tS1\nP2\tS2\nP9\tS9\n"
    study = read_study(fill(tmp_path, patients__txt=patients, samples__txt=samples), GENES)
    assert list(study.patients.index) == ["P1", "P3"]
    assert list(study.samples.index) == ["S1"]
    told = {(note.kind, note.id, note.reason) for note in study.report}
    assert ("patient", "P2", "conflicting_rows") in told
    assert {("sample", "S2", "unknown_patient"), ("sample", "S9", "unknown_patient")} <= told


def test_infinite_clinical_values_are_unknown_and_reported(tmp_path):
    study = read_study(fill(tmp_path, patients__txt="PATIENT_ID\tLDH\nP1\tinf\nP2\t200\n"), GENES)
    assert np.isnan(study.patients.loc["P1", "LDH"])
    assert "infinite" in {note.reason for note in study.report}


def test_timelines_are_told_by_their_events_not_their_file_names(tmp_path):
    drugs = (
        "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTREATMENT_TYPE\tAGENT\tLINE_OF_THERAPY\tSubtype\n"
        "P1\t0\t90\tTreatment\tMedical Therapy\tNivolumab\t1\tICI\n"
        "P8\t0\t90\tTREATMENT\tMedical Therapy\tNivolumab\t1\tICI\n"
        "P1\t-40\t\tSurgery\t\t\t\t\n"
    )
    rays = "PATIENT_ID\tSTART_DATE\tEVENT_TYPE\tTREATMENT_TYPE\nP2\t5\tTreatment\tRadiation Therapy\n"
    tissue = (
        "PATIENT_ID\tSTART_DATE\tEVENT_TYPE\tSAMPLE_ID\tSPECIMEN_TYPE\n"
        "P1\t-12\tSpecimen\tS1\tCore needle biopsy\nP2\t30\tSpecimen\tS2\tSurgical resection\n"
    )
    files = {f"meta_t{i}__txt": CLINICAL.format("TIMELINE", f"t{i}.txt") for i in range(3)}
    folder = fill(tmp_path, **files, t0__txt=drugs, t1__txt=rays, t2__txt=tissue)
    study = read_study(folder, GENES)
    assert study.treatments[["patient_id", "start_day", "agent"]].to_numpy().tolist() == [
        ["P1", 0.0, "Nivolumab"], ["P2", 5.0, ""]
    ]  # fmt: skip
    assert study.treatments.loc[0, ["line", "SUBTYPE"]].tolist() == [1.0, "ICI"]
    assert study.samples["collected_day"].tolist() == [-12.0, 30.0]
    assert study.samples["procedure"].tolist() == ["biopsy", "resection"]
    assert ("patient", "unknown_patient") in reasons(study)


MAF_META = PROFILE.format("MUTATION_EXTENDED", "MAF", "mutations", "maf.txt")


def test_a_maf_gives_harmonised_genes_fractions_and_impacts(tmp_path):
    maf = (
        "#version 2.4\nHugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tt_alt_count\tt_ref_count\n"
        "MLL2\tS1\tFrame_Shift_Del\t30\t70\nTP53\tS1\tMissense_Mutation\t0\t0\nTP53\tS7\tSilent\t1\t9\n"
    )
    study = read_study(fill(tmp_path, meta_maf__txt=MAF_META, maf__txt=maf), GENES)
    assert study.variants is not None
    assert study.variants["gene"].tolist() == ["KMT2D", "TP53"]
    assert study.variants["impact"].tolist() == ["truncating", "missense"]
    np.testing.assert_allclose(study.variants["vaf"], [0.3, np.nan])
    assert study.sequenced == {"S1"}
    assert {("gene", "renamed"), ("sample", "unknown_sample")} <= reasons(study)


def test_long_barcodes_find_their_sample_germline_calls_and_repeated_rows_do_not_count(tmp_path):
    samples = "PATIENT_ID\tSAMPLE_ID\nP1\tTCGA-AA-0001-01\n"
    row = "TP53\tTCGA-AA-0001-01A-11D-A1-08\tMissense_Mutation\t17\t7577120\tC\tT\t{}\n"
    maf = (
        "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tChromosome\tStart_Position\t"
        "Reference_Allele\tTumor_Seq_Allele2\tMutation_Status\n"
        + row.format("Somatic") * 2 + row.format("GERMLINE").replace("7577120", "7577121")
    )  # fmt: skip
    study = read_study(fill(tmp_path, samples__txt=samples, meta_maf__txt=MAF_META, maf__txt=maf), GENES)
    assert study.variants is not None
    assert study.variants["sample_id"].tolist() == ["TCGA-AA-0001-01"]
    assert {("variant", "duplicate_row"), ("variant", "germline")} <= reasons(study)


def test_a_maf_of_a_header_alone_means_sequenced_without_a_mutation(tmp_path):
    maf = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n"
    listed = "stable_id: mini_sequenced\ncase_list_ids: S1\tS2\tS9\n"
    folder = fill(
        tmp_path, meta_maf__txt=MAF_META, maf__txt=maf, **{"case_lists/cases_sequenced__txt": listed}
    )
    study = read_study(folder, GENES)
    assert study.variants is not None
    assert study.variants.empty
    assert study.sequenced == {"S1", "S2"}


def test_a_maf_without_its_columns_is_refused(tmp_path):
    with pytest.raises(InputError, match="Variant_Classification"):
        read_study(
            fill(tmp_path, meta_maf__txt=MAF_META, maf__txt="Hugo_Symbol\tTumor_Sample_Barcode\n"), GENES
        )


def test_the_gene_panel_matrix_says_who_was_profiled(tmp_path):
    maf = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\nTP53\tS1\tSilent\n"
    panel = "SAMPLE_ID\tmutations\nS1\tPANEL\nS2\tNA\n"
    meta = (
        "genetic_alteration_type: GENE_PANEL_MATRIX\ndatatype: GENE_PANEL_MATRIX\ndata_filename: panel.txt\n"
    )
    folder = fill(tmp_path, meta_maf__txt=MAF_META, maf__txt=maf, meta_panel__txt=meta, panel__txt=panel)
    assert read_study(folder, GENES).sequenced == {"S1"}


def expression_folder(folder: Path, rows: str, *meta: str, datatype: str = "CONTINUOUS") -> Path:
    told = PROFILE.format("MRNA_EXPRESSION", datatype, "rna", "rna.txt") + "".join(
        f"{line}\n" for line in meta
    )
    return fill(folder, meta_rna__txt=told, rna__txt="Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\n" + rows)


def test_linear_expression_is_brought_to_log2_and_told(tmp_path):
    rows = "TP53\t7157\t0\t1023\n\t925\t3\tinf\nMLL2\t8085\t1\t3\nKMT2D\t8085\t3\t5\n"
    study = read_study(expression_folder(tmp_path, rows), GENES)
    assert study.expression is not None
    assert list(study.expression.columns) == ["TP53", "CD8A", "KMT2D"]
    np.testing.assert_allclose(study.expression["TP53"], [0.0, 10.0])
    np.testing.assert_allclose(study.expression["KMT2D"], np.log2([3.0, 5.0]), rtol=1e-6)
    assert np.isnan(study.expression.loc["S2", "CD8A"])
    told = {note.reason for note in study.report}
    assert {"scale_judged", "infinite", "duplicate_rows", "renamed"} <= told


def test_negative_values_in_linear_expression_are_refused(tmp_path):
    with pytest.raises(InputError, match="negative"):
        read_study(expression_folder(tmp_path, "TP53\t7157\t-1\t5\n", "data_scale: linear"), GENES)


def test_values_that_no_logarithm_reaches_are_refused_where_the_meta_file_says_log2(tmp_path):
    with pytest.raises(InputError, match="scale"):
        read_study(expression_folder(tmp_path, "TP53\t7157\t1\t900\n", "profile_name: log2(TPM + 1)"), GENES)


def test_z_scores_stay_as_they_are_with_a_note(tmp_path):
    study = read_study(expression_folder(tmp_path, "TP53\t7157\t-1.5\t2\n", datatype="Z-SCORE"), GENES)
    assert study.expression is not None
    np.testing.assert_allclose(study.expression["TP53"], [-1.5, 2.0])
    assert "z_scores" in {note.reason for note in study.report}


def test_measured_expression_goes_before_z_scores(tmp_path):
    folder = expression_folder(tmp_path, "TP53\t7157\t1.5\t2\n", "data_scale: log2(TPM+1)")
    z_meta = PROFILE.format("MRNA_EXPRESSION", "Z-SCORE", "a_zscores", "z.txt")
    fill(folder, meta_a__txt=z_meta, z__txt="Hugo_Symbol\tS1\tS2\nTP53\t-1\t1\n")
    study = read_study(fill(folder), GENES)
    assert study.expression is not None
    np.testing.assert_allclose(study.expression["TP53"], [1.5, 2.0])
    assert "not_used" in {note.reason for note in study.report}


def test_another_pseudocount_is_brought_to_one(tmp_path):
    rows = f"TP53\t7157\t{np.log2(0.001)}\t{np.log2(7.001)}\n"
    study = read_study(expression_folder(tmp_path, rows, "data_scale: log2(TPM+0.001)"), GENES)
    assert study.expression is not None
    np.testing.assert_allclose(study.expression["TP53"], [0.0, 3.0], atol=1e-4)


def test_copy_number_levels_outside_the_scale_are_not_measured(tmp_path):
    meta = PROFILE.format("COPY_NUMBER_ALTERATION", "DISCRETE", "gistic", "cna.txt")
    folder = fill(tmp_path, meta_cna__txt=meta, cna__txt="Hugo_Symbol\tS1\tS2\nTP53\t-2\t7\n")
    study = read_study(folder, GENES)
    assert study.copy_number is not None
    np.testing.assert_array_equal(study.copy_number["TP53"], [-2, np.nan])
    assert "not_a_level" in {note.reason for note in study.report}


def test_a_layer_without_a_common_sample_is_absent_and_reported(tmp_path):
    meta = PROFILE.format("GENERIC_ASSAY", "LIMIT-VALUE", "proteins", "proteins.txt")
    folder = fill(tmp_path, meta_p__txt=meta, proteins__txt="ENTITY_STABLE_ID\tX1\tX2\nfoo\t1\t2\n")
    study = read_study(folder, GENES)
    assert study.layers == {}
    assert "no_overlap" in {note.reason for note in study.report}


def test_a_generic_assay_keeps_limits_and_leaves_names_out(tmp_path):
    meta = PROFILE.format("GENERIC_ASSAY", "LIMIT-VALUE", "proteins", "proteins.txt")
    text = "ENTITY_STABLE_ID\tNAME\tGENE\tS1\tS2\npd1\tPD-1\tPDCD1\t>8.5\tNA\n"
    meta += "generic_entity_meta_properties: NAME,GENE\n"
    study = read_study(fill(tmp_path, meta_p__txt=meta, proteins__txt=text), GENES)
    np.testing.assert_array_equal(study.layers["proteins"]["pd1"], [8.5, np.nan])
    assert list(study.layers["proteins"].index) == ["S1", "S2"]


def test_a_missing_data_file_is_told_with_its_name(tmp_path):
    with pytest.raises(InputError, match=r"maf\.txt"):
        read_study(fill(tmp_path, meta_maf__txt=MAF_META), GENES)


def test_slides_have_absolute_paths_and_those_of_unknown_samples_are_left_out(tmp_path):
    slides = "slide_id,sample_id,path\na,S1,wsi/a.svs\nb,S9,wsi/b.svs\na,S1,wsi/c.svs\n"
    study = read_study(fill(tmp_path, slides__csv=slides), GENES)
    assert study.slides["path"].tolist() == [str(tmp_path / "wsi/a.svs")]
    assert study.slides["mpp"].isna().all()
    assert {("slide", "unknown_sample"), ("slide", "duplicate_row")} <= reasons(study)


def test_a_study_without_a_patient_table_takes_its_patients_from_the_samples(tmp_path):
    folder = fill(tmp_path)
    (folder / "meta_clinical_patient.txt").unlink()
    assert list(read_study(folder, GENES).patients.index) == ["P1", "P2"]


def test_what_is_not_read_is_told(tmp_path):
    meta = PROFILE.format("GENESET_SCORE", "GSVA-SCORE", "gsva", "gsva.txt")
    study = read_study(fill(tmp_path, meta_gsva__txt=meta, gsva__txt="geneset_id\n"), GENES)
    assert [(note.id, note.reason) for note in study.report] == [("meta_gsva.txt", "not_used")]


@pytest.mark.parametrize("name", ["clinical_patient", "a/b", "expression", ""])
def test_a_layer_whose_file_would_not_be_its_own_is_refused(tmp_path, name):
    study = full_study(tmp_path)
    with pytest.raises(InputError, match="layer"):
        write_study(dataclasses.replace(study, layers={name: study.layers["metabolites"]}), tmp_path)


def test_every_profile_has_what_cbioportal_wants(tmp_path):
    write_study(full_study(tmp_path), tmp_path)
    needed = {"stable_id", "profile_name", "profile_description", "show_profile_in_analysis_tab"}
    for name in ("mutations", "expression", "cna", "metabolites"):
        keys = read_keys(tmp_path / f"meta_{name}.txt")
        assert needed | {"cancer_study_identifier", "genetic_alteration_type", "datatype"} <= set(keys), name
        assert (tmp_path / keys["data_filename"]).is_file()
    header = (tmp_path / "data_clinical_sample.txt").read_text().splitlines()[:5]
    assert [line.startswith("#") for line in header] == [True] * 4 + [False]
    assert len({line.count("\t") for line in header}) == 1
