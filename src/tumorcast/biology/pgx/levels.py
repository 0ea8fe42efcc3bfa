"""Pharmacogenetic calls as numbers for a model: activity, level of function, alleles that are carried."""

from __future__ import annotations

import re

from tumorcast.biology.pgx.phenotypes import (
    INDETERMINATE,
    NO_CALL,
    SCORED,
    UNCHARACTERISED,
    phenotype_by_score,
)

WITHHELD = ("", NO_CALL.lower(), INDETERMINATE.lower(), UNCHARACTERISED.lower())
"""Phenotypes that say nothing of the function: not measured, never normal."""
_DEGREE = re.compile(r"^(?:likely |possible )")
_LEVELS = {
    "poor metabolizer": 0, "poor function": 0, "deficient": 0, "deficient with cnsha": 0,
    "intermediate metabolizer": 1, "decreased function": 1, "variable": 1,
    "normal metabolizer": 2, "normal function": 2, "normal": 2,
    "rapid metabolizer": 3, "increased function": 3, "ultrarapid metabolizer": 4,
}  # fmt: skip
_NORMAL = 2
_ALLELE = re.compile(r"(\*\d+(?::\d+)+) (positive|negative)", re.IGNORECASE)


def level_of(phenotype: str) -> int | None:
    """0 poor or deficient, 1 intermediate, 2 normal, 3 rapid, 4 ultrarapid; None for what says nothing.

    CPIC's "likely" and "possible" count as the phenotype that they qualify.
    """
    return _LEVELS.get(_DEGREE.sub("", phenotype.strip().lower()))


def is_lower(phenotype: str, other: str) -> bool:
    """Whether a phenotype (any of several, joined by OR) is below another one, as far as both are known."""
    usual = level_of(other)
    levels = [level_of(word) for word in phenotype.split(" OR ")]
    return usual is not None and any(level is not None and level < usual for level in levels)


def is_understood(gene: str, phenotype: str) -> bool:
    """Whether the words are a phenotype, or a way to say that there is none."""
    told = phenotype.strip().lower()
    return told in WITHHELD or level_of(phenotype) is not None or bool(gene_alleles(gene, phenotype))


def is_against_score(gene: str, activity_score: float, phenotype: str) -> bool:
    """Whether the words say another phenotype of the metabolism than the score does, in a gene that has one."""
    told = phenotype.strip().lower()
    is_told = gene in SCORED and told.endswith("metabolizer")
    return is_told and told != phenotype_by_score(gene, activity_score).lower()


def gene_alleles(gene: str, phenotype: str) -> dict[str, bool]:
    """HLA: allele -> whether it is carried, of "*57:01 negative; *58:01 positive"; empty for other genes."""
    if not gene.startswith("HLA-"):
        return {}
    return {name: word.lower() == "positive" for name, word in _ALLELE.findall(phenotype)}


def pharmacogene_numbers(gene: str, activity_score: float | None, phenotype: str) -> dict[str, float]:
    """Feature -> number of one call: `GENE activity` (where the gene has a score), `GENE level` (`level_of`),
    `GENE reduced` (1 below normal, 0 else), `HLA-B*57:01`; empty where the phenotype is withheld."""
    if phenotype.strip().lower() in WITHHELD:
        return {}
    made = {f"{gene}{name}": float(has) for name, has in gene_alleles(gene, phenotype).items()}
    if gene in SCORED and activity_score is not None:
        made[f"{gene} activity"] = activity_score
    level = level_of(phenotype)
    if level is not None:
        made |= {f"{gene} level": float(level), f"{gene} reduced": float(level < _NORMAL)}
    return made
