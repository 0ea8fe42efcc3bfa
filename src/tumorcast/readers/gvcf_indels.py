"""Whether a gVCF's block of the reference says that no indel is there.

A block's GQ is the caller's confidence in the reference against any other allele; GATK takes the lower of its
confidences against single bases and against indels ("HaplotypeCaller Reference Confidence Model").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tumorcast.biology.pgx.definitions import Position
from tumorcast.biology.pgx.genotypes import SiteCall
from tumorcast.readers.genotype_evidence import without_evidence

GVCF = frozenset({"<NON_REF>", "<*>"})
"""Alleles that stand for every other one; a block without them (`.`) says nothing of indels."""
LEAST_QUALITY = 20


@dataclass
class IndelBlocks:
    """Blocks of one sample that touch indels of one gene.

    Attributes:
        reference: position -> number of strands, where one block says that all of it is reference.
        weak: position -> why the last block there does not say so.
    """

    reference: dict[int, int] = field(default_factory=dict)
    weak: dict[int, str] = field(default_factory=dict)

    def see(
        self,
        indels: Sequence[Position],
        first: int,
        last: int,
        alleles: Sequence[str],
        values: Mapping[str, str],
    ) -> None:
        """Take one block, from its first to its last base, with what the sample's column says."""
        quality = values.get("GQ", "")
        if set(alleles) != {"0"} or without_evidence(alleles, values, 1):
            why = "without a reference genotype that rests on reads"
        elif not quality.isdigit():
            why = "without GQ"
        elif int(quality) < LEAST_QUALITY:
            why = f"of GQ {quality}, below {LEAST_QUALITY}"
        else:
            why = ""
        for known in indels:
            start, end = known.position, known.position + max(len(known.ref), len(known.context), 2) - 1
            if last < start or end < first:
                continue
            if first <= start and end <= last and not why:
                self.reference[start] = len(alleles)
            else:
                self.weak[start] = why or "that spans a part of it"

    def concluded(self, known: Position) -> tuple[SiteCall | None, list[str]]:
        """(call, notes) of an indel that no record states."""
        if strands := self.reference.get(known.position):
            return SiteCall((known.ref,) * strands), [f"{known.name}: reference by a gVCF block"]
        if why := self.weak.get(known.position):
            return None, [f"{known.name}: not typed, a gVCF block {why} does not rule out an indel"]
        return None, []
