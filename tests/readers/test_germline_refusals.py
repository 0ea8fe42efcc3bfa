"""Germline VCFs: start codons, tumours by barcode, files without genotypes or of GRCh37, records cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from toy_pgx import HEADER, gene_lines, vcf_text
from tumorcast.biology.pgx.bases import shortest
from tumorcast.biology.pgx.call import call_gene
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.loss import LOSS, kind_of
from tumorcast.biology.pgx.phenotypes import NORMAL, embedded_rules
from tumorcast.domain.errors import InputError
from tumorcast.readers.germline_vcf import GermlineFile, read_germline

GENES = embedded_definitions().genes
BARE = ("##fileformat=VCFv4.2",)


def read(
    folder: Path, lines: list[str], sample: str = "S1", header: tuple[str, ...] = HEADER
) -> GermlineFile:
    path = folder / "file.vcf"
    path.write_text(vcf_text(lines, sample, header), encoding="utf-8")
    return read_germline(path, embedded_definitions())


def everything() -> list[str]:
    return [one for gene in GENES.values() for one in gene_lines(gene, {})]


@pytest.mark.parametrize(
    "info", [".", "CSQ=A|start_retained_variant|LOW|{gene}|x", "ANN=A|5_prime_UTR_variant|x|{gene}|x"]
)
@pytest.mark.parametrize("gene", sorted(GENES))
def test_a_change_of_any_start_codon_is_never_normal(tmp_path: Path, gene: str, info: str) -> None:
    definition = GENES[gene]
    assert definition.start_codon is not None
    first, last = definition.start_codon
    codon = "ATG" if definition.exons[0][1] - first < abs(definition.exons[-1][0] - first) else "CAT"
    for place, ref in zip(range(first, last + 1), codon):
        for alt in set("ACGT") - {ref}:
            known = definition.known_bases.get(place, frozenset())
            if alt in known:
                continue
            lines = [one for one in gene_lines(definition, {}) if one.split("\t")[1] != str(place)]
            told = info.format(gene=gene)
            lines.append(f"{definition.chromosome}\t{place}\t.\t{ref}\t{alt}\t.\t.\t{told}\tGT\t0/1")
            called = call_gene(definition, read(tmp_path, lines).samples["S1"][gene], embedded_rules())
            assert called.phenotype not in NORMAL, (place, alt)
            assert called.others[0].kind == LOSS


def test_indels_beside_a_start_codon_are_not_in_it() -> None:
    nudt = GENES["NUDT15"]
    assert nudt.start_codon == (48037747, 48037749)
    for change, kind in (
        ((48037746, "GA", "G"), "start codon"),  # c.1del
        ((48037749, "GCGT", "G"), "in an exon, not annotated"),  # from c.4 on
        ((48037748, "T", "TCCC"), "start codon"),
        ((48037749, "G", "GCCC"), "in an exon, not annotated"),
        ((48037746, "C", "CCCC"), "in an exon, not annotated"),
        (shortest(48037746, "CATGA", "CA"), "start codon"),
    ):
        told = kind_of(nudt, change, {})
        assert told is not None
        assert told[1] == kind, change


@pytest.mark.parametrize(
    ("sample", "is_refused"),
    [
        ("TCGA-AA-3502-01A", True), ("TCGA.AA.3502.06A.11D", True), ("TARGET-20-PABGKN-09A", True),
        ("TCGA-AA-3502-10A", False), ("TCGA-AA-3502-11A-01D", False), ("TARGET-20-PABGKN-14A", False),
    ],
)  # fmt: skip
def test_barcodes_of_tumours_are_refused(tmp_path: Path, sample: str, is_refused: bool) -> None:
    if not is_refused:
        assert set(read(tmp_path, everything(), sample).samples) == {sample}
        return
    with pytest.raises(InputError, match="tumour's VCF"):
        read(tmp_path, everything(), sample)


def test_a_file_without_any_genotype_at_a_known_position_is_refused(tmp_path: Path) -> None:
    lines = [one.replace("GT:PS", "DP:PS") for one in everything()]
    with pytest.raises(InputError, match=r"file\.vcf has no genotypes"):
        read(tmp_path, lines)
    assert any("no genotype (GT)" in note for note in read(tmp_path, [*lines[1:], everything()[0]]).notes)


def test_one_record_that_fits_grch37_alone_is_enough(tmp_path: Path) -> None:
    known = next(one for one in GENES["DPYD"].positions if one.rsid == "rs3918290")
    other = next(one for one in gene_lines(GENES["TPMT"], {}))
    line = f"chr1\t{known.grch37}\t.\t{known.ref}\tT\t.\t.\t.\tGT\t0/1"
    with pytest.raises(InputError, match="GRCh37"):
        read(tmp_path, [line], header=BARE)
    assert read(tmp_path, [line, other], header=BARE).samples
    assert read(tmp_path, [line]).samples  # GRCh38 by its header


def test_a_header_of_grch38_does_not_hide_records_of_grch37(tmp_path: Path) -> None:
    lines = [
        f"{gene.chromosome}\t{one.grch37}\t.\t{one.ref}\t.\t.\t.\t.\tGT\t0/0"
        for gene in GENES.values()
        for one in gene.positions
        if one.grch37
    ]
    with pytest.raises(InputError, match="GRCh37"):
        read(tmp_path, lines)


def test_a_record_that_is_cut_off_is_told_with_its_line(tmp_path: Path) -> None:
    lines = everything()
    lines[3] = lines[3].rsplit("\t", 1)[0]
    with pytest.raises(InputError, match=rf"line {len(HEADER) + 5}: a record lacks columns[\s\S]*to mend"):
        read(tmp_path, lines)
