"""Small germline VCFs for tests: every position of a gene as reference, but for what a case says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tumorcast.biology.pgx.definitions import GeneDefinition, Position, embedded_definitions

HEADER = (
    "##fileformat=VCFv4.2",
    "##contig=<ID=chr1,length=248956422,assembly=GRCh38>",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=PS,Number=1,Type=Integer,Description="Phase set">',
)


def record(gene: GeneDefinition, known: Position, called: str) -> str:
    """One line; `called`: bases with `/` or `|`, one alone: haploid; `@n` the phase set; `.` not typed."""
    bases, _, phase_set = called.partition("@")
    sign = "|" if "|" in bases else "/"
    words = bases.split(sign)
    alts = list(dict.fromkeys(word for word in words if word not in (".", known.ref)))
    offered = alts or sorted(gene.known_bases[known.position] - {known.ref}) or ["."]
    codes = [known.ref, *offered]
    gt = sign.join("." if word == "." else str(codes.index(word)) for word in words)
    gt = "./." if called == "." else gt
    values = f"{gt}:{phase_set or '.'}"
    fields = (gene.chromosome, known.position, known.rsid or ".", known.ref, ",".join(offered))
    return "\t".join([*map(str, fields), ".", "PASS", ".", "GT:PS", values])


def gene_lines(gene: GeneDefinition, genotypes: Mapping[str, str]) -> list[str]:
    """Records of one gene; `genotypes` by rs number, `*`: "haploid"."""
    unknown = set(genotypes) - {one.rsid for one in gene.positions} - {"*"}
    assert not unknown, unknown
    lines = []
    for known in gene.positions:
        default = known.ref if genotypes.get("*") == "haploid" else f"{known.ref}/{known.ref}"
        asked = genotypes.get(known.rsid) or default
        lines += [record(gene, known, called) for called in asked.split("&")]
    return lines


def vcf_text(lines: list[str], sample: str = "S1", header: tuple[str, ...] = HEADER) -> str:
    """A whole file."""
    columns = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", sample)
    return "\n".join([*header, "\t".join(columns), *lines]) + "\n"


def write_vcf(path: Path, genotypes: Mapping[str, Mapping[str, str]], sample: str = "S1") -> Path:
    """A file of the embedded definitions' genes, all of them reference but for `genotypes`."""
    genes = embedded_definitions().genes
    lines = [line for name, gene in genes.items() for line in gene_lines(gene, genotypes.get(name, {}))]
    path.write_text(vcf_text(lines, sample), encoding="utf-8")
    return path
