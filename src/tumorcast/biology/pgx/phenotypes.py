"""From functions or activity values of a diplotype to CPIC's phenotype.

Activity (CPIC consensus): CYP2D6 0 poor, above 0 and below 1.25 intermediate, 1.25 to 2.25 normal, above ultrarapid
(Caudle 2020, PMID 31647186); CYP2C9 and DPYD below 1 poor, 1 and 1.5 intermediate, 2 normal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from tumorcast.biology._tables import read_table

INDETERMINATE = "Indeterminate"
UNCHARACTERISED = "Uncharacterised"
NO_CALL = "No call"
NORMAL = ("Normal Metabolizer", "Normal Function", "Normal")
"""Phenotypes that a missing or unknown variant must never be told as."""
SCORED = ("CYP2C9", "CYP2D6", "DPYD")
_UNKNOWN = "Unknown function"
_UNCERTAIN = "Uncertain function"

PhenotypeRules = Mapping[tuple[str, tuple[str, ...]], str]
"""(gene, sorted functions) -> phenotype."""


@cache
def embedded_rules() -> PhenotypeRules:
    """CPIC's translation of functions, typed."""
    return {
        (row["gene"], tuple(sorted(filter(None, (row["function1"], row["function2"]))))): row["phenotype"]
        for row in read_table("pgx_phenotypes").rows
    }


def phenotype_by_function(gene: str, functions: Sequence[str], rules: PhenotypeRules) -> str:
    """CPIC's phenotype; unknown functions count as uncertain where the gene has a rule for that.

    Args:
        functions: one an allele; "" not assigned.
    """
    if "" in functions:
        return INDETERMINATE
    if found := rules.get((gene, tuple(sorted(functions)))):
        return found
    if gene == "CYP3A5" and _UNKNOWN in functions and "No function" in functions:
        return INDETERMINATE
    softened = tuple(sorted(_UNCERTAIN if one == _UNKNOWN else one for one in functions))
    return rules.get((gene, softened), INDETERMINATE)


def phenotype_by_score(gene: str, score: float | None) -> str:
    """CPIC's phenotype for an activity score; None: some allele has no activity value."""
    if score is None:
        return INDETERMINATE
    if gene == "CYP2D6":
        if score == 0:
            return "Poor Metabolizer"
        if score < 1.25:
            return "Intermediate Metabolizer"
        return "Normal Metabolizer" if score <= 2.25 else "Ultrarapid Metabolizer"
    if score < 1:
        return "Poor Metabolizer"
    return "Intermediate Metabolizer" if score < 2 else "Normal Metabolizer"


def activity_score(activities: Sequence[float | None]) -> float | None:
    """Sum of the alleles' values; None where one has none."""
    known = [one for one in activities if one is not None]
    return sum(known) if len(known) == len(activities) else None
