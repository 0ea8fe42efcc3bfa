"""One sample's expression files of every program, and matrices of counts: scales, ids, lengths, what is left out."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import numpy as np
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.gene_lengths import read_gene_lengths, read_transcript_genes
from tumorcast.readers.quantification import (
    read_counts_matrix,
    read_quantification,
    read_quantifications,
    to_tpm,
)

GENES = GeneTable(
    [
        Gene("TP53", "7157", "ENSG00000141510", ()),
        Gene("KMT2D", "8085", "", ("MLL2",)),
        Gene("CD99", "4267", "ENSG00000002586", ()),
    ],
    "test",
)
GDC = """# gene-model: GENCODE v36
gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\tfpkm_uq_unstranded
N_unmapped\t\t\t4850100\t4850100\t4850100\t\t\t
N_multimapping\t\t\t8308196\t8308196\t8308196\t\t\t
N_noFeature\t\t\t2173748\t36760327\t37016824\t\t\t
N_ambiguous\t\t\t7782266\t1870982\t1859643\t\t\t
ENSG00000141510.18\tOLD_NAME\tprotein_coding\t2370\t1146\t1224\t300000.0000\t8.0689\t9.7401
ENSG00000002586.20\tCD99\tprotein_coding\t900\t500\t400\t500000.0000\t1.1000\t1.2000
ENSG00000002586.20_PAR_Y\tCD99\tprotein_coding\t10\t5\t5\t100000.0000\t0.1000\t0.1000
ENSG00000167548.17\tMLL2\tprotein_coding\t70\t30\t40\t100000.0000\t0.1000\t0.1000
"""
STAR = """N_unmapped\t480\t480\t480
N_multimapping\t1653\t1653\t1653
N_noFeature\t973\t1853\t1889
N_ambiguous\t155\t37\t31
ENSG00000141510.18\t100\t3\t97
ENSG00000002586.20\t300\t9\t291
"""
HTSEQ = """ENSG00000141510\t100
ENSG00000002586\t300
__no_feature\t8798
__ambiguous\t4637
__too_low_aQual\t1423
__not_aligned\t2794
__alignment_not_unique\t52464
"""
RSEM = """gene_id\ttranscript_id(s)\tlength\teffective_length\texpected_count\tTPM\tFPKM
10904\t10904\t93.00\t0.00\t7.00\t50000.00\t0.00
ENSG00000002586.20_PAR_Y_CD99\tENST00000381192.3\t1255.0\t1155.0\t2.00\t150000.00\t4.10
ENSG00000141510.18_TP53\tENST00000269305.9,ENST00000420246.6\t2206.00\t2052.31\t5.00\t600000.00\t0.04
ENSG00000167548.17_KMT2D\tENST00000301067.12\t1900.00\t1800.00\t3.00\t200000.00\t0.02
"""
SALMON_GENES = """Name\tLength\tEffectiveLength\tTPM\tNumReads
ENSG00000141510.18\t2206\t2052.3\t600000\t500
ENSG00000002586.20\t1255\t1100.0\t400000\t200
"""
SALMON = """Name\tLength\tEffectiveLength\tTPM\tNumReads
ENST00000269305.9\t2579\t2379.000\t250000.0\t100.0
ENST00000420246.6\t2653\t2453.000\t350000.0\t100.0
ENST00000381192.10\t1255\t1055.000\t390000.0\t100.0
ENST00000999999.1\t500\t300.000\t10000.0\t1.0
"""
KALLISTO = """target_id\tlength\teff_length\test_counts\ttpm
ENST00000269305.9\t2579\t2379\t100\t250000
ENST00000420246.6\t2653\t2453\t100\t350000
ENST00000381192.10\t1255\t1055\t100\t390000
ENST00000999999.1\t500\t300\t1\t10000
"""
PIPED = """target_id\tlength\teff_length\test_counts\ttpm
ENST00000269305.9|ENSG00000141510.18|OTTHUMG00000162125.10|OTTHUMT00000367397.1|TP53-201|TP53|2512|protein_coding|\t2512\t2312\t9\t700000
ENST00000301067.12|ENSG00000167548.17|-|-|KMT2D-201|KMT2D|19419|protein_coding|\t19419\t19219\t9\t300000
"""
FEATURECOUNTS = """# Program:featureCounts v2.0.3; Command:"featureCounts" "-a" "genes.gtf" "-o" "s1.txt" "s1.bam"
Geneid\tChr\tStart\tEnd\tStrand\tLength\tbams/s1.bam
ENSG00000141510.18\tchr17;chr17\t7661779;7668402\t7661900;7687550\t-;-\t1000\t100
ENSG00000002586.20\tchrX\t2691187\t2741309\t+\t2000\t600
"""
STRINGTIE = """Gene ID\tGene Name\tReference\tStrand\tStart\tEnd\tCoverage\tFPKM\tTPM
ENSG00000141510\tTP53\tchr17\t-\t7661779\t7687550\t12.5\t3.1\t500000.0
ENSG00000141510\tTP53\tchr17_alt\t-\t100\t900\t1.5\t0.4\t100000.0
MSTRG.12\t-\tchr1\t.\t3710\t5739\t13.5\t0.5\t100000.0
ENSG00000002586\tCD99\tchrX\t+\t2691187\t2741309\t9.0\t2.0\t300000.0
"""
LENGTHS = "gene_id\tlength\nENSG00000141510.2\t1000\nENSG00000002586.9\t1000\n"
TX2GENE = "ENST00000269305.8,ENSG00000141510.17\nENST00000420246,ENSG00000141510\nENST00000381192.3,ENSG00000002586.1\n"


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str, name: str = "s1.tsv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def detail(report: list[Exclusion], reason: str) -> str:
    return next(note.detail for note in report if note.reason == reason)


def reasons(report: list[Exclusion]) -> set[str]:
    return {note.reason for note in report}


@pytest.mark.parametrize("name", ["s1.tsv", "s1.tsv.gz"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GDC, {"TP53": 3e5, "CD99": 6e5, "KMT2D": 1e5}),
        (RSEM, {"TP53": 6e5, "CD99": 1.5e5, "KMT2D": 2e5}),
        (SALMON_GENES, {"TP53": 6e5, "CD99": 4e5}),
        (SALMON, {"TP53": 6e5, "CD99": 3.9e5}),
        (KALLISTO, {"TP53": 6e5, "CD99": 3.9e5}),
        (PIPED, {"TP53": 7e5, "KMT2D": 3e5}),
        (FEATURECOUNTS, {"TP53": 2.5e5, "CD99": 7.5e5}),
        (STRINGTIE, {"TP53": 6e5, "CD99": 3e5}),
        (STAR, {"TP53": 2.5e5, "CD99": 7.5e5}),
        (HTSEQ, {"TP53": 2.5e5, "CD99": 7.5e5}),
    ],
    ids=["gdc", "rsem", "salmon genes", "salmon", "kallisto", "piped", "featurecounts", "stringtie", "star", "htseq"],
)  # fmt: skip
def test_each_program_is_known_by_its_content(tmp_path, report, text, expected, name):
    lengths, tx2gene = file(tmp_path, LENGTHS, "lengths.tsv"), file(tmp_path, TX2GENE, "tx2gene.csv")
    tpm = read_quantification(file(tmp_path, text, name), GENES, report, lengths, tx2gene)
    assert tpm.name == "s1"
    assert tpm.dtype == np.float32
    assert tpm.to_dict() == pytest.approx(expected, rel=1e-6)


def test_a_bom_windows_line_ends_and_quotation_marks_change_nothing(tmp_path, report):
    text = "\ufeff" + RSEM.replace("\n", "\r\n").replace(
        "ENSG00000141510.18_TP53", '"ENSG00000141510.18_TP53"'
    )
    assert read_quantification(file(tmp_path, text), GENES, report)["TP53"] == 6e5


def test_rows_of_no_known_gene_are_counted_and_those_of_one_symbol_added(tmp_path, report):
    tx2gene = file(tmp_path, TX2GENE, "tx2gene.csv")
    read_quantification(file(tmp_path, SALMON), GENES, report, tx2gene=tx2gene)
    assert detail(report, "no_gene").startswith("1 ")
    read_quantification(file(tmp_path, GDC), GENES, report)
    assert detail(report, "same_gene").startswith("1 ")


def test_numbers_among_ensembl_ids_are_no_entrez_ids(tmp_path, report):
    text = RSEM.replace("10904\t10904", "7157\t7157")
    assert read_quantification(file(tmp_path, text), GENES, report)["TP53"] == 6e5
    assert detail(report, "no_gene").startswith("1 ")


@pytest.mark.parametrize(
    ("text", "needs"),
    [(STAR, "lengths"), (HTSEQ, "lengths"), (SALMON, "transcript"), (KALLISTO, "transcript")],
    ids=["star", "htseq", "salmon", "kallisto"],
)
def test_what_a_format_needs_besides_is_asked_for(tmp_path, report, text, needs):
    with pytest.raises(InputError, match=needs) as error:
        read_quantification(file(tmp_path, text), GENES, report)
    assert "to mend" in str(error.value)


def test_lengths_or_transcripts_of_another_annotation_are_refused(tmp_path, report):
    lengths = file(tmp_path, "ENSG00000141510\t1000\nENSMUSG00000059552\t900\n", "lengths.tsv")
    with pytest.raises(InputError, match="length"):
        read_quantification(file(tmp_path, STAR), GENES, report, lengths)
    tx2gene = file(tmp_path, "NM_000546\tTP53\n", "tx2gene.tsv")
    with pytest.raises(InputError, match="gene"):
        read_quantification(file(tmp_path, SALMON), GENES, report, tx2gene=tx2gene)


def test_a_few_genes_without_length_are_left_out_and_counted(tmp_path, report):
    lengths = file(tmp_path, "ENSG00000002586\t1000\n", "lengths.tsv")
    tpm = read_quantification(file(tmp_path, STAR), GENES, report, lengths)
    assert tpm.to_dict() == {"CD99": 1e6}
    assert detail(report, "no_length").startswith("1 ")


def test_tpm_that_do_not_add_up_to_a_million_are_told(tmp_path, report):
    read_quantification(file(tmp_path, SALMON_GENES.replace("600000", "6.1")), GENES, report)
    assert "tpm_sum" in reasons(report)
    report.clear()
    read_quantification(file(tmp_path, SALMON_GENES), GENES, report)
    assert "tpm_sum" not in reasons(report)


def test_an_unknown_value_stays_unknown(tmp_path, report):
    tpm = read_quantification(file(tmp_path, STRINGTIE.replace("500000.0", "NA")), GENES, report)
    assert np.isnan(tpm["TP53"])
    assert tpm["CD99"] == 3e5
    assert detail(report, "not_a_number").startswith("1 ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gene\tS1\tS2\nTP53\t1\t2\n", "known format"),
        ("", "known format"),
        ("ENSG00000141510\t1.5\nENSG00000002586\t2.5\n", "known format"),
        (FEATURECOUNTS.replace("s1.bam\n", "s1.bam\ts2.bam\n").replace("0\n", "0\t7\n"), "one sample"),
        (re.sub(r"\d+\n", "-nan\n", KALLISTO), "no expression"),
        (SALMON_GENES.replace("400000", "-4"), "below zero"),
        (SALMON_GENES + "ENSG00000167548\t1\t1\t1\t1\t1\n", "not a table"),
    ],
)
def test_what_is_not_one_samples_expression_is_refused(tmp_path, report, text, said):
    with pytest.raises(InputError, match=said):
        read_quantification(file(tmp_path, text), GENES, report)


def test_an_archive_that_was_cut_off_is_refused(tmp_path, report):
    path = file(tmp_path, GDC * 50, "s1.tsv.gz")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="damaged"):
        read_quantification(path, GENES, report)


def test_a_cohort_goes_on_past_a_bad_file_and_is_told_once(tmp_path, report):
    other = GDC.replace("GENCODE v36", "GENCODE v22").replace("300000.0000", "NA").replace("MLL2", "KRAS")
    texts = {"A": GDC, "B": "nothing", "C": other, "D": RSEM}
    paths = {sample: file(tmp_path, text, f"{sample}.tsv") for sample, text in texts.items()}
    heard: list[str] = []
    values = read_quantifications(paths, GENES, report, tell=heard.append)
    assert values.index.tolist() == ["A", "C", "D"]
    assert values.index.name == "sample_id"
    assert (values.to_numpy().dtype, len(heard)) == (np.float32, 4)
    np.testing.assert_allclose(values.loc["A", "CD99"], np.log2(6e5 + 1), rtol=1e-6)
    assert values.isna().sum(axis=1).tolist() == [1, 2, 1]
    assert [note.id for note in report if note.reason == "unreadable"] == ["B"]
    assert "GENCODE v36 in 1 files" in detail(report, "gene_models_differ")
    assert "RSEM in 1 files" in detail(report, "programs_differ")
    assert detail(report, "same_gene") == "2 rows added to their gene's, in 2 of 3 files"
    assert len([note for note in report if note.reason == "renamed"]) == 1
    assert "3 of 4 genes" in detail(report, "partly_unknown")


def test_a_cohort_without_a_readable_file_says_why(tmp_path, report):
    with pytest.raises(InputError, match="lengths"):
        read_quantifications({"A": file(tmp_path, STAR)}, GENES, report)
    with pytest.raises(InputError, match="no file"):
        read_quantifications({}, GENES, report)


def test_tpm_by_definition():
    counts = np.array([[10.0, 0], [20, 0], [np.nan, 0]], np.float32)
    tpm = to_tpm(counts, np.array([1000.0, 4000, 500]))
    np.testing.assert_allclose(tpm[:, 0], [1e6 * 10 / 15, 1e6 * 5 / 15, np.nan], rtol=1e-6)
    assert np.isnan(tpm[:, 1]).all()


COUNTS = (
    "gene_id\tgene_name\tS1\tS2\tS3\n"
    "ENSG00000141510.18\tTP53\t100\t0\t0\n"
    "ENSG00000167548.17\tMLL2\t100\t30\t0\n"
    "ENSG00000999999.1\tKMT2D\t200\t10\t0\n"
    "ENSG00000000001.1\tNOWHERE\t5\t5\t0\n"
    "__no_feature\t\t90000\t90000\t0\n"
)
BASES = "id,bp\nENSG00000141510,1000\nENSG00000167548,2000\nENSG00000999999,2000\n"


@pytest.mark.parametrize("name", ["counts.tsv", "counts.tsv.gz"])
def test_a_matrix_of_counts_becomes_tpm(tmp_path, report, name):
    lengths = file(tmp_path, BASES, "lengths.csv")
    values = read_counts_matrix(file(tmp_path, COUNTS, name), lengths, GENES, report)
    assert values.index.tolist() == ["S1", "S2"]
    np.testing.assert_allclose(np.exp2(values["TP53"]) - 1, [4e5, 0], rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(np.exp2(values["KMT2D"]) - 1, [6e5, 1e6], rtol=1e-5)
    assert [(note.id, note.reason) for note in report if note.kind == "sample"] == [("S3", "no_reads")]
    assert {"no_length", "same_gene", "renamed"} <= reasons(report)


def test_a_matrix_of_featurecounts_holds_its_own_lengths(tmp_path, report):
    text = FEATURECOUNTS.replace("s1.bam\n", "s1.bam\ts2.bam\n").replace("0\n", "0\t7\n")
    values = read_counts_matrix(file(tmp_path, text), None, GENES, report)
    assert values.index.tolist() == ["bams/s1.bam", "s2.bam"]
    np.testing.assert_allclose(np.exp2(values.loc["s2.bam"]) - 1, [2e6 / 3, 1e6 / 3], rtol=1e-5)
    with pytest.raises(InputError, match="lengths"):
        read_counts_matrix(file(tmp_path, COUNTS), None, GENES, report)


def test_estimated_counts_are_told_and_tpm_or_logarithms_refused(tmp_path, report):
    lengths = file(tmp_path, BASES, "lengths.csv")
    read_counts_matrix(file(tmp_path, COUNTS.replace("\t100\t30", "\t100.37\t30")), lengths, GENES, report)
    assert "estimated_counts" in reasons(report)
    for first, second in (("999990.5", "9.5"), ("7.25", "3.5"), ("-1", "800")):
        text = f"gene_id\tS1\nENSG00000141510\t{first}\nENSG00000167548\t{second}\n"
        with pytest.raises(InputError, match="no reads"):
            read_counts_matrix(file(tmp_path, text), lengths, GENES, report)


def test_lengths_are_unions_of_exons_under_id_and_name(tmp_path):
    rows = [
        ("chr17", "exon", 1, 100, "ENSG00000141510.18", "TP53"),
        ("chr17", "exon", 51, 200, "ENSG00000141510.18", "TP53"),
        ("chr17", "exon", 20, 30, "ENSG00000141510.18", "TP53"),
        ("chr17", "exon", 301, 310, "ENSG00000141510.18", "TP53"),
        ("chr17", "gene", 1, 310, "ENSG00000141510.18", "TP53"),
        ("chrX", "exon", 1, 10, "ENSG00000002586.20", "CD99"),
        ("chrY", "exon", 1, 9, "ENSG00000002586.20_PAR_Y", "CD99"),
    ]
    text = "##description: made up\n##provider: GENCODE\n" + "".join(
        f'{place}\tHAVANA\t{kind}\t{start}\t{end}\t.\t-\t.\tgene_id "{gene}"; transcript_id "T"; gene_name "{name}";\n'
        for place, kind, start, end, gene, name in rows
    )
    for name in ("genes.gtf", "genes.gtf.gz"):
        lengths = read_gene_lengths(file(tmp_path, text, name))
        assert lengths.to_dict() == {
            "ENSG00000141510": 210, "TP53": 210, "ENSG00000002586": 10, "CD99": 10,
        }  # fmt: skip


@pytest.mark.parametrize("text", ["a b c\n", "gene\tlength\n", "TP53\t0\n", "TP53\t-5\nKRAS\t10\n"])
def test_what_holds_no_lengths_is_refused(tmp_path, text):
    with pytest.raises(InputError, match="length"):
        read_gene_lengths(file(tmp_path, text))


def test_a_table_of_transcripts_gives_its_symbols(tmp_path):
    text = (
        "transcript_id\tgene_id\tgene_name\nENST00000269305.9\tENSG00000141510.18\tTP53\nrna1\tGENE1\tKRAS\n"
    )
    found = read_transcript_genes(file(tmp_path, text))
    assert found["ENST00000269305"] == found["ENST00000269305.9"] == "ENSG00000141510.18_TP53"
    assert found["rna1"] == "KRAS"
