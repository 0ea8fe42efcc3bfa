"""Names in calls made elsewhere, brought to those of the tables: alleles, copies, phenotypes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.definitions import Allele, GeneDefinition

_BINNED = ("*1", "*2", "*4")
_MOST_COPIES = 3
"""CPIC counts three and more copies of these alike (PharmCAT, "Gene copy number"): `*1x5` is `*1≥3`."""
LISTS = (" OR ", " AND ", "[")
"""Signs of a diplotype's text that is more than two alleles."""
_SHORT = {
    "pm": "Poor Metabolizer", "im": "Intermediate Metabolizer", "nm": "Normal Metabolizer",
    "em": "Normal Metabolizer", "rm": "Rapid Metabolizer", "um": "Ultrarapid Metabolizer",
}  # fmt: skip
_MAIN = re.compile(
    r"((?:likely |possible )?(?:poor|intermediate|normal|rapid|ultrarapid) metabolizer"
    r"|(?:possible )?(?:poor|decreased|normal|increased) function)s?(?: phenotype)?(?: \([pinrue]m\))?"
)
"""The whole of the words: what is beside them (`not a`, a second phenotype) may turn their meaning."""
_OTHER = ("indeterminate", "uncharacterised", "normal", "variable", "deficient", "deficient with cnsha")
_COPIES = re.compile(r"(?P<allele>.+?)(?:x(?P<exact>\d+)|x(?P<any>N)|x?≥(?P<least>\d+))$")
_BRACKET = re.compile(r"^(?P<before>.+) \((?P<within>[^)]+)\)$")
_RENAMED = {("NUDT15", "*2"): "*3", ("DPYD", "*1"): "Reference", ("DPYD", "wt"): "Reference"}
"""NUDT15 `*2` became part of `*3` (CPIC 2026-01-29)."""


def sides_of(diplotype: str) -> list[str]:
    """The alleles of a diplotype."""
    return [side.strip() for side in diplotype.replace("|", "/").split("/") if side.strip()]


def known_alleles(gene: str, definition: GeneDefinition | None) -> Mapping[str, Allele]:
    """Name -> allele, CYP2D6's from its own table; empty for genes that no table has."""
    if gene == "CYP2D6":
        return _cyp2d6()
    return definition.by_name if definition else {}


def plain(gene: str, side: str, known: Mapping[str, Allele]) -> str:
    """An allele as the tables name it, `*4` of `CYP2D6*4.024`, the whole name of DPYD's `*2A`."""
    side = " ".join(side.replace(gene, "").split())
    if gene == "CYP2D6":
        side = re.sub(r"(\*\d+)\.\d+", r"\1", side)
    side = f"*{side}" if gene.startswith("CYP") and side[:1].isdigit() else side
    if side in known:
        return side
    side = _RENAMED.get((gene, side), side)
    return side if side in known else _short_names(known).get(side, side)


def is_binned(gene: str, side: str) -> bool:
    """Whether an allele has more copies than CPIC counts."""
    match = _COPIES.match(side) if gene == "CYP2D6" else None
    return bool(
        match and match["allele"] in _BINNED and match["exact"] and int(match["exact"]) > _MOST_COPIES
    )


def binned_name(gene: str, side: str) -> str | None:
    """`*1x≥3`, as CPIC names three and more copies of an allele on one chromosome; None for other alleles."""
    match = _COPIES.match(side) if gene == "CYP2D6" else None
    if match is None or match["allele"] not in _BINNED or match["any"]:
        return None
    return (
        f"{match['allele']}x≥{_MOST_COPIES}"
        if int(match["exact"] or match["least"]) >= _MOST_COPIES
        else None
    )


def is_renamed(gene: str, side: str) -> bool:
    """Whether the tables have the allele under another name than laboratories may still use."""
    return (gene, side.replace(gene, "").strip()) in _RENAMED


def _short_names(known: Mapping[str, Allele]) -> dict[str, str]:
    """`c.1905+1G>A` and `*2A` of `c.1905+1G>A (*2A)`."""
    found: dict[str, str] = {}
    for name in known:
        if match := _BRACKET.match(name):
            found |= {match["before"]: name, match["within"]: name}
    return found


def looked_up(gene: str, side: str, known: Mapping[str, Allele]) -> Allele | None:
    """The allele, or for CYP2D6 several copies on one chromosome added up; None unknown."""
    if side in known:
        return known[side]
    if gene != "CYP2D6":
        return None
    total = 0.0
    for part in side.split("+"):
        match = _COPIES.match(part.strip())
        name = match["allele"] if match else part.strip()
        if name not in known:
            return None
        activity = known[name].activity
        if activity is None or (match and match["any"]):
            return Allele(side, "Uncertain function", None, {})
        copies = int((match["exact"] or match["least"]) if match else 1)
        total += activity * (min(copies, _MOST_COPIES) if name in _BINNED else copies)
    words = {0.0: "No function", 1.0: "Normal function"}
    default = "Increased function" if total > 1 else "Decreased function"
    return Allele(side, words.get(total, default), total, {})


@cache
def _cyp2d6() -> dict[str, Allele]:
    rows = read_table("pgx_outside_alleles").rows
    return {
        row["allele"]: Allele(
            row["allele"], row["function"], float(row["activity"]) if row["activity"] else None, {}
        )
        for row in rows
    }  # fmt: skip


def standard_phenotype(gene: str, phenotype: str) -> tuple[str, bool]:
    """(CPIC's words for a phenotype, whether they are): as given where they are none of CPIC's."""
    if " OR " in phenotype:
        parts = [standard_phenotype(gene, part) for part in phenotype.split(" OR ")]
        return " OR ".join(word for word, _ in parts), all(is_known for _, is_known in parts)
    text = phenotype.lower().replace("metaboliser", "metabolizer").replace(gene.lower(), " ")
    text = re.sub(r"ultra[- ]rapid", "ultrarapid", " ".join(text.split())).replace("extensive", "normal")
    if text in _SHORT:
        return _SHORT[text], True
    if match := _MAIN.fullmatch(text):
        return match[1].title(), True
    as_given = phenotype if not text or phenotype[:1].isupper() else phenotype.title()
    return as_given, text in ("", *_OTHER)
