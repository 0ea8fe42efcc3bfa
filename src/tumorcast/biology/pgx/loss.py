"""Whether a variant outside the named alleles abolishes the protein, as far as the file or the place tells."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from tumorcast.biology.pgx.bases import Change
from tumorcast.biology.pgx.definitions import GeneDefinition

LOSS = "loss of function"
UNKNOWN = "unknown"
_LOSS_TERMS = (
    "stop_gained", "frameshift", "splice_acceptor", "splice_donor", "start_lost", "transcript_ablation",
    "initiator_codon", "exon_loss", "feature_ablation",
)  # fmt: skip
_ANNOTATIONS = ("ANN", "CSQ", "BCSQ", "LOF")
_SPLICE = 2
"""Bases of an intron next to an exon that splicing needs."""


def kind_of(definition: GeneDefinition, change: Change, info: Mapping[str, str]) -> tuple[str, str] | None:
    """(kind, why); None: nothing to tell (in an intron, or annotated as harmless).

    Args:
        info: INFO of the record; its annotation (ANN, CSQ, BCSQ of this gene) counts before the place.
    """
    if told := _annotated(definition.gene, info):
        terms = [term for term in _LOSS_TERMS if term in told]
        return (LOSS, terms[0]) if terms else None
    position, ref, alt = change
    last = position + len(ref) - 1
    if _hits_splice_site(definition, position if len(ref) == len(alt) else position + 1, last):
        return LOSS, "splice site"
    if not any(first <= last and position <= end for first, end in definition.exons):
        return None
    if (len(ref) - len(alt)) % 3:
        return LOSS, "frame shift in an exon"
    return UNKNOWN, "in an exon, not annotated"


def _annotated(gene: str, info: Mapping[str, str]) -> str:
    """The annotation's text on this gene, lower case; "" none."""
    entries = [entry for key in _ANNOTATIONS for entry in info.get(key, "").split(",") if entry]
    mine = [entry for entry in entries if gene.lower() in entry.lower()]
    return " ".join(mine or entries).lower()


def _hits_splice_site(definition: GeneDefinition, first: int, last: int) -> bool:
    sites = [
        (end + 1, end + _SPLICE, start - _SPLICE, start - 1)
        for (_, end), (start, _) in pairwise(sorted(definition.exons))
    ]
    return any(
        first <= right and left <= last
        for a, b, c, d in sites
        for left, right in ((a, b), (c, d))
    )  # fmt: skip
