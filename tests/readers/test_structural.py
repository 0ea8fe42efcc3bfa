"""Rearrangements: each partner is an altered gene, and none counts towards the burden."""

from __future__ import annotations

from pathlib import Path

import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.biology.variants import alters_gene, impact_of, is_nonsynonymous
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.structural import read_structural_variants

GENES = GeneTable(
    [Gene("EML4", "1", "", ()), Gene("ALK", "2", "", ("CD246",)), Gene("KMT2A", "3", "", ("MLL",))], "t"
)
FILES = {
    "cbioportal": "Sample_Id\tSV_Status\tSite1_Hugo_Symbol\tSite2_Hugo_Symbol\tClass\n"
    "S1\tSOMATIC\tEML4\tCD246\tINVERSION\nS1\tGERMLINE\tKMT2A\tALK\tDELETION\n",
    "arriba": "#gene1\tgene2\tstrand1\tbreakpoint1\tconfidence\nEML4\tALK\t+/+\t2:42\thigh\n",
    "star-fusion": "#FusionName\tJunctionReadCount\tLeftGene\nEML4--CD246\t12\tEML4^ENSG1.2\n",
}


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str) -> Path:
    path = folder / "fusions.tsv"
    path.write_text(text)
    return path


@pytest.mark.parametrize("tool", FILES)
def test_both_partners_are_altered(tmp_path, report, tool):
    sample = None if tool == "cbioportal" else "S1"
    table = read_structural_variants(file(tmp_path, FILES[tool]), GENES, report, sample)
    assert table[["sample_id", "gene", "impact"]].to_numpy().tolist() == [
        ["S1", "ALK", "fusion"], ["S1", "EML4", "fusion"],
    ]  # fmt: skip
    assert table["protein_change"].str.startswith("EML4-").all()
    if tool == "cbioportal":
        assert ("germline", "1 rearrangements left out") in {(n.reason, n.detail) for n in report}


def test_what_lies_between_genes_is_no_gene(tmp_path, report):
    text = "Sample_Id\tgene1\tgene2\nS1\tMLL\tAAA(1200),BBB(33)\nS1\t.\tALK\n"
    table = read_structural_variants(file(tmp_path, text), GENES, report)
    assert table["gene"].tolist() == ["ALK", "KMT2A"]


def test_a_fusion_alters_its_gene_but_is_no_nonsynonymous_mutation():
    assert impact_of("Fusion") == "fusion"
    assert alters_gene("fusion")
    assert not is_nonsynonymous("fusion")
    assert not alters_gene("silent")


@pytest.mark.parametrize(
    ("text", "said"), [("gene1\tgene2\nA\tB\n", "whose"), ("Sample_Id\tgene\nS\tA\n", "names no genes")]
)
def test_tables_that_lack_what_is_needed_are_refused(tmp_path, report, text, said):
    with pytest.raises(InputError, match=said):
        read_structural_variants(file(tmp_path, text), GENES, report)
