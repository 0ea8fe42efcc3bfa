"""Germline genotypes of pharmacogenes from a VCF on GRCh38: plain or gzipped text, one or many samples, gVCF blocks.

A position that the file does not state is not typed, never reference. Stated is: a record at the place, a block of
the reference that covers it (`INFO/END`; for indels as `readers.gvcf_indels` has it), a deletion or several bases in
one record that cover it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tumorcast.biology.clocks.tissues import is_tumour_barcode
from tumorcast.biology.pgx.definitions import Definitions, GeneDefinition, Position
from tumorcast.biology.pgx.genotypes import GeneGenotypes
from tumorcast.domain.errors import InputError
from tumorcast.readers.germline_build import BuildCheck
from tumorcast.readers.germline_sites import SampleGene, Stated, is_structural, stated_in
from tumorcast.readers.tabix import Region, Tabix, indexed_lines, read_tabix
from tumorcast.readers.vcf_header import build_of, read_header, read_lines

_SOMATIC_CALLERS = re.compile(
    r"##(tumou?r_sample|normal_sample|MutectVersion)=|##SAMPLE=<ID=TUMOU?R"
    r"|##(source|content|cmdline|commandline|GATKCommandLine)\b.*(mutect|somatic|varscan|\bmuse\b|lofreq)",
    re.IGNORECASE,
)
_SOMATIC_INFO = re.compile(r"##INFO=<ID=(SOMATIC|TLOD|NLOD|SOMATIC_EVENT|QSS|QSI),")
_TUMOUR_NAME = re.compile(r"(?<![a-z])(tumou?r|metastasis)(?![a-z])", re.IGNORECASE)
_ODD_DEPTHS = re.compile(r"##FORMAT=<ID=AD,(?!.*Number=[R.][,>])")
"""AD that is not one number an allele (`Number=R` or `.`), which PharmCAT does not read either."""
_END = re.compile(r"[\t;]END=(\d+)")
_CHROMOSOME = re.compile(r"^(?:chr|NC_0+)|\.\d+$", re.IGNORECASE)
_SVLEN = re.compile(r"[\t;]SVLEN=-?(\d+)")
_SYMBOLIC_REF = frozenset({".", "<NON_REF>", "<*>"})
_PASSED = frozenset({"PASS", ".", ""})
_AROUND = 1000
"""Bases around a gene that an index is asked for as well: indels may be written some way off."""
_EACH = 1_000_000
"""Records between two calls of `on_records`."""


@dataclass(frozen=True)
class GermlineFile:
    """What was read.

    Attributes:
        samples: sample -> gene -> genotypes, in the file's order.
        notes: what holds for the whole file.
    """

    samples: Mapping[str, Mapping[str, GeneGenotypes]]
    notes: tuple[str, ...] = field(default=())


def read_germline(
    path: Path, definitions: Definitions, on_records: Callable[[int], None] | None = None
) -> GermlineFile:
    """Genotypes at the known positions of every gene, for every sample.

    Streams the file; of a bgzipped one with an index (`FILE.tbi`) only the genes' places are read.

    Args:
        on_records: told the number of records read so far, every million.

    Raises:
        InputError: not a VCF, no genotypes, a tumour's calls, not on GRCh38, other reference bases than GRCh38's.
    """
    lines = read_lines(path)
    meta, columns = read_header(lines, path)
    samples, left_out = _germline_samples(meta, columns, path)
    into = _Reading(path, definitions, columns, samples, not any(map(_ODD_DEPTHS.match, meta)))
    index = read_tabix(path)
    records = lines if index is None else _indexed(path, index, definitions)
    for n, line in enumerate(records, 1):
        into.where = "" if index else f", line {len(meta) + 1 + n}"
        into.take(line)
        if on_records is not None and not n % _EACH:
            on_records(n)
    into.check.conclude(path, build_of(meta))
    into.need_genotypes()
    found = {
        sample: {gene: one.concluded() for gene, one in genes.items()} for sample, genes in into.found.items()
    }
    return GermlineFile(found, (*left_out, *into.check.notes(), *into.notes()))


def _indexed(path: Path, index: Tabix, definitions: Definitions) -> Iterator[str]:
    """Records that an index finds around the genes and around their places on GRCh37."""
    regions: dict[str, list[Region]] = {}
    for gene in definitions.genes.values():
        places = [one.grch37 for one in gene.positions if one.grch37 is not None]
        wanted = [(_first(gene), _end(gene)), *([(min(places), max(places))] if places else [])]
        for name in index.offsets:
            if _chromosome(name) == gene.chromosome:
                regions.setdefault(name, []).extend((max(1, a - _AROUND), b + _AROUND) for a, b in wanted)
    return indexed_lines(path, index, regions)


def _germline_samples(
    meta: Sequence[str], columns: Sequence[str], path: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(samples to read, notes on those left out)."""
    if build_of(meta) == "GRCh37":
        raise InputError(
            f"{path.name} is on GRCh37", got="GRCh37 by its header", expected="GRCh38",
            fix="call the variants on GRCh38, or lift the file over and check every reference base",
        )  # fmt: skip
    tumours = tumour_columns(meta, columns, path)
    notes = tuple(f"sample {name} is a tumour's by its name and was left out" for name in tumours)
    return tuple(name for name in columns if name not in tumours), notes


def tumour_columns(meta: Sequence[str], columns: Sequence[str], path: Path) -> tuple[str, ...]:
    """Columns of a germline VCF that are a tumour's by their name, or by the barcode (TCGA, TARGET) in it.

    Raises:
        InputError: a tumour's calls as a whole, no column, or one twice.
    """
    tumours = tuple(name for name in columns if _TUMOUR_NAME.search(name) or is_tumour_barcode(name))
    is_cohort = len(columns) > max(2, 2 * len(tumours))
    told = _somatic(meta) or (f"a sample called {tumours[0]}" if tumours and not is_cohort else None)
    if told:
        raise InputError(
            f"{path.name} is a tumour's VCF", got=told, expected="the germline of the patient, from blood or saliva",
            fix="call the germline sample: a tumour's losses and mutations are not inherited",
        )  # fmt: skip
    if not columns:
        raise InputError(f"{path.name} has no genotypes", got="no column of a sample")
    if len(set(columns)) < len(columns):
        raise InputError(f"{path.name} names a sample twice", got=", ".join(columns[:12]))
    return tumours


def _somatic(meta: Sequence[str]) -> str | None:
    """What in the header says that these are a tumour's calls; None: nothing."""
    for line in meta:
        if _SOMATIC_CALLERS.match(line) or _SOMATIC_INFO.match(line):
            return line[:80]
    return None


class _Reading:
    """One file while its records go by."""

    def __init__(
        self, path: Path, definitions: Definitions, columns: Sequence[str], samples: Sequence[str],
        reads_depths: bool,
    ) -> None:  # fmt: skip
        self.path = path
        self.check = BuildCheck(definitions)
        genes = definitions.genes.items()
        self.found = {sample: {gene: SampleGene(one) for gene, one in genes} for sample in samples}
        self._columns = [(9 + n, name) for n, name in enumerate(columns) if name in self.found]
        self._n_columns = 9 + len(columns)
        self._genes: dict[str, list[tuple[int, int, GeneDefinition]]] = {}
        for gene in definitions.genes.values():
            self._genes.setdefault(gene.chromosome, []).append((_first(gene), _end(gene), gene))
        self._chromosomes: dict[str, str] = {}
        self._unread = () if reads_depths else ("AD",)
        self._filtered: set[tuple[str, int]] = set()
        self._n_without_gt = self._n_with_gt = 0
        self.where = ""

    def take(self, line: str) -> None:
        """Put one record where it belongs."""
        name, tab, rest = line.partition("\t")
        if not tab and name.strip():
            raise InputError(
                f"{self.path.name}{self.where}: a record without tabs", got=line[:60].rstrip(),
                expected="columns separated by tabs",
            )  # fmt: skip
        chromosome = self._chromosomes.get(name) or self._chromosomes.setdefault(name, _chromosome(name))
        genes = self._genes.get(chromosome)
        if genes is None:
            return
        place = rest.partition("\t")[0]
        if not place.isdigit():
            raise InputError(
                f"{self.path.name}{self.where}: a record without a position", got=line[:60].rstrip()
            )
        position = int(place)
        self.check.see_place(chromosome, position, rest)
        for first, end, gene in genes:
            if position <= end and (first <= position or first <= _last(position, rest)):
                self._place(gene, position, line)

    def _place(self, gene: GeneDefinition, position: int, line: str) -> None:
        fields = line.rstrip("\r\n").split("\t")
        if len(fields) < self._n_columns:
            raise InputError(
                f"{self.path.name}{self.where}: a record lacks columns",
                got=f"{len(fields)} at {fields[0]}:{position}", expected=f"{self._n_columns} separated by tabs",
                fix="the file is cut off, or was changed by hand: copy it again, or take the record out",
            )  # fmt: skip
        info, ref, alts = dict(_pairs(fields[7])), fields[3].upper(), fields[4].split(",")
        is_block = set(alts) <= _SYMBOLIC_REF
        last = _last(position, line.partition("\t")[2]) if is_block else position + len(ref) - 1
        near = [one for one in gene.positions if position - 1 <= one.position <= last or _near(one, position)]
        touched = [] if any(map(is_structural, alts)) else near
        agrees = {one: self.check.has_reference(gene, one, position, ref) for one in touched}
        touched, refused = ([one for one in agrees if agrees[one] is has] for has in (True, False))
        keys = ["" if key in self._unread else key for key in fields[8].split(":")]
        if "GT" not in keys:
            self._n_without_gt += bool(touched)
            return
        self._n_with_gt += bool(touched)
        if touched and fields[6] not in _PASSED:
            self._filtered.add((fields[6], position))
        record = Stated(gene, position, ref, tuple(alts), info, last, is_block)
        for column, sample in self._columns:
            values = dict(zip(keys, fields[column].split(":"), strict=False))
            stated_in(record, values, touched, self.found[sample][gene.gene], refused)

    def need_genotypes(self) -> None:
        """Raise where records stand at known positions and none of them has genotypes."""
        if self._n_without_gt and not self._n_with_gt:
            raise InputError(
                f"{self.path.name} has no genotypes",
                got=f"{self._n_without_gt} records at known positions, none with GT in its FORMAT",
                expected="GT in FORMAT and a genotype of each sample", fix="call the variants with genotypes",
            )  # fmt: skip

    def notes(self) -> tuple[str, ...]:
        """What readers of the whole file must know."""
        notes = []
        if self._n_without_gt:
            notes.append(
                f"{self._n_without_gt} records at known positions hold no genotype (GT) and were not read"
            )
        if self._filtered:
            names = ", ".join(sorted({name for name, _ in self._filtered})[:4])
            notes.append(
                f"{len(self._filtered)} records at known positions failed filters ({names}) and were used: the "
                "FILTER column is not interpreted, leave bad genotypes out beforehand"
            )
        return tuple(notes)


def _first(gene: GeneDefinition) -> int:
    return min(gene.start or gene.positions[0].position, gene.positions[0].position)


def _end(gene: GeneDefinition) -> int:
    return max(gene.end, gene.positions[-1].position)


def _last(position: int, rest: str) -> int:
    """Last position that a record covers: by its END, its SVLEN, else by its REF."""
    last = position + len(rest.split("\t", 3)[2]) - 1
    if block := _END.search(rest) if "END=" in rest else None:
        return max(last, int(block[1]))
    if length := _SVLEN.search(rest) if "SVLEN=" in rest and "<INS" not in rest else None:
        return max(last, position + int(length[1]))
    return last


def _near(one: Position, position: int) -> bool:
    """Whether an indel written further right may belong to this place."""
    return one.position <= position < one.position + max(len(one.context), len(one.ref))


def _pairs(info: str) -> Iterator[tuple[str, str]]:
    for word in info.split(";"):
        key, _, value = word.partition("=")
        yield key, value


def _chromosome(name: str) -> str:
    """`chr1`, whether the file says `1`, `chr1`, `CHR1` or `NC_000001.11`."""
    bare = _CHROMOSOME.sub("", name).upper()
    return "chr" + ("X" if bare == "23" else bare)
