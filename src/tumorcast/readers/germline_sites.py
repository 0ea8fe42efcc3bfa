"""What the records of one sample state about the known positions of one gene, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tumorcast.biology.pgx.bases import base_at, left_aligned, shortest
from tumorcast.biology.pgx.definitions import GeneDefinition, Position
from tumorcast.biology.pgx.genotypes import UNKNOWN_PHASE, GeneGenotypes, OtherVariant, SiteCall
from tumorcast.biology.pgx.loss import LOSS, kind_of
from tumorcast.readers.genotype_evidence import seen_alleles, without_evidence
from tumorcast.readers.gvcf_indels import GVCF, IndelBlocks

_BASES = frozenset("ACGTN")
_READ = frozenset("ACGT")


@dataclass(frozen=True)
class Stated:
    """One record.

    Attributes:
        last: last position that it covers.
        is_block: it states the reference alone.
    """

    gene: GeneDefinition
    position: int
    ref: str
    alts: tuple[str, ...]
    info: Mapping[str, str]
    last: int
    is_block: bool


@dataclass(frozen=True)
class Said:
    """What one record says of one position.

    Attributes:
        alternates: bases other than the reference's that the record offers there.
        is_direct: it speaks of this position, not of an indel that begins next to it.
    """

    call: SiteCall
    alternates: frozenset[str]
    is_direct: bool


@dataclass
class SampleGene:
    """Collects one sample's statements on one gene.

    Attributes:
        off_reference: positions with a genotype in a record of another reference base.
        blocks: what blocks of a gVCF say of indels.
    """

    gene: GeneDefinition
    stated: dict[int, list[Said]] = field(default_factory=dict)
    others: dict[tuple[int, str, str], OtherVariant] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    phase_sets: dict[str, int] = field(default_factory=dict)
    off_reference: set[int] = field(default_factory=set)
    blocks: IndelBlocks = field(default_factory=IndelBlocks)

    def note(self, text: str) -> None:
        """Once."""
        if text not in self.notes:
            self.notes.append(text)

    def concluded(self) -> GeneGenotypes:
        """One call a position."""
        calls = {}
        for position, said in sorted(self.stated.items()):
            call = _joined(said, self.gene.by_position[position])
            if call is None:
                known = self.gene.by_position[position]
                is_variant = any(set(one.call.bases) - {known.ref, None} for one in said)
                more = " and is not known to be reference" if is_variant else ""
                self.note(f"{known.name}, of which records contradict each other, was not read{more}")
            else:
                calls[position] = call
        for known in self.gene.positions:
            if known.position not in self.stated and known.position not in self.off_reference:
                call, told = self.blocks.concluded(known)
                calls |= {known.position: call} if call else {}
                for text in told:
                    self.note(text)
        for position in sorted(self.off_reference - set(calls)):
            name = self.gene.by_position[position].name
            self.note(f"{name}, where REF is not GRCh38's, was not read and is not known to be reference")
        return GeneGenotypes(calls, tuple(self.others.values()), tuple(self.notes))


def stated_in(
    record: Stated,
    values: Mapping[str, str],
    touched: Sequence[Position],
    into: SampleGene,
    refused: Sequence[Position] = (),
) -> None:
    """What one sample's column of a record states.

    Args:
        values: FORMAT key -> text.
        touched: known positions that the record may speak of.
        refused: known positions at which it has another reference base than GRCh38.
    """
    text = values.get("GT", ".")
    alleles = text.replace("|", "/").split("/")
    if len(alleles) > 2:
        into.note(_more_than_two(record.position, alleles))
        alleles = alleles[:2]
    if record.is_block and GVCF & set(record.alts):
        indels = [known for known in touched if record.gene.is_indel(known)]
        into.blocks.see(indels, record.position, record.last, alleles, values)
    if all(one == "." for one in alleles):
        return
    if why := without_evidence(alleles, values, len(record.alts)):
        if seen := seen_alleles(alleles, values):
            _not_read(record, touched, why, into)
            _others(record, seen, into)
        return
    changes = [_change(record, one, into) for one in alleles]
    for known in refused:
        into.off_reference.add(known.position)
    if any(change == "." != one for change, one in zip(changes, alleles)):
        _not_read(record, touched, "an allele that is not there, or not told by its bases,", into)
    _state(record, alleles, changes, _phase(text, values, into), touched, into)
    _others(record, alleles, into)


def _state(
    record: Stated,
    alleles: Sequence[str],
    changes: Sequence[tuple[int, str, str] | str],
    phase: int,
    touched: Sequence[Position],
    into: SampleGene,
) -> None:
    """Put down what the strands show at every position that the record speaks of."""
    for known in touched:
        bases = [_base(record, known, change, one) for change, one in zip(changes, alleles)]
        if any(base is not _SILENT for base in bases):
            shown = tuple(None if base is _SILENT else base for base in bases)
            alternates = _alternates(record, known)
            is_direct = bool(alternates) or record.is_block
            said = Said(SiteCall(shown, phase), alternates, is_direct)
            into.stated.setdefault(known.position, []).append(said)


def _not_read(record: Stated, touched: Sequence[Position], why: str, into: SampleGene) -> None:
    """Say that a known position may not be reference."""
    covered = [known.name for known in touched if record.position <= known.position <= record.last]
    if covered:
        into.note(f"{why} at {', '.join(covered)} was not read and is not known to be reference")


def _more_than_two(position: int, alleles: Sequence[str]) -> str:
    told = f"more than two alleles at {position}: the first two are used"
    if set(alleles[2:]) <= set(alleles[:2]):
        return told
    return f"{told}; another one was not read and is not known to be reference"


_SILENT = ""
"""The record says nothing about a strand's bases at a place."""


def _phase(text: str, values: Mapping[str, str], into: SampleGene) -> int:
    """Each name of a phase set is a set of its own, whatever its text; 0 where none is named."""
    if "|" not in text:
        return UNKNOWN_PHASE
    named = values.get("PS", ".")
    return 0 if named in (".", "") else into.phase_sets.setdefault(named, len(into.phase_sets) + 1)


def _change(record: Stated, allele: str, into: SampleGene) -> tuple[int, str, str] | str:
    """The change that an allele's number stands for; "" reference, "." not read."""
    if allele == "0":
        return ""
    if not allele.isdigit() or int(allele) > len(record.alts):
        return "."
    alt = record.alts[int(allele) - 1].upper()
    if not set(alt) <= _READ:
        if is_structural(alt):
            key = (record.position, record.ref, alt)
            into.others[key] = OtherVariant(record.position, record.ref, alt, LOSS, "structural variant")
        return "."
    return shortest(record.position, record.ref, alt)


def is_structural(alt: str) -> bool:
    """Whether an allele is a deletion, duplication or break told by a symbol: its record states no bases."""
    return (alt.startswith("<") and alt not in ("<NON_REF>", "<*>")) or "[" in alt or "]" in alt


def _base(record: Stated, known: Position, change: tuple[int, str, str] | str, allele: str) -> str | None:
    """Base of one strand at a known position; None not read, `_SILENT` nothing said."""
    is_indel = record.gene.is_indel(known)
    if change == ".":
        return None if record.position <= known.position <= record.last else _SILENT
    if change == "":
        return known.ref if _states_reference(record, known, is_indel) else _SILENT
    assert isinstance(change, tuple)
    moved = left_aligned(change, known) if is_indel else change
    base = base_at(record.gene, known, moved)
    if base is not None:
        return base
    return known.ref if _states_reference(record, known, is_indel) else _SILENT


def _states_reference(record: Stated, known: Position, is_indel: bool) -> bool:
    """Whether a reference allele in this record is evidence at the known position."""
    if not is_indel:
        return record.position <= known.position <= record.last
    if record.is_block:
        is_explicit = record.alts == (".",) and "END" not in record.info
        return record.position == known.position and (is_explicit or len(record.ref) >= len(known.ref) > 1)
    for alt in record.alts:
        if set(alt.upper()) <= _BASES and len(alt) != len(record.ref):
            change = left_aligned(shortest(record.position, record.ref, alt.upper()), known)
            if change[0] == known.position:
                return True
    return record.position == known.position and len(record.ref) >= len(known.ref) > 1


def _others(record: Stated, alleles: Sequence[str], into: SampleGene) -> None:
    """Keep the variants among these alleles that no named alleles are defined by."""
    for change in (_change(record, one, into) for one in alleles):
        if isinstance(change, tuple):
            _other(record, change, into)


def _other(record: Stated, change: tuple[int, str, str], into: SampleGene) -> None:
    """Keep a variant that no named alleles are defined by."""
    gene = record.gene
    position, ref, alt = change
    for known in gene.positions:
        moved = left_aligned(change, known) if gene.is_indel(known) else change
        if base_at(gene, known, moved) in gene.known_bases[known.position] - {known.ref}:
            return
    if told := kind_of(gene, change, record.info):
        into.others[change] = OtherVariant(position, ref, alt, *told)


def _alternates(record: Stated, known: Position) -> frozenset[str]:
    """Bases that a record offers at a known position beside the reference's."""
    found = set()
    for alt in record.alts:
        if set(alt.upper()) <= _BASES:
            change = shortest(record.position, record.ref, alt.upper())
            moved = left_aligned(change, known) if record.gene.is_indel(known) else change
            found.add(base_at(record.gene, known, moved))
    return frozenset(base for base in found if base is not None and base != known.ref)


def _joined(said: Sequence[Said], known: Position) -> SiteCall | None:
    """One call of several records at one position; None where they contradict each other."""
    direct = [one for one in said if one.is_direct] or list(said)
    call, offered = direct[0].call, direct[0].alternates
    for other in direct[1:]:
        if sorted(map(str, call.bases)) == sorted(map(str, other.call.bases)):
            continue
        is_split = offered and other.alternates and not offered & other.alternates
        joined = _overlaid(call, other.call, known.ref) if is_split else None
        if joined is None:
            return None
        call, offered = joined, offered | other.alternates
    return call


def _overlaid(one: SiteCall, other: SiteCall, ref: str) -> SiteCall | None:
    """Two records of one place, each with an alternate base of its own (split multi-allelic records)."""
    pairs = list(zip(one.bases, other.bases, strict=False))
    if len(one.bases) != len(other.bases):
        return None
    sides = [[base for base in pair if base not in (ref, None)] for pair in pairs]
    if all(len(side) <= 1 for side in sides):
        read = [side[0] if side else (ref if ref in pair else None) for side, pair in zip(sides, pairs)]
        return SiteCall(tuple(read), one.phase_set)
    alternates = [base for side in sides for base in side]
    if UNKNOWN_PHASE not in (one.phase_set, other.phase_set) or len(alternates) > len(one.bases):
        return None
    return SiteCall(tuple(alternates), UNKNOWN_PHASE)
