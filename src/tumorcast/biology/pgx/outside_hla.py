"""HLA typings made elsewhere: presence or absence of the alleles that guidelines ask for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.matcher import name_key
from tumorcast.biology.pgx.phenotypes import INDETERMINATE

_ASKED = {
    "HLA-A": ("*31:01",),
    "HLA-B": ("*15:02", "*57:01", "*58:01"),
}
_ALLELE = re.compile(
    r"(?:(?P<locus>[A-Z]+\d?)?\*)?(?P<first>\d+)(?::(?P<second>\d+))?(?::\d+)*[A-Z]?", re.IGNORECASE
)


def hla_call(gene: str, sides: Sequence[str], phenotype: str) -> GeneCall:
    """Positive where an allele is there, negative where two alleles to two fields are others; else not told.

    Args:
        sides: alleles as given (`*57:01:01`, `B*57:01`); () none.
        phenotype: as given, used where no alleles are.
    """
    if not sides:
        return GeneCall(gene, "", phenotype, phenotype_of_typed=phenotype, is_outside=True)
    read = [_read(gene, side) for side in sides]
    names = tuple(sorted((one or side for one, side in zip(read, sides, strict=True)), key=name_key))
    notes = [
        f"{side} is not an allele of {gene}" for one, side in zip(read, sides, strict=True) if one is None
    ]
    told = []
    for asked in _ASKED.get(gene, ()):
        if asked in read:
            told.append(f"{asked} positive")
        elif len(read) == 2 and not any(_may_be(one, asked) for one in read):
            told.append(f"{asked} negative")
        else:
            notes.append(f"whether {asked} is there is not told by this typing")
    phenotype = "; ".join(told) or INDETERMINATE
    return GeneCall(
        gene, "/".join(names), phenotype, names, phenotype_of_typed=phenotype, notes=tuple(notes), is_outside=True
    )  # fmt: skip


def _read(gene: str, side: str) -> str | None:
    """Two fields (`*57:01`), one where no more was typed, None: of another locus or no allele."""
    match = _ALLELE.fullmatch(side.replace("HLA-", "").replace(" ", ""))
    if match is None or (match["locus"] and match["locus"].upper() != gene.removeprefix("HLA-")):
        return None
    return f"*{match['first']}" + (f":{match['second']}" if match["second"] else "")


def _may_be(one: str | None, asked: str) -> bool:
    return one is None or (":" not in one and asked.startswith(f"{one}:"))
