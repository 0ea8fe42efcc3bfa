"""One VCF allele as short as it can be said, and what it makes of a known position."""

from __future__ import annotations

from tumorcast.biology.pgx.definitions import GeneDefinition, Position

Change = tuple[int, str, str]
"""(position, ref, alt), no shared bases beyond one anchor base of an indel."""


def shortest(position: int, ref: str, alt: str) -> Change:
    """Parsimonious form (Tan 2015, doi 10.1093/bioinformatics/btv112): shared ends off, one anchor base kept."""
    while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
        position, ref, alt = position + 1, ref[1:], alt[1:]
    return position, ref, alt


def left_aligned(change: Change, known: Position) -> Change:
    """The same indel as far left as the reference around `known` is known."""
    position, ref, alt = change
    context, start = known.context or known.ref, known.position
    if len(ref) == len(alt) or not ref or not alt or ref[0] != alt[0]:
        return change
    while position > start and start <= position - 1 < start + len(context):
        longer = ref if len(ref) > len(alt) else alt
        if longer[-1] != longer[0]:
            break
        before = context[position - 1 - start]
        position -= 1
        ref, alt = (before + ref)[: len(ref)], (before + alt)[: len(alt)]
    return position, ref, alt


def base_at(definition: GeneDefinition, known: Position, change: Change) -> str | None:
    """What a strand with `change` shows at `known`; None: the change says nothing there.

    Returns:
        bases as the definitions write them, or the change itself spelled out where no allele has it.
    """
    if definition.is_indel(known):
        return _indel_at(definition, known, change)
    position, ref, alt = change
    at = known.position - position
    if len(ref) == len(alt):
        return alt[at] if 0 <= at < len(ref) else None
    if at == 0:
        return known.ref if ref[:1] == alt[:1] else f"{ref}>{alt}"
    return f"{ref}>{alt}" if 0 < at < len(ref) else None


def _indel_at(definition: GeneDefinition, known: Position, change: Change) -> str | None:
    for bases in definition.known_bases[known.position] - {known.ref}:
        if shortest(known.position, known.ref, bases) == change:
            return bases
    position, ref, alt = change
    first, last = known.position, known.position + max(len(known.ref), len(known.context)) - 1
    touches = position <= last and position + len(ref) - 1 >= first
    if len(ref) == len(alt):
        is_inside = position > first and position <= known.position + len(known.ref) - 1
        return f"{ref}>{alt}" if is_inside or (position == first and len(known.ref) == 1) else None
    return f"{ref}>{alt}" if touches else None
