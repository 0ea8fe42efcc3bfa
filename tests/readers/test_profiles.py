"""Every profile of a study folder that becomes a layer, and what is written is read back."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from readers.test_study_folder import GENES, PROFILE, fill, full_study, reasons
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.write_study import write_study

MUTATIONS = PROFILE.format("MUTATION_EXTENDED", "MAF", "mutations", "maf.txt")
MAF = (
    "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tNCBI_Build\tChromosome\tStart_Position\tCONTEXT\n"
    "TP53\tS1\tMissense_Mutation\t{}\t17\t{}\taccgTGCAttg\n"
)


def test_log2_ratios_and_levels_are_two_layers(tmp_path):
    study = read_study(
        fill(
            tmp_path,
            meta_a__txt=PROFILE.format("COPY_NUMBER_ALTERATION", "LOG2-VALUE", "log2CNA", "a.txt"),
            meta_b__txt=PROFILE.format("COPY_NUMBER_ALTERATION", "DISCRETE", "gistic", "b.txt"),
            a__txt="Hugo_Symbol\tS1\tS2\nMLL2\t-0.5\t1.5\nKMT2D\t-0.7\tNA\n",
            b__txt="Hugo_Symbol\tS1\tS2\nTP53\t-2\t0\n",
        ),
        GENES,
    )
    assert study.copy_number is not None
    assert study.copy_number["TP53"].to_dict() == {"S1": -2, "S2": 0}
    np.testing.assert_allclose(study.layers["copy_number_log2"]["KMT2D"], [-0.6, 1.5], rtol=1e-6)
    assert ("gene", "duplicate_rows") in reasons(study)


def test_of_two_profiles_of_one_layer_the_measured_values_count(tmp_path):
    text = "Composite.Element.REF\tS1\tS2\nTP53|p53\t{}\t0.1\n"
    study = read_study(
        fill(
            tmp_path,
            meta_a__txt=PROFILE.format("PROTEIN_LEVEL", "Z-SCORE", "rppa_Zscores", "a.txt"),
            meta_b__txt=PROFILE.format("PROTEIN_LEVEL", "LOG2-VALUE", "rppa", "b.txt"),
            a__txt=text.format("9"), b__txt=text.format("0.5"),
        ),
        GENES,
    )  # fmt: skip
    assert study.layers["proteins"].loc["S1", "TP53|p53"] == pytest.approx(0.5)
    assert [note.id for note in study.report if note.reason == "not_used"] == ["a.txt"]


def test_segments_fusions_and_laboratory_values_come_with_the_study(tmp_path):
    study = read_study(
        fill(
            tmp_path,
            meta_seg__txt=PROFILE.format("COPY_NUMBER_ALTERATION", "SEG", "seg", "s.seg")
            + "reference_genome_id: hg38\n",
            s__seg="ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nS1\t17\t1\t83200000\t9\t-1\nS9\t1\t1\t2\t3\t0\n",
            meta_sv__txt=PROFILE.format("STRUCTURAL_VARIANT", "SV", "structural_variants", "sv.txt"),
            sv__txt="Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\nS2\tSOMATIC\tMLL2\tTP53\nS9\t\tTP53\t\n",
            meta_lab__txt="genetic_alteration_type: CLINICAL\ndatatype: TIMELINE\ndata_filename: lab.txt\n",
            lab__txt="PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTEST\tRESULT\tUNITS\nP1\t-4\t\tLAB_TEST\tALB\t4\tg/dL\n",
        ),
        GENES,
    )  # fmt: skip
    assert study.segments["sample_id"].tolist() == ["S1"]
    assert study.variants is not None
    assert study.variants[["sample_id", "gene", "impact"]].to_numpy().tolist() == [
        ["S2", "KMT2D", "fusion"], ["S2", "TP53", "fusion"],
    ]  # fmt: skip
    assert study.laboratory.to_numpy().tolist() == [["P1", -4, "albumin", 40.0]]
    assert ("layer", "unknown_samples") in reasons(study)


def test_a_variant_past_the_end_of_its_chromosome_is_of_another_build(tmp_path):
    with pytest.raises(InputError, match="all of them fit GRCh38"):
        read_study(fill(tmp_path, meta_m__txt=MUTATIONS, maf__txt=MAF.format("GRCh37", 83_000_000)), GENES)
    study = read_study(fill(tmp_path, maf__txt=MAF.format("GRCh38", 83_000_000)), GENES)
    assert study.variants is not None
    assert study.variants["context"].tolist() == ["ACCGTGCATTG"]


def test_a_file_of_another_build_than_the_study_is_told(tmp_path):
    meta = "cancer_study_identifier: mini\nreference_genome: hg38\n"
    folder = fill(tmp_path, meta_study__txt=meta, meta_m__txt=MUTATIONS, maf__txt=MAF.format("37", 7_577_120))
    study = read_study(folder, GENES)
    assert study.build == "GRCh38"
    assert ("layer", "build_differs") in reasons(study)


def test_what_is_written_of_every_layer_is_read_back(tmp_path):
    segments = pd.DataFrame(
        [["S1", "17", 1, 9_000_000, np.nan, 2.0, 1.0], ["S2", "X", 5, 900, -0.5, np.nan, np.nan]],
        columns=["sample_id", "chromosome", "start", "end", "log2", "major", "minor"],
    )
    laboratory = pd.DataFrame(
        [["P1", -4.0, "albumin", 40.0], ["P1", -4.0, "ca125", 12.0]],
        columns=["patient_id", "day", "analyte", "value"],
    )
    proteins = pd.DataFrame(
        {"TP53|p53": [0.5, np.nan]}, index=pd.Index(["S1", "S2"], name="sample_id"), dtype="float32"
    )
    whole = full_study(tmp_path)
    written = dataclasses.replace(
        whole,
        segments=segments,
        build="GRCh38",
        laboratory=laboratory,
        layers={**whole.layers, "proteins": proteins},
    )
    write_study(written, Path(tmp_path))
    study = read_study(tmp_path, GENES)
    assert study.build == "GRCh38"
    pd.testing.assert_frame_equal(study.segments, segments, check_dtype=False)
    pd.testing.assert_frame_equal(study.laboratory, laboratory, check_dtype=False)
    pd.testing.assert_frame_equal(study.layers["proteins"], proteins, check_names=False)
