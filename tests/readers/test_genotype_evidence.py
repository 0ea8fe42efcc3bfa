"""Genotypes that the file itself contradicts, or does not tell by bases: never Normal, at whatever known position."""

from __future__ import annotations

from pathlib import Path

import pytest

from toy_pgx import HEADER, gene_lines, vcf_text
from tumorcast.biology.pgx.call import GeneCall, call_gene
from tumorcast.biology.pgx.definitions import Definitions, Position, embedded_definitions
from tumorcast.biology.pgx.phenotypes import NORMAL, embedded_rules
from tumorcast.readers.genotype_evidence import seen_alleles, without_evidence
from tumorcast.readers.germline_vcf import read_germline

GENES = embedded_definitions().genes
ODD_DEPTHS = '##FORMAT=<ID=AD,Number=1,Type=Integer,Description="x">'
UNREADABLE = {
    "deletion that spans": ("{ref}", "*", "GT", "0/1"),
    "no such allele": ("{ref}", "{alt}", "GT", "0/7"),
    "no alternate": ("{ref}", ".", "GT", "0/1"),
    "symbol": ("{ref}", "{alt},<NON_REF>", "GT", "0/2"),
    "code of several bases": ("{ref}", "R", "GT", "0/1"),
    "reads of the other allele alone": ("{ref}", "{alt}", "GT:AD", "0/1:0,40"),
    "reference without its reads": ("{ref}", "{alt}", "GT:AD", "0/0:0,40"),
    "variant without reads": ("{ref}", "{alt}", "GT:DP", "0/1:0"),
    "other reference": ("{other}", "{ref}", "GT", "0/0"),
    "not a number": ("{ref}", "{alt}", "GT", "x/1"),
}


def _record(chromosome: str, known: Position, alt: str, kind: str) -> str:
    other = {"A": "C", "C": "A", "G": "A", "T": "A"}[known.ref[0]] + known.ref[1:]
    ref, alts, keys, value = (
        one.format(ref=known.ref, alt=alt, other=other) if "{" in one else one for one in UNREADABLE[kind]
    )
    return "\t".join([chromosome, str(known.position), ".", ref, alts, ".", ".", ".", keys, value])


def _called(
    folder: Path, gene: str, lines: list[str], header: tuple[str, ...] = HEADER, sex: str | None = None
) -> GeneCall:
    path = folder / "a.vcf"
    path.write_text(vcf_text(lines, "S1", header), encoding="utf-8")
    read = read_germline(path, Definitions({gene: GENES[gene]}, "test", "test", "2026-01-01"))
    return call_gene(GENES[gene], read.samples["S1"][gene], embedded_rules(), sex)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_is_never_normal_even_off_the_key_positions(tmp_path: Path, kind: str) -> None:
    large = {name: gene for name, gene in GENES.items() if len(gene.positions) > 1}
    for name, gene in large.items():
        for known in [*gene.positions[:2], *gene.positions[-2:]]:
            alt = min(gene.known_bases[known.position] - {known.ref})
            lines = [one for one in gene_lines(gene, {}) if one.split("\t")[1] != str(known.position)]
            called = _called(tmp_path, name, [*lines, _record(gene.chromosome, known, alt, kind)])
            assert not set(called.phenotype.split(" OR ")) & set(NORMAL), (name, known.name)


def test_records_that_contradict_each_other_are_never_normal(tmp_path: Path) -> None:
    gene = GENES["TPMT"]
    known = next(one for one in gene.positions if not one.is_key)
    alt = min(gene.known_bases[known.position] - {known.ref})
    usual = gene_lines(gene, {})
    place = next(n for n, one in enumerate(usual) if one.split("\t")[1] == str(known.position))
    second = usual[place].replace("0/0:", "0/1:")
    assert _called(tmp_path, "TPMT", usual).phenotype in NORMAL
    for pair in ([usual[place], second], [second, usual[place]]):
        called = _called(tmp_path, "TPMT", [*usual[:place], *pair, *usual[place + 1 :]])
        assert called.phenotype == "Indeterminate", alt


def test_reads_of_both_alleles_change_nothing_and_odd_depths_are_not_read(tmp_path: Path) -> None:
    gene = GENES["CYP2C9"]

    def with_depths(value: str, header: tuple[str, ...] = HEADER) -> str:
        lines = [one for one in gene_lines(gene, {}) if "\t94981296\t" not in one]
        mine = "\t".join(["chr10", "94981296", ".", "A", "C", ".", ".", ".", "GT:AD", value])
        return _called(tmp_path, "CYP2C9", [*lines, mine], header).diplotype

    for value in ("0/1:20,21", "0/1:.", "0/1:.,.", "0/1:20", "0|1:1,90"):
        assert with_depths(value) == "*1/*3", value
    assert with_depths("0/1:0,40", (*HEADER, ODD_DEPTHS)) == "*1/*3"
    assert with_depths("0/1:40,0") == "*1/*1"
    assert with_depths("1/1:0,40") == "*3/*3"


@pytest.mark.parametrize(
    ("alleles", "values", "why", "seen"),
    [
        (["0", "0"], {"AD": "0,0"}, "contradict", []),
        (["0", "1"], {"AD": "0,9"}, "contradict", ["1"]),
        (["1", "2"], {"AD": "0,9,0"}, "contradict", ["1"]),
        (["1", "2"], {"AD": "0,9,9"}, "", ["1", "2"]),
        (["0", "1"], {"DP": "0"}, "without reads", ["1"]),
        (["0", "0"], {"GQ": "0"}, "quality 0", []),
        (["0", "1"], {"GQ": "0"}, "", ["1"]),
    ],
)
def test_evidence(alleles: list[str], values: dict[str, str], why: str, seen: list[str]) -> None:
    told = without_evidence(alleles, values, values.get("AD", "0,0").count(","))
    assert (why in told) if why else not told
    assert seen_alleles(alleles, values) == seen


def test_one_haploid_genotype_of_an_autosome_costs_its_own_position_alone(tmp_path: Path) -> None:
    gene = GENES["CYP2C19"]
    known = next(one for one in gene.positions if not one.is_key)

    def with_genotype(value: str) -> GeneCall:
        lines = [
            one.replace("0/0:", f"{value}:") if f"\t{known.position}\t" in one else one
            for one in gene_lines(gene, {})
        ]
        return _called(tmp_path, "CYP2C19", lines)

    assert with_genotype("0").diplotype == "*38/*38"
    assert with_genotype("0").missing == (known.name,)
    assert not with_genotype("1").is_called


@pytest.mark.parametrize("name", ["chr10", "10", "CHR10", "Chr10", "NC_000010.11"])
def test_a_chromosome_by_any_name(tmp_path: Path, name: str) -> None:
    lines = [one.replace("chr10\t", f"{name}\t") for one in gene_lines(GENES["CYP2C9"], {})]
    assert _called(tmp_path, "CYP2C9", lines).diplotype == "*1/*1"


def test_a_variant_whose_genotype_is_not_used_still_counts_outside_the_named_alleles(tmp_path: Path) -> None:
    gene = GENES["DPYD"]
    place = gene.exons[3][0] + 4
    for value in ("0/1:0,30", "0/0:0,30"):
        shift = "\t".join(["chr1", str(place), ".", "A", "AT", ".", ".", ".", "GT:AD", value])
        called = _called(tmp_path, "DPYD", [*gene_lines(gene, {}), shift])
        assert called.phenotype == "Uncharacterised"
