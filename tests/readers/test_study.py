"""Study folders: what is written is read back, and damaged ones are told, not lost."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study


def make_study(folder: Path) -> Study:
    samples = pd.Index(["P1-A", "P1-B", "P2-A"], name="sample_id")
    return Study(
        study_id="tiny",
        origin="simulated",
        folder=folder,
        patients=pd.DataFrame(
            {"AGE": [61.0, np.nan], "SEX": ["F", "M"], "OS_STATUS": ["0:LIVING", "1:DECEASED"]},
            index=pd.Index(["P1", "P2"], name="patient_id"),
        ),
        samples=pd.DataFrame(
            {
                "patient_id": ["P1", "P1", "P2"],
                "collected_day": [-10.0, 40.0, np.nan],
                "procedure": ["biopsy", "resection", "unknown"],
            },
            index=samples,
        ),
        treatments=pd.DataFrame(
            {
                "patient_id": ["P1", "P2"], "start_day": [0.0, 3.0], "stop_day": [50.0, np.nan],
                "agent": ["Nivolumab", "Cisplatin"], "regimen": ["", "platinum"], "line": [1.0, 2.0],
                "treatment_type": ["Medical Therapy"] * 2, "BEST_RESPONSE": ["PR", "PD"],
            }
        ),
        variants=pd.DataFrame(
            {
                "sample_id": ["P1-A", "P2-A"], "gene": ["TP53", "BRAF"],
                "variant_class": ["Nonsense_Mutation", "Missense_Mutation"], "vaf": [0.25, np.nan],
                "impact": ["truncating", "missense"], "protein_change": ["p.R213*", "p.V600E"],
            }
        ),
        sequenced=frozenset({"P1-A", "P1-B", "P2-A"}),
        sequenced_mb={"P1-A": 30.0, "P1-B": 30.0, "P2-A": 1.2},
        expression=pd.DataFrame({"CD8A": [1.5, 2.5], "TP53": [0.0, np.nan]}, index=samples[[0, 2]], dtype=np.float32),
        copy_number=pd.DataFrame({"MYC": [2.0, -2.0]}, index=samples[[0, 2]], dtype=np.float32),
        layers={"proteins": pd.DataFrame({"AKT|pS473": [0.1, np.nan]}, index=samples[[0, 1]])},
        slides=pd.DataFrame(
            {"slide_id": ["S1"], "sample_id": ["P1-A"], "path": [str(folder / "slides/S1.svs")], "mpp": [np.nan]}
        ),
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path) -> Path:
    write_study(make_study(tmp_path), tmp_path)
    return tmp_path


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def reasons(study: Study) -> set[str]:
    return {note.reason for note in study.report}


def test_what_is_written_is_read_back(folder):
    written, read = make_study(folder), read_study(folder)
    assert (read.study_id, read.origin, read.sequenced) == ("tiny", "simulated", written.sequenced)
    assert read.sequenced_mb == written.sequenced_mb
    pd.testing.assert_frame_equal(read.patients, written.patients, check_dtype=False)
    for name in ("samples", "treatments", "variants", "expression", "copy_number", "slides"):
        ours, theirs = getattr(written, name), getattr(read, name)
        pd.testing.assert_frame_equal(
            theirs[list(ours.columns)], ours, check_dtype=False, check_index_type=False, check_names=False
        )
    np.testing.assert_allclose(read.layers["proteins"].loc["P1-A"], [0.1])
    assert "data_mutations.txt" in read.digests


def test_the_digest_changes_with_the_data(folder):
    before = read_study(folder).digests
    append(folder / "data_mutations.txt", "KRAS\tP1-A\tMissense_Mutation\tp.G12D\t0.3\n")
    after = read_study(folder).digests
    assert {name for name in before if before[name] != after[name]} == {"data_mutations.txt"}


def test_windows_line_ends_and_byte_order_mark(folder):
    for name in ("data_clinical_patient.txt", "data_mutations.txt"):
        path = folder / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    study = read_study(folder)
    assert list(study.patients.index) == ["P1", "P2"]
    assert list(study.variants["protein_change"]) == ["p.R213*", "p.V600E"]


def test_duplicate_patients_are_merged_or_excluded(folder):
    path = folder / "data_clinical_patient.txt"
    row = path.read_text().splitlines()[-2]
    append(path, row + "\n")  # P1 again, the same
    assert list(read_study(folder).patients.index) == ["P1", "P2"]
    append(path, "P2\t77\tF\t0:LIVING\n")
    study = read_study(folder)
    assert list(study.patients.index) == ["P1"]
    assert {"conflicting_rows", "unknown_patient"} <= reasons(study)  # P2, and so its sample


def test_header_only_maf_means_that_nothing_was_found(folder):
    path = folder / "data_mutations.txt"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    study = read_study(folder)
    assert len(study.variants) == 0
    assert study.sequenced == {"P1-A", "P1-B", "P2-A"}


def test_without_case_list_only_mutated_samples_count_as_sequenced_and_it_is_said(folder):
    (folder / "case_lists" / "cases_sequenced.txt").unlink()
    study = read_study(folder)
    assert study.sequenced == {"P1-A", "P2-A"}
    assert "sequenced_judged" in reasons(study)


def test_gene_panel_matrix_tells_who_was_profiled(folder):
    (folder / "case_lists" / "cases_sequenced.txt").unlink()
    keys = "genetic_alteration_type: GENE_PANEL_MATRIX\ndatatype: GENE_PANEL_MATRIX\ndata_filename: data_panel.txt\n"
    (folder / "meta_panel.txt").write_text(keys)
    (folder / "data_panel.txt").write_text("SAMPLE_ID\tmutations\nP1-B\tIMPACT468\nP2-A\tNA\n")
    assert read_study(folder).sequenced == {"P1-B"}


def expression(folder: Path, text: str, scale: str | None = None) -> Study:
    (folder / "data_expression.txt").write_text(text)
    meta = folder / "meta_expression.txt"
    kept = [line for line in meta.read_text().splitlines() if not line.startswith(("data_scale", "profile_"))]
    meta.write_text("\n".join([*kept, f"data_scale: {scale}" if scale else "", ""]))
    return read_study(folder)


def test_infinite_and_missing_expression_become_not_measured(folder):
    study = expression(folder, "Hugo_Symbol\tP1-A\tP2-A\nTP53\tinf\t1.0\nBRAF\tNA\t2.0\n", "log2(TPM+1)")
    assert study.expression.loc["P1-A"].isna().all()
    assert study.expression.loc["P2-A", "BRAF"] == 2
    assert "infinite" in reasons(study)


def test_linear_expression_is_recognised_and_negative_is_refused(folder):
    study = expression(folder, "Hugo_Symbol\tP1-A\tP2-A\nTP53\t1023\t0\n")
    assert study.expression["TP53"].tolist() == [10.0, 0.0]
    assert {"scale_judged", "converted"} <= reasons(study)
    with pytest.raises(InputError, match="negative"):
        expression(folder, "Hugo_Symbol\tP1-A\tP2-A\nTP53\t1023\t-4\n", "linear")


def test_gene_identifiers_are_harmonised_and_duplicates_averaged(folder):
    text = "Hugo_Symbol\tP1-A\tP2-A\nTP53\t1.0\t2.0\nENSG00000141510.11\t3.0\t4.0\nENSG99999999999\t1\t1\n"
    study = expression(folder, text, "log2(TPM+1)")
    np.testing.assert_allclose(study.expression["TP53"], np.log2([5, 10]), rtol=1e-6)  # means of TPM
    assert study.expression.shape == (2, 1)
    assert {"duplicate_rows", "unknown_gene", "renamed"} <= reasons(study)


def test_a_layer_without_overlap_is_absent_and_told(folder):
    study = expression(folder, "Hugo_Symbol\tX1\tX2\nTP53\t1.0\t2.0\n", "log2(TPM+1)")
    assert study.expression is None
    assert "no_overlap" in reasons(study)


def test_slides_of_unknown_samples_are_told(folder):
    append(folder / "slides.csv", "S2,NOBODY,slides/S2.svs,\nS1,P1-A,slides/S1.svs,\n")
    study = read_study(folder)
    assert list(study.slides["slide_id"]) == ["S1"]
    assert {"unknown_sample", "duplicate_row"} <= reasons(study)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda f: (f / "meta_study.txt").unlink(), "meta_study.txt"),
        (lambda f: (f / "data_mutations.txt").unlink(), "data_mutations.txt"),
        (lambda f: (f / "meta_clinical_sample.txt").unlink(), "sample attributes"),
        (lambda f: (f / "data_mutations.txt").write_text("Gene\tSample\nTP53\tP1-A\n"), "Hugo_Symbol"),
        (lambda f: (f / "data_clinical_patient.txt").write_text(""), "data_clinical_patient.txt"),
    ],
)
def test_a_damaged_study_is_refused_by_the_name_of_the_file(folder, damage, told):
    damage(folder)
    with pytest.raises(InputError, match=told):
        read_study(folder)
