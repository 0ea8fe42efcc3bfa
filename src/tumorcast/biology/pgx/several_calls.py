"""Several calls of one gene made elsewhere: none of them is preferred (PharmCAT reports each of them)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.levels import gene_alleles
from tumorcast.biology.pgx.phenotypes import INDETERMINATE

_SEVERAL = "several calls were given"


def joined_calls(calls: Sequence[GeneCall]) -> GeneCall:
    """One call of one gene: `*1/*1 OR *1/*2`, with the score and the two alleles that all agree on.

    Args:
        calls: of one gene, at least one; those that say nothing count only where no other does.
    """
    told = list(dict.fromkeys(one for one in calls if one.is_called)) or list(calls[:1])
    if len(told) == 1:
        return told[0]
    if told[0].gene.startswith("HLA-"):
        phenotype, notes = _of_alleles(told)
    else:
        phenotype, notes = _either(word for one in told for word in one.phenotype.split(" OR ")), []
    scores = {one.activity_score for one in told}
    return replace(
        told[0],
        diplotype=_either(one.diplotype for one in told if one.diplotype),
        phenotype=phenotype,
        phenotype_of_typed=phenotype,
        lookup=(),
        functions=(),
        activities=(),
        activity_score=next(iter(scores)) if len(scores) == 1 else None,
        notes=tuple(dict.fromkeys([_SEVERAL, *notes, *(note for one in told for note in one.notes)])),
    )


def _either(words: Iterable[str]) -> str:
    return " OR ".join(dict.fromkeys(words))


def _of_alleles(calls: Sequence[GeneCall]) -> tuple[str, list[str]]:
    """(what all calls say of HLA alleles, contradictions): one may speak of `*57:01`, another of `*58:01`."""
    found: dict[str, set[bool]] = {}
    for call in calls:
        for allele, has in gene_alleles(call.gene, call.phenotype).items():
            found.setdefault(allele, set()).add(has)
    told = [
        f"{allele} {'positive' if True in has else 'negative'}"
        for allele, has in found.items()
        if len(has) == 1
    ]
    notes = [f"calls contradict each other on {allele}" for allele, has in found.items() if len(has) > 1]
    return "; ".join(told) or INDETERMINATE, notes
