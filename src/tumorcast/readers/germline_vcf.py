"""Germline genotypes of pharmacogenes from a VCF on GRCh38: plain or gzipped text, one or many samples, gVCF blocks.

A position that the file does not state is not typed, never reference. Stated is: a record at the place, a block of
the reference that covers it (`INFO/END`; not for indels, which a block does not rule out: PharmCAT, "VCF
Requirements"), a deletion or several bases in one record that cover it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tumorcast.biology.pgx.definitions import Definitions, GeneDefinition, Position
from tumorcast.biology.pgx.genotypes import GeneGenotypes
from tumorcast.domain.errors import InputError
from tumorcast.readers.germline_build import BuildCheck
from tumorcast.readers.germline_sites import SampleGene, Stated, stated_in
from tumorcast.readers.vcf_header import build_of, read_header, read_lines

_SOMATIC_CALLERS = re.compile(
    r"##(tumou?r_sample|normal_sample|MutectVersion)=|##SAMPLE=<ID=TUMOU?R"
    r"|##(source|content|cmdline|commandline|GATKCommandLine)\b.*(mutect|somatic|varscan|\bmuse\b|lofreq)",
    re.IGNORECASE,
)
_SOMATIC_INFO = re.compile(r"##INFO=<ID=(SOMATIC|TLOD|NLOD|SOMATIC_EVENT|QSS|QSI),")
_TUMOUR_NAME = re.compile(r"(?<![a-z])(tumou?r|metastasis)(?![a-z])", re.IGNORECASE)
_END = re.compile(r"[\t;]END=(\d+)")
_SYMBOLIC_REF = frozenset({".", "<NON_REF>", "<*>"})


@dataclass(frozen=True)
class GermlineFile:
    """What was read.

    Attributes:
        samples: sample -> gene -> genotypes, in the file's order.
        notes: what holds for the whole file.
    """

    samples: Mapping[str, Mapping[str, GeneGenotypes]]
    notes: tuple[str, ...] = field(default=())


def read_germline(path: Path, definitions: Definitions) -> GermlineFile:
    """Genotypes at the known positions of every gene, for every sample.

    Raises:
        InputError: not a VCF, no genotypes, a tumour's calls, not on GRCh38, other reference bases than GRCh38's.
    """
    lines = read_lines(path)
    meta, samples = read_header(lines, path)
    _check_header(meta, samples, path)
    by_chromosome: dict[str, list[GeneDefinition]] = {}
    for gene in definitions.genes.values():
        by_chromosome.setdefault(gene.chromosome, []).append(gene)
    check = BuildCheck(definitions)
    found = {
        sample: {gene: SampleGene(one) for gene, one in definitions.genes.items()} for sample in samples
    }  # fmt: skip
    for line in lines:
        _take(line, samples, by_chromosome, check, found, path)
    check.conclude(path, build_of(meta))
    return GermlineFile(
        {sample: {gene: one.concluded() for gene, one in genes.items()} for sample, genes in found.items()},
        check.notes(),
    )


def _check_header(meta: Sequence[str], samples: Sequence[str], path: Path) -> None:
    if build_of(meta) == "GRCh37":
        raise InputError(
            f"{path.name} is on GRCh37", got="GRCh37 by its header", expected="GRCh38",
            fix="call the variants on GRCh38, or lift the file over and check every reference base",
        )  # fmt: skip
    if told := _tumour(meta, samples):
        raise InputError(
            f"{path.name} is a tumour's VCF", got=told, expected="the germline of the patient, from blood or saliva",
            fix="call the germline sample: a tumour's losses and mutations are not inherited",
        )  # fmt: skip
    if not samples:
        raise InputError(f"{path.name} has no genotypes", got="no column of a sample")
    if len(set(samples)) < len(samples):
        raise InputError(f"{path.name} names a sample twice", got=", ".join(samples[:12]))


def _tumour(meta: Sequence[str], samples: Sequence[str]) -> str | None:
    """What says that these are a tumour's calls; None: nothing."""
    for line in meta:
        if _SOMATIC_CALLERS.match(line) or _SOMATIC_INFO.match(line):
            return line[:80]
    return next((f"a sample called {name}" for name in samples if _TUMOUR_NAME.search(name)), None)


def _take(
    line: str,
    samples: Sequence[str],
    by_chromosome: Mapping[str, list[GeneDefinition]],
    check: BuildCheck,
    found: Mapping[str, Mapping[str, SampleGene]],
    path: Path,
) -> None:
    """Put one record where it belongs."""
    name, _, rest = line.partition("\t")
    genes = by_chromosome.get(_chromosome(name), ())
    if not genes:
        return
    place = rest.partition("\t")[0]
    if not place.isdigit():
        raise InputError(f"{path.name}: a record without a position", got=line[:60].rstrip())
    position = int(place)
    check.see_place(_chromosome(name), position, rest)
    last = _last(position, rest)
    fields: list[str] | None = None
    for gene in genes:
        if position > max(gene.end, gene.positions[-1].position) or last < _first(gene):
            continue
        fields = fields or line.rstrip("\r\n").split("\t")
        if len(fields) < 9 + len(samples):
            raise InputError(
                f"{path.name}: a record lacks columns", got=f"{len(fields)} at {name}:{position}",
                expected=f"{9 + len(samples)} separated by tabs",
            )  # fmt: skip
        _place(gene, (position, last), fields, samples, check, found)


def _first(gene: GeneDefinition) -> int:
    return min(gene.start or gene.positions[0].position, gene.positions[0].position)


def _last(position: int, rest: str) -> int:
    """Last position that a record covers: by its block's END, else by its REF."""
    last = position + len(rest.split("\t", 3)[2]) - 1
    block = _END.search(rest) if "END=" in rest else None
    return max(last, int(block[1])) if block else last


def _place(
    gene: GeneDefinition,
    covered: tuple[int, int],
    fields: Sequence[str],
    samples: Sequence[str],
    check: BuildCheck,
    found: Mapping[str, Mapping[str, SampleGene]],
) -> None:
    position, last = covered
    info, ref, alts = dict(_pairs(fields[7])), fields[3].upper(), fields[4].split(",")
    touched = [one for one in gene.positions if position - 1 <= one.position <= last or _near(one, position)]
    touched = [one for one in touched if check.has_reference(gene, one, position, ref)]
    is_block = set(alts) <= _SYMBOLIC_REF
    record = Stated(gene, position, ref, tuple(alts), info, last, is_block)
    keys = fields[8].split(":")
    if "GT" not in keys:
        return
    for sample, text in zip(samples, fields[9:], strict=False):
        values = dict(zip(keys, text.split(":"), strict=False))
        stated_in(record, values, touched, found[sample][gene.gene])


def _near(one: Position, position: int) -> bool:
    """Whether an indel written further right may belong to this place."""
    return one.position <= position < one.position + max(len(one.context), len(one.ref))


def _pairs(info: str) -> Iterator[tuple[str, str]]:
    for word in info.split(";"):
        key, _, value = word.partition("=")
        yield key, value


def _chromosome(name: str) -> str:
    """`chr1`, whether the file says `1` or `chr1`."""
    bare = name.removeprefix("chr")
    return "chr" + ("X" if bare == "23" else bare)
