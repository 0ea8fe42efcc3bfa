"""A call made elsewhere beside what the VCF shows of the same gene: it counts, and hides nothing."""

from __future__ import annotations

from dataclasses import replace

from tumorcast.biology.pgx.call import HALF_READ, STRANGE, GeneCall, guarded
from tumorcast.biology.pgx.levels import is_lower

_NOT_READ = ("one strand of ", STRANGE, "no pair of named alleles")
"""How the VCF's notes begin, after `not called`, on variants that it saw and could not call."""
VCF_SAYS = "function may be lower by the VCF, which was not used: "


def beside_vcf(given: GeneCall, seen: GeneCall) -> GeneCall:
    """The given call with what the VCF says else; the VCF's loss-of-function variants withhold Normal.

    Args:
        seen: the call of the same gene from the VCF.
    """
    open_ones = [
        note
        for note in seen.notes
        if note.removeprefix("not called: ").startswith(_NOT_READ) or HALF_READ in note
    ]
    notes = [*given.notes, *_contradiction(given, seen), *(f"{VCF_SAYS}{note}" for note in open_ones)]
    whole = replace(given, others=seen.others, notes=tuple(notes))
    return guarded(whole) if whole.is_called else whole


def _contradiction(given: GeneCall, seen: GeneCall) -> list[str]:
    if not seen.is_called or (
        seen.diplotype == given.diplotype and seen.phenotype_of_typed == given.phenotype
    ):
        return []
    told = f"{seen.diplotype or 'no diplotype'} ({seen.phenotype})"
    has_lower = is_lower(seen.phenotype_of_typed, given.phenotype)
    return [f"{VCF_SAYS if has_lower else 'the VCF says otherwise and was not used: '}{told}"]
