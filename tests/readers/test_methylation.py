"""Methylation: which way round, on which scale, which probes; the promoters' means; memory."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.methylation import read_methylation
from tumorcast.readers.probe_manifest import array_of, gene_methylation, read_probe_manifest

GENES = GeneTable([Gene("MLH1", "4292", "", ("COCA2",)), Gene("RBL2", "5934", "", ())], "test")


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str, name: str = "betas.txt") -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def told(report: list[Exclusion], reason: str) -> str:
    return next(note.detail for note in report if note.reason == reason)


MATRIX = """{}\tS1\tS2
cg00000029\t0.25\t0.5
cg00000109\tNA\t0.75
cg00000165\tNA\tNA
rs10796216\t0.5\t0.5
ch.1.1005142F\t0.125\t0.125
ctl_12712349_NEGATIVE\t0.5\t0.5
"""


@pytest.mark.parametrize("header", ["ID_REF", "TargetID", "Composite Element REF", "probe", ""])
def test_probes_of_cpgs_are_kept_and_the_rest_counted(tmp_path, report, header):
    values = read_methylation(file(tmp_path, MATRIX.format(header)), report)
    assert values.columns.tolist() == ["cg00000029", "cg00000109", "cg00000165"]
    np.testing.assert_array_equal(values, [[0.25, np.nan, np.nan], [0.5, 0.75, np.nan]])
    assert values.index.tolist() == ["S1", "S2"]
    assert set(values.dtypes) == {np.dtype(np.float32)}
    assert told(report, "not_cpg") == "left out: 1 SNP (rs), 1 not CpG (ch), 1 others"
    assert told(report, "mostly_missing").startswith("1 of 3 probes")


def test_gdc_files_without_header_are_one_sample(tmp_path, report):
    text = "cg00000029\t0.45\ncg00000108\tNA\nrs10796216\t0.5\n"
    values = read_methylation(file(tmp_path, text, "ab-c.methylation_array.sesame.level3betas.txt"), report)
    assert values.index.tolist() == ["ab-c"]
    np.testing.assert_allclose(values.loc["ab-c"], [0.45, np.nan], rtol=1e-6)


def test_samples_as_rows_are_recognised_by_probes_in_the_header(tmp_path, report):
    text = ",age,cg00000029,cg00000109\nS1,57,0.25,\nS2,42,low,0.75\nS1,57,0,0\n"
    values = read_methylation(file(tmp_path, text, "betas.csv.gz"), report)
    np.testing.assert_array_equal(values, [[0.25, np.nan], [np.nan, 0.75]])
    assert {"orientation", "duplicate_row", "not_a_number", "not_cpg"} <= {note.reason for note in report}


def test_geo_series_matrices_are_read_between_their_marks(tmp_path, report):
    text = (
        '!Series_title\t"x"\n!series_matrix_table_begin\n"ID_REF"\t"GSM1"\t"GSM2"\n'
        '"cg00000029"\t0.1\t0.9\n"cg00000108"\t\t0.2\n!series_matrix_table_end\n'
    )
    values = read_methylation(file(tmp_path, text, "GSE1_series_matrix.txt.gz"), report)
    assert values.index.tolist() == ["GSM1", "GSM2"]
    np.testing.assert_allclose(values, [[0.1, np.nan], [0.9, 0.2]], rtol=1e-6)


@pytest.mark.parametrize(
    "header",
    [
        "TargetID,S1.AVG_Beta,S1.Detection Pval,S2.AVG_Beta,S2.Detection Pval",
        "ID_REF,S1,Detection Pval,S2,Detection Pval",
    ],
)
def test_detection_p_values_are_no_samples(tmp_path, report, header):
    values = read_methylation(file(tmp_path, f"{header}\ncg00000029,0.25,0,0.5,0\n", "b.csv"), report)
    assert values["cg00000029"].to_dict() == {"S1": 0.25, "S2": 0.5}


def test_the_beta_of_gdcs_old_files_is_the_sample(tmp_path, report):
    text = "Composite Element REF\tBeta_value\tChromosome\tStart\tGene_Symbol\ncg00000029\t0.5\tchr16\t53434200\tRBL2\n"
    values = read_methylation(file(tmp_path, text, "TCGA-1.txt"), report)
    assert values["cg00000029"].to_dict() == {"TCGA-1": 0.5}


def test_replicates_of_epicv2_are_averaged_where_measured(tmp_path, report):
    text = (
        ",S1,S2\ncg00000029_TC21,0.25,0.5\ncg00000109_BC11,0.5,0.5\ncg00000029_TC22,0.75,NA\nnv-GRCh38,1,1\n"
    )
    values = read_methylation(file(tmp_path, text, "b.csv"), report)
    assert values.columns.tolist() == ["cg00000029", "cg00000109"]
    assert values["cg00000029"].tolist() == [0.5, 0.5]
    assert told(report, "array_judged").startswith("EPICv2, from 2 CpG probes")


def test_m_values_become_betas_before_they_are_averaged(tmp_path, report):
    text = "probe\tS1\tS2\ncg00000029_TC21\t-3\t3\ncg00000029_TC22\t0\t-Inf\ncg00000109_TC21\t1\t-2\n"
    values = read_methylation(file(tmp_path, text), report)
    np.testing.assert_allclose(values, [[(1 / 9 + 1 / 2) / 2, 2 / 3], [8 / 9, 1 / 5]], rtol=1e-6)
    assert "M-values" in told(report, "converted")
    assert told(report, "infinite").startswith("1 ")


def test_percentages_become_fractions(tmp_path, report):
    values = read_methylation(file(tmp_path, "probe\tS1\tS2\ncg00000029\t95\t3\ncg00000109\t0\t40\n"), report)
    np.testing.assert_allclose(values, [[0.95, 0], [0.03, 0.4]], rtol=1e-6)
    assert "percentages" in told(report, "converted")


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_sample_on_another_scale_spoils_no_other(tmp_path, report, is_turned):
    betas = np.random.default_rng(0).beta(0.4, 0.4, (300, 6)).clip(0.01, 0.99).round(3)
    table = pd.DataFrame(betas, [f"cg{n:08d}" for n in range(300)], [f"S{n}" for n in range(6)])
    odd = table.assign(
        S1=table["S1"] * 100, S2=np.log2(table["S2"] / (1 - table["S2"])), S3=table["S3"] * 9000
    )
    odd["S4"] = odd["S4"].where(odd.index < "cg00000020") * 100
    path = tmp_path / "b.txt"
    (odd.T if is_turned else odd).to_csv(path, sep="\t", index_label="probe")
    values = read_methylation(path, report)
    np.testing.assert_allclose(values.loc[["S0", "S5"]], table[["S0", "S5"]].T, rtol=1e-6)
    assert values.loc[["S1", "S2", "S3", "S4"]].isna().all(axis=None)
    assert {note.id for note in report if note.reason == "other_scale"} == {"S1", "S2", "S3", "S4"}


def test_a_few_values_outside_are_unknown_and_many_refused(tmp_path, report):
    rows = [f"cg{n:08d}\t{'1.2' if n == 7 else '0.5'}\n" for n in range(200)]
    values = read_methylation(file(tmp_path, "probe\tS1\n" + "".join(rows)), report)
    assert values.isna().sum(axis=None) == 1
    assert told(report, "outside_0_1").startswith("1 values")
    slightly = "".join(row.replace("0.5", "-0.05") for row in rows)
    with pytest.raises(InputError, match="no betas"):
        read_methylation(file(tmp_path, "probe\tS1\n" + slightly), report)
    with pytest.raises(InputError, match="no betas"):
        read_methylation(file(tmp_path, "probe\tS1\n" + "".join(rows).replace("0.5", "9500")), report)


def test_tables_of_genes_need_the_gene_table(tmp_path, report):
    path = file(
        tmp_path, "Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\nCOCA2\t4292\t0.25\t0.5\nMLH1\t4292\t0.75\tNA\n"
    )
    values = read_methylation(path, report, GENES)
    assert values.columns.tolist() == ["MLH1"]
    assert values["MLH1"].tolist() == [0.5, 0.5]
    with pytest.raises(InputError, match="genes"):
        read_methylation(path, report)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("cg00000029\t0.1\t0.3\ncg00000109\t0.1\t0.2\n", "no table of methylation"),
        ("probe\tS1\n", "no table of methylation"),
        ("probe\tS1\nMLH1\t0.5\n", "no CpG probes"),
        ("probe\tS1\ncg00000029\t0.1\ncg00000109\t0.1\t0.2\n", "not a table"),
        ("id\tcg00000029\tcg00000109\nS1\t0.1\n", "not as long"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path, report, text, match):
    with pytest.raises(InputError, match=match):
        read_methylation(file(tmp_path, text), report)


def test_arrays_are_told_by_their_number_of_probes():
    assert array_of(27_000, False).startswith("27k")
    assert array_of(396_065, False) == "450k, from 396065 CpG probes: 86356 of its usual 482421 are absent"
    assert array_of(800_000, False).startswith("EPIC, ")
    assert array_of(920_000, False).startswith("EPICv2")
    assert array_of(4_816, False).startswith("not recognised")


def test_a_wide_matrix_needs_little_more_memory_than_its_values(tmp_path, report):
    n_rows, n_samples = 30_000, 100
    line = "\t0.1234" * n_samples
    path = file(tmp_path, "probe" + "".join(f"\tS{n}" for n in range(n_samples)) + "\n"
                + "".join(f"cg{n:08d}{line}\n" for n in range(n_rows)))  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tumorcast.readers.methylation._CHUNK_CELLS", 200_000)
        tracemalloc.start()
        values = read_methylation(path, report)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert values.shape == (n_samples, n_rows)
    assert peak < 3 * 4 * values.size


ILLUMINA = """Illumina, Inc.,,,,,
[Heading],,,,,
Descriptor File Name,HumanMethylation450_15017482_v1-2.csv,,,,
[Assay],,,,,
IlmnID,Name,CHR,MAPINFO,UCSC_RefGene_Name,UCSC_RefGene_Group
cg00000029,cg00000029,16,53468112,RBL2,TSS1500
cg00000109_TC21,cg00000109,chr3,171916037,COCA2;COCA2;RBL2,TSS200;Body;Body
cg00000165,cg00000165,3,171916038,MLH1,1stExon
cg00000236,cg00000236,3,171916039,MLH1,Body
cg00000289,cg00000289,14,69341139,,
cg00000292,cg00000292,16,28890100,MLH1;RBL2,TSS200
[Controls],,,,,
21630339,STAINING,Red,DNP(20),,
"""


def test_illuminas_manifest_is_read_from_assay_to_controls(tmp_path):
    manifest = read_probe_manifest(file(tmp_path, ILLUMINA, "manifest.csv.gz"))
    rows = manifest.set_index("probe")
    assert rows.index.unique().tolist() == [
        "cg00000029", "cg00000109", "cg00000165", "cg00000236", "cg00000289", "cg00000292",
    ]  # fmt: skip
    pairs = rows.loc["cg00000109", ["gene", "region"]].to_numpy().tolist()
    assert pairs == [["COCA2", "TSS200"], ["COCA2", "Body"], ["RBL2", "Body"]]
    assert rows.loc["cg00000029", ["chromosome", "position"]].tolist() == ["16", 53468112.0]
    assert rows.loc["cg00000289", "gene"] == ""
    assert rows.loc["cg00000292", "region"].tolist() == ["", ""]


def betas(folder: Path, report: list[Exclusion]):
    text = (
        "probe\tS1\tS2\ncg00000029\t0.5\t0.5\ncg00000109\t0.25\t0.25\ncg00000165\t0.75\tNA\n"
        "cg00000236\t1\t1\ncg00000289\t1\t1\n"
    )
    return read_methylation(file(folder, text), report)


def test_promoter_means_need_two_measured_probes(tmp_path, report):
    manifest = read_probe_manifest(file(tmp_path, ILLUMINA, "manifest.csv"))
    values = gene_methylation(betas(tmp_path, report), manifest, GENES, report)
    assert values.columns.tolist() == ["MLH1"]
    np.testing.assert_array_equal(values["MLH1"], [0.5, np.nan])
    assert values.dtypes["MLH1"] == np.float32
    assert told(report, "too_few_probes").startswith("1 genes")
    single = gene_methylation(betas(tmp_path, report), manifest, GENES, report, at_least=1)
    np.testing.assert_array_equal(single, [[0.5, 0.5], [0.25, 0.5]])
    body = gene_methylation(betas(tmp_path, report), manifest, GENES, report, region="Body")
    np.testing.assert_array_equal(body["MLH1"], [0.625, 0.625])


def test_a_plain_manifest_without_regions_counts_all_probes_and_says_so(tmp_path, report):
    manifest = read_probe_manifest(file(tmp_path, "cg00000029\tRBL2\ncg00000109\tRBL2\n", "plain.txt"))
    values = gene_methylation(betas(tmp_path, report), manifest, GENES, report)
    assert values["RBL2"].tolist() == [0.375, 0.375]
    assert "all probes" in told(report, "no_regions")


def test_foreign_manifests_and_regions_are_refused(tmp_path, report):
    manifest = read_probe_manifest(file(tmp_path, ILLUMINA, "manifest.csv"))
    with pytest.raises(InputError, match="no such region"):
        gene_methylation(betas(tmp_path, report), manifest, GENES, report, region="enhancer")
    other = read_probe_manifest(file(tmp_path, "probe,gene,region\ncg99999999,MLH1,TSS200\n", "o.csv"))
    with pytest.raises(InputError, match="no probe of the table"):
        gene_methylation(betas(tmp_path, report), other, GENES, report)
    with pytest.raises(InputError, match="no manifest"):
        read_probe_manifest(file(tmp_path, "a,b\n1,2\n", "x.csv"))


def test_real_methylomes_are_read_whole(shared_data, report):
    path = shared_data / "EpiClocks" / "exampleBetas.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    values = read_methylation(path, report)
    assert values.shape == (5, 4816)
    assert values.loc["7786915023_R02C02", "cg00036347"] == np.float32(0.252225202820868)
    assert values.min(axis=None) >= 0
    assert values.max(axis=None) <= 1
    assert told(report, "not_cpg") == "left out: 2 not CpG (ch)"
    assert "outside_0_1" not in {note.reason for note in report}
