"""What a call made elsewhere means: CYP2D6 with copy numbers, HLA, and every gene of the tables.

Reading as PharmCAT documents it ("Outside Call Format"): a given activity score counts before a given phenotype, that
before the diplotype; suballeles are cut to their allele (`*4.024` is `*4`, HLA to two fields); words are CPIC's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.definitions import Allele, GeneDefinition
from tumorcast.biology.pgx.matcher import name_key
from tumorcast.biology.pgx.phenotypes import (
    INDETERMINATE,
    NO_CALL,
    SCORED,
    PhenotypeRules,
    activity_score,
    phenotype_by_function,
    phenotype_by_score,
)

_SHORT = {
    "pm": "Poor Metabolizer", "im": "Intermediate Metabolizer", "nm": "Normal Metabolizer",
    "em": "Normal Metabolizer", "extensive metabolizer": "Normal Metabolizer", "rm": "Rapid Metabolizer",
    "um": "Ultrarapid Metabolizer", "ultra-rapid metabolizer": "Ultrarapid Metabolizer",
}  # fmt: skip
_MAIN = re.compile(
    r"((?:likely |possible )?(?:poor|intermediate|normal|rapid|ultrarapid) metabolizer"
    r"|(?:possible )?(?:poor|decreased|normal|increased) function)"
)
_LISTS = (" OR ", " AND ", "[")
"""Signs of a diplotype's text that is more than two alleles."""
_COPIES = re.compile(r"(?P<allele>.+?)(?:x(?P<exact>\d+)|x(?P<any>N)|≥(?P<least>\d+))$")
_HLA = {
    "HLA-A": ("*31:01",),
    "HLA-B": ("*15:02", "*57:01", "*58:01"),
}
"""Alleles that guidelines ask for."""


def outside_call(
    gene: str,
    given: tuple[str, str, str],
    definition: GeneDefinition | None,
    rules: PhenotypeRules,
    lookup: str = "",
) -> GeneCall:
    """A call from (diplotype, phenotype, activity score), "" where not given; the unknown is told, not guessed.

    Args:
        lookup: the two alleles that count, where `diplotype` is a list of variants, of diplotypes or of strands.
    """
    diplotype, phenotype, activity = given
    is_list = any(sign in diplotype for sign in _LISTS)
    counted = lookup if is_list else diplotype
    sides = [_plain(gene, side) for side in _sides(counted)] if counted else []
    name = diplotype if is_list else "/".join(sorted(sides, key=name_key))
    if gene.startswith("HLA-"):
        return _hla(gene, sides, name or phenotype, phenotype)
    known = _alleles(gene, definition)
    found = [_lookup(gene, side, known) for side in sides]
    unknown = dict.fromkeys(side for side, one in zip(sides, found, strict=True) if one is None)
    notes = [f"{side} is not in the tables" for side in unknown]
    if not known:
        notes = [f"{gene} is not among the genes of the tables"]
    functions = tuple(one.function if one else "" for one in found)
    activities = tuple(one.activity if one else None for one in found)
    derived = activity_score(activities) if gene in SCORED and sides else None
    by_diplotype = _by_alleles(gene, functions, derived, rules) if sides else ""
    word = _standard(gene, phenotype)
    score, told = _score(gene, activity, derived, word, notes)
    by_score = "" if told is None else phenotype_by_score(gene, told)
    final = by_score or word or by_diplotype or INDETERMINATE
    _compare(notes, final, word, by_diplotype)
    return GeneCall(
        gene, name, final, tuple(sorted(sides, key=name_key)), functions, activities if gene in SCORED else (),
        score, final, 0, notes=tuple(notes), is_outside=True,
    )  # fmt: skip


def no_outside_call(gene: str) -> GeneCall:
    """The other laboratory called nothing."""
    return GeneCall(
        gene, "", NO_CALL, phenotype_of_typed=NO_CALL, notes=("given as no call",), is_outside=True
    )


def _score(
    gene: str, given: str, derived: float | None, word: str, notes: list[str]
) -> tuple[float | None, float | None]:
    """(score to show, score given); what is given counts before what the alleles add up to."""
    if gene not in SCORED:
        return None, None
    if not given:
        return (derived if not word else None), None
    try:
        told = float(given.lstrip("≥"))
    except ValueError:
        notes.append(f"activity score {given} is not a number and was not used")
        return derived, None
    if derived is not None and derived != told:
        notes.append(f"activity score {told:g} was given, the alleles add up to {derived:g}")
    return told, told


def _compare(notes: list[str], final: str, word: str, by_diplotype: str) -> None:
    for other, what in ((word, "given phenotype"), (by_diplotype, "diplotype")):
        if other and other != final:
            notes.append(f"the {what} says {other}, which was not used")


def _by_alleles(gene: str, functions: Sequence[str], score: float | None, rules: PhenotypeRules) -> str:
    if gene in SCORED:
        return phenotype_by_score(gene, score)
    return phenotype_by_function(gene, functions, rules)


def _sides(diplotype: str) -> list[str]:
    """The two sides; a `/` within brackets does not part them."""
    return [side.strip() for side in diplotype.replace("|", "/").split("/") if side.strip()]


def _plain(gene: str, side: str) -> str:
    """An allele as the tables name it."""
    side = side.replace(gene, "").strip()
    if gene.startswith("HLA-"):
        return ":".join(side.split(":")[:2])
    if gene == "CYP2D6":
        side = re.sub(r"(\*\d+)\.\d+", r"\1", side)
    return f"*{side}" if gene.startswith("CYP") and side[:1].isdigit() else side


def _lookup(gene: str, side: str, known: Mapping[str, Allele]) -> Allele | None:
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
        total += activity * int((match["exact"] or match["least"]) if match else 1)
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


def _alleles(gene: str, definition: GeneDefinition | None) -> Mapping[str, Allele]:
    if gene == "CYP2D6":
        return _cyp2d6()
    return definition.by_name if definition else {}


def _standard(gene: str, phenotype: str) -> str:
    """CPIC's words for a phenotype; as given where they are none of CPIC's."""
    if " OR " in phenotype:
        return phenotype
    text = phenotype.lower().replace("metaboliser", "metabolizer").replace(gene.lower(), " ")
    text = " ".join(text.split())
    if text in _SHORT:
        return _SHORT[text]
    match = _MAIN.search(text.replace("extensive", "normal").replace("ultra-rapid", "ultrarapid"))
    if match:
        return match[1].title()
    return phenotype if not text or phenotype[:1].isupper() else phenotype.title()


def _hla(gene: str, sides: Sequence[str], name: str, phenotype: str) -> GeneCall:
    """Presence or absence of the alleles that guidelines ask for."""
    if sides:
        wanted = _HLA.get(gene, ())
        told = "; ".join(f"{one} {'positive' if one in sides else 'negative'}" for one in wanted)
        return GeneCall(
            gene, name, told or INDETERMINATE, tuple(sides), phenotype_of_typed=told, is_outside=True
        )
    return GeneCall(gene, "", phenotype, phenotype_of_typed=phenotype, is_outside=True)
