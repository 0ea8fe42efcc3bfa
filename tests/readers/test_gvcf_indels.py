"""Blocks of a gVCF over indels and repeats: which of them say reference, and that the others are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from toy_pgx import gene_lines, vcf_text
from tumorcast.biology.pgx.call import GeneCall, call_gene
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.notes import notes_of
from tumorcast.biology.pgx.phenotypes import embedded_rules
from tumorcast.readers.germline_vcf import read_germline

GENES = embedded_definitions().genes
INDELS = (("UGT1A1", "rs3064744"), ("CYP3A5", "rs41303343"), ("CYP2C9", "rs9332131"))


def called(folder: Path, gene: str, rsid: str, blocks: list[tuple[int, int, str, str]]) -> GeneCall:
    """All but the indel typed by records; blocks: first and last base from the indel on, allele, sample."""
    known = next(one for one in GENES[gene].positions if one.rsid == rsid)
    lines = [one for one in gene_lines(GENES[gene], {}) if f"\t{rsid}\t" not in one]
    lines += [
        f"{GENES[gene].chromosome}\t{known.position + first}\t.\t{known.ref[0] if not first else 'N'}\t{allele}\t.\t.\t"
        f"END={known.position + last}\tGT:DP:GQ\t{value}"
        for first, last, allele, value in blocks
    ]
    path = folder / "a.g.vcf"
    path.write_text(vcf_text(lines), encoding="utf-8")
    found = read_germline(path, embedded_definitions()).samples["S1"][gene]
    return call_gene(GENES[gene], found, embedded_rules())


@pytest.mark.parametrize("allele", ["<NON_REF>", "<*>"])
@pytest.mark.parametrize(("gene", "rsid"), INDELS)
def test_a_block_over_all_of_an_indel_is_reference(tmp_path: Path, gene: str, rsid: str, allele: str) -> None:
    told = called(tmp_path, gene, rsid, [(-5, 40, allele, "0/0:30:20")])
    assert "Normal" in told.phenotype or gene == "CYP3A5"
    assert told.diplotype == "*1/*1"
    assert rsid not in told.missing
    assert f"{rsid}: reference by a gVCF block" in notes_of(told)


@pytest.mark.parametrize(
    ("block", "why"),
    [
        ((-5, 40, "<NON_REF>", "0/0:30:19"), "of GQ 19, below 20"),
        ((-5, 40, "<NON_REF>", "0/0:30:."), "without GQ"),
        ((-5, 40, "<NON_REF>", "0/0:0:50"), "without a reference genotype"),
        ((-5, 40, "<NON_REF>", "./.:30:50"), "without a reference genotype"),
        ((-5, 0, "<NON_REF>", "0/0:30:50"), "spans a part of it"),
        ((1, 40, "<NON_REF>", "0/0:30:50"), "spans a part of it"),
        ((-5, 40, ".", "0/0:30:50"), ""),
    ],
)
@pytest.mark.parametrize(("gene", "rsid"), INDELS)
def test_a_weaker_block_types_no_indel_and_is_told(
    tmp_path: Path, gene: str, rsid: str, block: tuple[int, int, str, str], why: str
) -> None:
    told = called(tmp_path, gene, rsid, [block])
    assert rsid in told.missing
    assert "Normal" not in told.phenotype
    blocks = [note for note in notes_of(told) if note.startswith(f"{rsid}: not typed, a gVCF block")]
    assert [why in note for note in blocks] == ([True] if why else [])


def test_two_blocks_that_share_a_repeat_type_nothing(tmp_path: Path) -> None:
    blocks = [(-5, 6, "<NON_REF>", "0/0:30:50"), (7, 40, "<NON_REF>", "0/0:30:50")]
    assert "rs3064744" in called(tmp_path, "UGT1A1", "rs3064744", blocks).missing


def test_a_variant_counts_beside_a_block(tmp_path: Path) -> None:
    known = next(one for one in GENES["UGT1A1"].positions if one.rsid == "rs3064744")
    lines = gene_lines(GENES["UGT1A1"], {"rs3064744": "CAT/CATAT"})
    lines.append(
        f"chr2\t{known.position - 9}\t.\tN\t<NON_REF>\t.\t.\tEND={known.position + 40}\tGT:GQ\t0/0:50"
    )
    path = tmp_path / "a.g.vcf"
    path.write_text(vcf_text(lines), encoding="utf-8")
    found = read_germline(path, embedded_definitions()).samples["S1"]["UGT1A1"]
    told = call_gene(GENES["UGT1A1"], found, embedded_rules())
    assert told.diplotype == "*1/*28"
    assert not any("gVCF block" in note for note in notes_of(told))
