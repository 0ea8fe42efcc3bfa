"""A cohort's own files, as pipelines write them, become a study; one broken file of a sample sinks nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.importers.files import REPORT_FILE, import_files

VCF = (
    "##fileformat=VCFv4.2\n##contig=<ID=chr17,length=83257441>\n"
    '##FILTER=<ID=PASS,Description="All filters passed">\n'
    '##INFO=<ID=CSQ,Number=.,Type=String,Description="VEP. '
    'Format: Allele|Consequence|SYMBOL|Gene|BIOTYPE|PICK|HGVSp">\n'
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">\n'
    "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tTUMOR\n"
    "chr17\t7675088\t.\tC\tT\t.\tPASS\tCSQ=T|missense_variant|TP53|ENSG00000141510|protein_coding|1|ENSP1:p.Arg175His\t"
    "GT:AD\t0/1:30,10\n"
)
STAR = (
    "# gene-model: GENCODE v36\n"
    "gene_id\tgene_name\tgene_type\tunstranded\tstranded_first\tstranded_second\ttpm_unstranded\tfpkm_unstranded\t"
    "fpkm_uq_unstranded\n"
    "N_unmapped\t\t\t10\t10\t10\t\t\t\nN_multimapping\t\t\t1\t1\t1\t\t\t\nN_noFeature\t\t\t1\t1\t1\t\t\t\n"
    "N_ambiguous\t\t\t1\t1\t1\t\t\t\n"
    "ENSG00000141510.18\tTP53\tprotein_coding\t100\t50\t50\t{}\t1\t1\n"
    "ENSG00000153563.16\tCD8A\tprotein_coding\t10\t5\t5\t{}\t1\t1\n"
)
ASCAT = "sample\tchr\tstartpos\tendpos\tnMajor\tnMinor\nX\t17\t1\t9000000\t5\t1\nX\t1\t1\t200000000\t1\t1\n"
FILES = {
    "cohort.yaml": """
study: own
build: GRCh38
patients: patients.tsv
samples: samples.tsv
timelines: [treatments.tsv, labs.tsv]
covered_mb: 35
gene_places: genes.bed
proteins: rppa.tsv
metabolites: metabolites.tsv
methylation: {betas: betas.tsv, manifest: probes.tsv}
layers: {signatures: signatures.tsv}
""",
    "patients.tsv": "PATIENT_ID\tAGE\nP1\t60\nP2\t70\n",
    "samples.tsv": "SAMPLE_ID\tPATIENT_ID\tCOLLECTED_DAY\tVCF\tEXPRESSION\tSEGMENTS\tFUSIONS\n"
    "S1\tP1\t-5\ts1.vcf\ts1.tsv\ts1.ascat\t\nS2\tP2\t-9\tbroken.vcf\ts2.tsv\tgone.ascat\ts2.fusions\n",
    "treatments.tsv": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tAGENT\tBEST_RESPONSE\n"
    "P1\t0\t\tTREATMENT\tNivolumab\tPR\nP2\t0\t\tTREATMENT\tNivolumab\tPD\n",
    "labs.tsv": "PATIENT_ID\tSTART_DATE\tSTOP_DATE\tEVENT_TYPE\tTEST\tRESULT\tUNITS\n"
    "P1\t-1\t\tLAB_TEST\tAlbumin\t4\tg/dL\n",
    "s1.vcf": VCF,
    "broken.vcf": "no variants here\n",
    "s1.tsv": STAR.format(7, 3),
    "s2.tsv": STAR.format(1, 0),
    "s1.ascat": ASCAT,
    "s2.fusions": "#gene1\tgene2\tconfidence\nEML4\tALK\thigh\n",
    "genes.bed": "chr17\t7661778\t7687538\tTP53\nchr1\t1000\t2000\tMTOR\n",
    "rppa.tsv": "Composite.Element.REF\tS1\tS2\tS9\nTP53|p53\t0.5\tNA\t1\nAKT1 AKT2 AKT3|Akt_pS473\t-0.25\t0.1\t1\n",
    "metabolites.tsv": "BIOCHEMICAL\tHMDB\tKEGG\tS1\tS2\nglucose\tHMDB00122\tC00031\t20000\t40000\n",
    "betas.tsv": "ID_REF\tS1\tS2\ncg00000001\t0.2\t0.8\ncg00000002\t0.4\tNA\n",
    "probes.tsv": "probe\tgene\tregion\ncg00000001\tTP53\tTSS200\ncg00000002\tTP53\tTSS200\n",
    "signatures.tsv": "ENTITY_STABLE_ID\tS1\tS2\nSBS1\t0.3\t0.7\n",
}


def write(folder: Path, **other: str) -> Path:
    folder.mkdir()
    for name, text in (FILES | {name.replace("__", "."): text for name, text in other.items()}).items():
        (folder / name).write_text(text)
    return folder / "cohort.yaml"


def test_every_kind_of_file_comes_in(tmp_path):
    told = import_files(write(tmp_path / "in"), tmp_path / "study", lambda text: None)
    study = read_study(tmp_path / "study")
    assert study.build == "GRCh38"
    assert study.sequenced == {"S1"}
    assert study.sequenced_mb == {"S1": 35}
    assert study.variants is not None
    rows = {(v.sample_id, v.gene, v.impact) for v in study.variants.itertuples()}
    assert rows == {("S1", "TP53", "missense"), ("S2", "EML4", "fusion"), ("S2", "ALK", "fusion")}
    vaf = study.variants.loc[study.variants["gene"] == "TP53", "vaf"]
    assert vaf.tolist() == pytest.approx([0.25])
    assert study.expression is not None
    np.testing.assert_allclose(study.expression.loc["S1", ["TP53", "CD8A"]], [3, 2], rtol=1e-4)
    assert study.copy_number is not None
    assert study.copy_number.loc["S1"].to_dict() == {"TP53": 2, "MTOR": 0}
    assert study.layers["copy_number_log2"].loc["S1", "TP53"] > 1
    assert study.segments["sample_id"].unique().tolist() == ["S1"]
    assert study.layers["metabolites"].loc["S2", "HMDB0000122"] == pytest.approx(np.log2(40000), rel=1e-4)
    assert study.layers["methylation"].loc["S1", "TP53"] == pytest.approx(0.3)
    assert np.isnan(study.layers["methylation"].loc["S2", "TP53"])
    assert study.layers["proteins"].loc["S2"].isna().tolist() == [
        c == "TP53|p53" for c in study.layers["proteins"]
    ]
    assert study.layers["signatures"].loc["S2", "SBS1"] == pytest.approx(0.7)
    assert study.laboratory[["analyte", "value"]].to_numpy().tolist() == [["albumin", 40.0]]
    assert any("samples 2" in line for line in told)


def test_what_was_left_out_is_in_the_report(tmp_path):
    import_files(write(tmp_path / "in"), tmp_path / "study", lambda text: None)
    report = pd.read_csv(tmp_path / "study" / REPORT_FILE)
    rows = set(report[["id", "reason"]].itertuples(index=False, name=None))
    assert {("S2", "unreadable"), ("S2", "file_missing"), ("rppa.tsv", "unknown_samples")} <= rows


@pytest.mark.parametrize(
    ("sheet", "said"),
    [
        ("study: own\nsamples: samples.tsv\nrpa: x.tsv\n", "rpa"),
        ("study: own\nsamples: samples.tsv\nproteins: nowhere.tsv\n", "nowhere.tsv"),
        ("study: own\n", "samples"),
        ("- study\n", "cohort.yaml"),
        (
            "study: own\nsamples: samples.tsv\nexpression: {matrix: s1.tsv, scale: counts}\n",
            "lengths",
        ),
        ("study: own\nsamples: samples.tsv\nbuild: hg17\n", "GRCh37"),
    ],
)
def test_a_sheet_that_cannot_be_followed_says_why(tmp_path, sheet, said):
    path = write(tmp_path / "in", cohort__yaml=sheet)
    with pytest.raises(InputError, match=said):
        import_files(path, tmp_path / "study", lambda text: None)
