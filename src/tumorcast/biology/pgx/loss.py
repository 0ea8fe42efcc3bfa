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
_PROTEIN_TERMS = ("missense", "inframe", "stop_lost", "protein_altering", "coding_sequence")
_SYNONYMOUS = frozenset(
    ("synonymous_variant", "synonymous", "stop_retained_variant", "start_retained_variant")
)
_UTR = frozenset(("5_prime_utr_variant", "3_prime_utr_variant", "5_prime_utr", "3_prime_utr"))
_INTRON = frozenset(("intron_variant", "intron"))
_SAYS_NOTHING = frozenset((
    "upstream_gene_variant", "downstream_gene_variant", "intergenic_variant", "non_coding_transcript_variant",
    "nmd_transcript_variant", "",
))  # fmt: skip
"""Of another transcript than the one that holds the place, or beside the term that tells."""
_CONSEQUENCE = {"ANN": 1, "CSQ": 1, "BCSQ": 0}
_START = "start codon"
_SPLICE = 2
"""Bases of an intron next to an exon that splicing needs."""


def kind_of(definition: GeneDefinition, change: Change, info: Mapping[str, str]) -> tuple[str, str] | None:
    """(kind, why); None: nothing to tell (in an intron, or annotated as harmless).

    Args:
        info: INFO of the record; what its annotation (ANN, CSQ, BCSQ, LOF) says of this gene counts beside the place.
            Only synonymous, intron and UTR terms make a variant silent, and only where the place allows it; nothing
            does in the start codon.
    """
    entries = _entries(definition.gene, change, info)
    text = " ".join("|".join(fields) for _, fields in entries).lower()
    if lost := [term for term in _LOSS_TERMS if term in text]:
        return LOSS, lost[0]
    if _mine(definition.gene, info.get("LOF", "")):
        return LOSS, "annotated as loss of function"
    by_place = _by_place(definition, change)
    if by_place == (LOSS, _START):
        return by_place
    told_of = [
        fields[place].lower().lstrip("*").split("&") for place, fields in entries if len(fields) > place
    ]
    terms = {term for several in told_of for term in several} - _SAYS_NOTHING
    if not terms:
        return by_place
    if told := sorted(terms - _SYNONYMOUS - _UTR - _INTRON):
        changing = [term for term in told if changes_protein(term)]
        return by_place if by_place and by_place[0] == LOSS else (UNKNOWN, (changing or told)[0])
    silencing = _UTR if by_place and by_place[0] == LOSS else _UTR | _SYNONYMOUS
    return None if terms & silencing else by_place


def changes_protein(why: str) -> bool:
    """Whether an annotation's term is of a changed protein."""
    return why.startswith(_PROTEIN_TERMS) or "inframe" in why


def _by_place(definition: GeneDefinition, change: Change) -> tuple[str, str] | None:
    position, ref, alt = change
    last = position + len(ref) - 1
    if _hits_start(definition, change):
        return LOSS, _START
    if _hits_splice_site(definition, position if len(ref) == len(alt) else position + 1, last):
        return LOSS, "splice site"
    if not any(first <= last and position <= end for first, end in definition.exons):
        return None
    if (len(ref) - len(alt)) % 3:
        return LOSS, "frame shift in an exon"
    return UNKNOWN, "in an exon, not annotated"


def _entries(gene: str, change: Change, info: Mapping[str, str]) -> list[tuple[int, list[str]]]:
    """(place of the consequence, fields) of each annotation of this change in this gene."""
    return [
        (place, fields)
        for key, place in _CONSEQUENCE.items()
        for fields in _mine(gene, info.get(key, ""))
        if not (place and _is_of_another_base(fields[0], change))
    ]


def _is_of_another_base(allele: str, change: Change) -> bool:
    return len(allele) == len(change[1]) == len(change[2]) == 1 and allele != change[2]


def _mine(gene: str, text: str) -> list[list[str]]:
    """Entries one of whose fields is the gene's name."""
    entries = [entry.strip("()").split("|") for entry in text.split(",")]
    return [fields for fields in entries if gene in (field.strip().upper() for field in fields)]


def _hits_start(definition: GeneDefinition, change: Change) -> bool:
    """Whether bases of the start codon are replaced, taken out, or parted by an insertion."""
    if definition.start_codon is None:
        return False
    position, ref, alt = change
    start, end = definition.start_codon
    first = position + (ref[:1] == alt[:1])
    return first <= end and start <= position + len(ref) - 1


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
