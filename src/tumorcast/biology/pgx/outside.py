"""What a call made elsewhere means: CYP2D6 with copy numbers, HLA, and every gene of the tables.

Reading as PharmCAT documents it ("Outside Call Format"): a given activity score counts before a given phenotype, that
before the diplotype; suballeles are cut to their allele (`*4.024` is `*4`, HLA to two fields); words are CPIC's.
"""

from __future__ import annotations

from collections.abc import Sequence

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.definitions import GeneDefinition
from tumorcast.biology.pgx.levels import is_lower
from tumorcast.biology.pgx.matcher import name_key
from tumorcast.biology.pgx.outside_hla import hla_call
from tumorcast.biology.pgx.outside_names import (
    LISTS,
    is_binned,
    is_renamed,
    known_alleles,
    looked_up,
    plain,
    sides_of,
    standard_phenotype,
)
from tumorcast.biology.pgx.phenotypes import (
    INDETERMINATE,
    NO_CALL,
    SCORED,
    PhenotypeRules,
    activity_score,
    phenotype_by_function,
    phenotype_by_score,
)

GIVEN_LOWER = "function may be lower, the call contradicts itself: "
_QUARTERS = tuple(n / 4 for n in range(16))
_SCORES = {
    "CYP2C9": (0.0, 0.5, 1.0, 1.5, 2.0), "CYP2D6": (*_QUARTERS, 4.0, 5.0, 6.0), "DPYD": (0.0, 0.5, 1.0, 1.5, 2.0)
}  # fmt: skip
"""Activity scores that CPIC lists (PharmCAT, "Phenotypes List"); any other that is given is no call, but for halves."""
_HALVES = tuple(score / 2 for score in _SCORES["CYP2D6"])
"""CYP2D6's scores under a moderate inhibitor, which a laboratory may have counted: told apart by CPIC's bins alone."""


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
    is_list = any(sign in diplotype for sign in LISTS)
    if gene.startswith("HLA-"):
        return hla_call(gene, sides_of(diplotype), phenotype)
    known = known_alleles(gene, definition)
    if not known:
        return _of_no_table(gene, given)
    given_sides = sides_of(lookup if is_list else diplotype)
    sides = sorted((plain(gene, one, known) for one in given_sides), key=name_key)
    found = [looked_up(gene, side, known) for side in sides]
    notes = [
        f"{side} is not in the tables"
        for side in dict.fromkeys(sides)
        if looked_up(gene, side, known) is None
    ]
    notes += [f"{one} is read as {plain(gene, one, known)}" for one in given_sides if is_renamed(gene, one)]
    notes += [f"{side} counts as three copies, as CPIC has it" for side in sides if is_binned(gene, side)]
    if is_list and not lookup:
        notes.append("not looked up: several diplotypes, or several alleles on one side")
    is_whole = _is_whole(gene, sides, definition, notes)
    functions = tuple(one.function if one else "" for one in found)
    activities = tuple(one.activity if one else None for one in found)
    derived = activity_score(activities) if gene in SCORED and is_whole else None
    by_diplotype = _by_alleles(gene, functions, derived, rules) if is_whole else ""
    word = _word(gene, phenotype, notes)
    score, told = _score(gene, activity, derived, word, notes)
    by_score = "" if told is None else phenotype_by_score(gene, told)
    final = by_score or word or by_diplotype or INDETERMINATE
    _compare(notes, final, word, by_diplotype)
    return GeneCall(
        gene, diplotype if is_list else "/".join(sides), final, tuple(sides), functions,
        activities if gene in SCORED else (), score, final, 0, notes=tuple(notes), is_outside=True,
    )  # fmt: skip


def no_outside_call(gene: str) -> GeneCall:
    """The other laboratory called nothing."""
    return GeneCall(
        gene, "", NO_CALL, phenotype_of_typed=NO_CALL, notes=("given as no call",), is_outside=True
    )


def _of_no_table(gene: str, given: tuple[str, str, str]) -> GeneCall:
    """As given: nothing here says what it means."""
    note = f"{gene} is not among the genes of the tables"
    phenotype = given[1] or INDETERMINATE
    diplotype = given[0]
    if not any(sign in diplotype for sign in LISTS):
        diplotype = "/".join(sorted(sides_of(diplotype), key=name_key))
    return GeneCall(gene, diplotype, phenotype, phenotype_of_typed=phenotype, notes=(note,), is_outside=True)


def _is_whole(gene: str, sides: Sequence[str], definition: GeneDefinition | None, notes: list[str]) -> bool:
    """Whether the alleles are as many as the gene has copies."""
    if not sides or len(sides) == 2:
        return bool(sides)
    if len(sides) == 1 and definition is not None and definition.is_x_linked:
        return True
    how_many = "one allele alone" if len(sides) == 1 else f"{len(sides)} alleles"
    notes.append(f"not looked up: {how_many} instead of a diplotype of {gene}")
    return False


def _word(gene: str, phenotype: str, notes: list[str]) -> str:
    word, is_known = standard_phenotype(gene, phenotype)
    if is_known:
        return word
    notes.append(f"the phenotype {phenotype} is none of CPIC's words and was not used")
    return ""


def _score(
    gene: str, given: str, derived: float | None, word: str, notes: list[str]
) -> tuple[float | None, float | None]:
    """(score to show, score given); what is given counts before what the alleles add up to."""
    if gene not in SCORED:
        return None, None
    told = _number(gene, given)
    if told is None:
        if given:
            notes.append(f"activity score {given} is none that CPIC lists and was not used")
        return (derived if not word else None), None
    if told not in _SCORES[gene]:
        notes.append(f"activity score {told:g} is a half of one that CPIC lists: read by CPIC's bins")
    if derived is not None and derived != told:
        notes.append(f"activity score {told:g} was given, the alleles add up to {derived:g}")
    return told, told


def _number(gene: str, given: str) -> float | None:
    try:
        told = float(given.lstrip("≥"))
    except ValueError:
        return None
    listed = (*_SCORES[gene], *(_HALVES if gene == "CYP2D6" else ()))
    return told if told in listed else None


def _compare(notes: list[str], final: str, word: str, by_diplotype: str) -> None:
    for other, what in ((word, "given phenotype"), (by_diplotype, "diplotype")):
        if other and other != final:
            begins = GIVEN_LOWER if is_lower(other, final) else ""
            notes.append(f"{begins}the {what} says {other}, which was not used")


def _by_alleles(gene: str, functions: Sequence[str], score: float | None, rules: PhenotypeRules) -> str:
    if gene in SCORED:
        return phenotype_by_score(gene, score)
    return phenotype_by_function(gene, functions, rules)
