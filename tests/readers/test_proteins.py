"""Protein abundances: which row is which gene, which columns are samples, on which scale the values are."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.proteins import read_proteins

GENES = GeneTable(
    [
        Gene("AKT1", "207", "ENSG00000142208", ("PKB",)), Gene("AKT2", "208", "", ()),
        Gene("ERBB2", "2064", "ENSG00000141736", ("HER2",)), Gene("TTF1", "7270", "", ()),
    ],
    "test",
)  # fmt: skip


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str, name: str = "data_rppa.txt") -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def told(report: list[Exclusion], reason: str) -> str:
    return next(note.detail for note in report if note.reason == reason)


RPPA = """Composite.Element.REF\tTCGA-02-0003-01\tTCGA-02-0004-01
PKB AKT2|Akt_pS473\t0.52\tNA
HER2|HER2_pY1248\t-1.5\t2.25
ERBB2|HER2\t-0.5\t0.75
"""


def test_antibodies_keep_their_name_behind_the_approved_gene(tmp_path, report):
    values = read_proteins(file(tmp_path, RPPA), GENES, report)
    assert values.columns.tolist() == ["AKT1 AKT2|Akt_pS473", "ERBB2|HER2_pY1248", "ERBB2|HER2"]
    np.testing.assert_allclose(values.loc["TCGA-02-0003-01"], [0.52, -1.5, -0.5], rtol=1e-6)
    assert np.isnan(values.loc["TCGA-02-0004-01", "AKT1 AKT2|Akt_pS473"])
    assert set(values.dtypes) == {np.dtype(np.float32)}
    assert told(report, "renamed").startswith("2 identifiers")
    assert "kept as they are" in told(report, "scale_judged")


def test_tcpa_antibodies_are_not_taken_for_genes_of_the_same_name(tmp_path, report):
    text = (
        "Sample_ID,Cancer_Type,Sample_Type,SetID,X4EBP1_pS65,TTF1,HER2\n"
        "TCGA-A1-A0SB-01A,BRCA,Primary,1,-0.2,NA,0.3\nTCGA-A1-A0SD-01A,BRCA,Primary,1,0.4,1.5,-0.3\n"
        "TCGA-A1-A0SB-01A,BRCA,Primary,1,9,9,9\n"
    )
    values = read_proteins(file(tmp_path, text, "TCGA-BRCA-L4.csv"), GENES, report)
    assert values.columns.tolist() == ["X4EBP1_pS65", "TTF1", "HER2"]
    assert values.index.tolist() == ["TCGA-A1-A0SB-01A", "TCGA-A1-A0SD-01A"]
    assert values.loc["TCGA-A1-A0SB-01A", "X4EBP1_pS65"] == np.float32(-0.2)
    assert "1 rows" in told(report, "duplicate_row")
    assert told(report, "no_gene").startswith("3 antibodies")


def test_samples_in_rows_with_genes_as_columns_are_harmonised(tmp_path, report):
    values = read_proteins(file(tmp_path, "Patient_ID\tHER2\tAKT1\nC3L-1\t1\t-2\n", "p.tsv"), GENES, report)
    assert values.loc["C3L-1"].to_dict() == {"ERBB2": 1.0, "AKT1": -2.0}


MAXQUANT = """Protein IDs\tGene names\tPeptides\tIntensity S1\tIntensity S2\tLFQ intensity S1\tLFQ intensity S2\t\
Only identified by site\tReverse\tPotential contaminant\tid
P31749\tAKT1\t12\t9\t9\t1024\t0\t\t\t\t0
P04626;P21860\tHER2;ERBB3\t31\t9\t9\t4096\t2048\t\t\t\t1
REV__P31749\tAKT1\t1\t9\t9\t8\t8\t\t+\t\t2
CON__P04264\tKRT1\t8\t9\t9\t8\t8\t\t\t+\t3
Q9\tAKT2\t1\t9\t9\t8\t8\t+\t\t\t4
"""


def test_maxquant_gives_log2_lfq_without_decoys_and_zeros(tmp_path, report):
    values = read_proteins(file(tmp_path, MAXQUANT, "proteinGroups.txt"), GENES, report)
    assert values.loc["S1"].to_dict() == {"AKT1": 10.0, "ERBB2": 12.0}
    np.testing.assert_array_equal(values.loc["S2"], [np.nan, 11])
    assert told(report, "not_a_protein").startswith("3 rows")
    assert told(report, "several_genes").startswith("1 protein groups")
    assert "1 zeros" in told(report, "converted")
    assert "not_a_number" not in {note.reason for note in report}


CDAP = """Gene\tT1 Log Ratio\tT1 Unshared Log Ratio\tT2 Log Ratio\tT2 Unshared Log Ratio\tNCBIGeneID\tDescription
Mean\t0.1\t0.1\t0.1\t0.1\t\t
Median\t0.1\t0.1\t0.1\t0.1\t\t
StdDev\t0.1\t0.1\t0.1\t0.1\t\t
AKT1\t0.5\t0.25\t\t-1.5\t207\tAKT serine/threonine kinase 1
"""


def test_cptac_ratios_of_unshared_peptides_count_and_summaries_do_not(tmp_path, report):
    values = read_proteins(file(tmp_path, CDAP, "proteome.tmt10.tsv"), GENES, report)
    assert values["AKT1"].to_dict() == {"T1": 0.25, "T2": -1.5}
    assert values.shape == (2, 1)
    assert "SAMPLE Unshared Log Ratio" in told(report, "quantity")


def test_phosphosites_are_features_of_their_own(tmp_path, report):
    text = "attrib_name\tC1\nHER2:y1248\t1\nAKT1_S473\t-1\nNP_055726.3:s618\t.5\nENSG00000142208.16|ENSP1|S473|p|1\t2\n"
    values = read_proteins(file(tmp_path, text, "phospho.cct"), GENES, report)
    expected = ["ERBB2:y1248", "AKT1_S473", "NP_055726.3:s618", "AKT1|ENSP1|S473|p|1"]
    assert values.columns.tolist() == expected


def test_a_gene_named_like_a_site_stays_a_gene(tmp_path, report):
    genes = GeneTable([Gene("OLD_S1", "1", "", ()), Gene("ABC", "2", "", ("OLD",))], "test")
    values = read_proteins(file(tmp_path, "Gene\tC1\nOLD_S1\t1\nOLD_S2\t-1\n"), genes, report)
    assert values.columns.tolist() == ["OLD_S1", "ABC_S2"]


def test_versioned_ensembl_ids_gzipped_isoforms_averaged_unknown_told(tmp_path, report):
    text = (
        "idx\tC3L-1\tC3L-2\nENSG00000142208.16\t25\tNA\nENSG00000142208.15\t24\tNA\nENSG00000999999.1\t9\t9\n"
    )
    values = read_proteins(file(tmp_path, text, "pancan.txt.gz"), GENES, report)
    assert values.columns.tolist() == ["AKT1"]
    np.testing.assert_array_equal(values["AKT1"], [24.5, np.nan])
    assert told(report, "duplicate_rows").startswith("1 rows")
    assert "ENSG00000999999.1" in {note.id for note in report if note.reason == "unknown_gene"}


def test_isoforms_of_linear_intensities_are_averaged_as_logarithms(tmp_path, report):
    values = read_proteins(file(tmp_path, "Gene\tS1\nAKT1\t256\nPKB\t4096\n"), GENES, report)
    assert values.loc["S1", "AKT1"] == 10


def test_columns_of_words_are_descriptions_not_samples(tmp_path, report):
    text = "Hugo_Symbol\tEntrez_Gene_Id\tProtein\tS1\nAKT1\t207\tkinase\t0.5\n\t2064\treceptor\t-0.5\n"
    values = read_proteins(file(tmp_path, text), GENES, report)
    assert values.index.tolist() == ["S1"]
    assert values.columns.tolist() == ["AKT1", "ERBB2"]
    assert "Protein" in told(report, "text_columns")


def test_a_header_as_r_writes_it_does_not_shift_the_samples(tmp_path, report):
    values = read_proteins(file(tmp_path, '"S1","S2"\n"AKT1",1.5,-2\n', "r.csv"), GENES, report)
    assert values["AKT1"].to_dict() == {"S1": 1.5, "S2": -2.0}


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("Gene\tS1\tS2\nAKT1\t-5\t100000\n", "negative"),
        ("Hugo_Symbol\tS1\n", "not a table"),
        ("Hugo_Symbol\nAKT1\n", "not a table"),
        ("Gene\tProtein\nAKT1\tkinase\n", "no proteins of samples"),
        ("Gene\tS1\nAKT1\t1\t2\t3\n", "longer than the header"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, report, text, match):
    with pytest.raises(InputError, match=match):
        read_proteins(file(tmp_path, text), GENES, report)


def test_a_damaged_archive_is_refused(tmp_path, report):
    path = tmp_path / "p.txt.gz"
    path.write_bytes(gzip.compress(b"Gene\tS1\nAKT1\t1\n" * 1000)[:-20])
    with pytest.raises(InputError, match="damaged"):
        read_proteins(path, GENES, report)
