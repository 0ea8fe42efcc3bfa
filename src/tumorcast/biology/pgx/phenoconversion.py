"""What inhibitors among a patient's other drugs do to a genetic phenotype.

CYP2D6: the activity score is multiplied by 0 under a strong and by 0.5 under a moderate inhibitor (CPIC, tamoxifen
2018, PMID 29385237; Cicali 2021, PMID 33280122). Without a score a moderate inhibitor makes a normal metabolizer (1.25
to 2.25) an intermediate one, and what an ultrarapid one becomes is not known. Other enzymes have no agreed arithmetic:
a strong inhibitor makes a poor metabolizer (Bousman 2023, PMID 36721313, for CYP2C19), anything weaker is told and
changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.drug_names import inhibitors_in
from tumorcast.biology.pgx.phenotypes import INDETERMINATE, phenotype_by_score

_FACTOR = {"strong": 0.0, "moderate": 0.5, "weak": 1.0}
_UNDER_MODERATE = {"Normal Metabolizer": "Intermediate Metabolizer", "Ultrarapid Metabolizer": INDETERMINATE}
_BY_STRENGTH = ("CYP2C19", "CYP2C9")


@dataclass(frozen=True)
class Conversion:
    """A phenotype under inhibitors.

    Attributes:
        phenotype: what guidance is looked up by; the genetic one where nothing changes.
        drugs: inhibitors with their strength.
        is_changed: whether `phenotype` or `activity_score` differs from the genetic one.
        unverified: drugs whose strength was not compared with its source.
    """

    gene: str
    phenotype: str
    activity_score: float | None
    drugs: tuple[tuple[str, str], ...]
    is_changed: bool
    unverified: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """One line."""
        names = ", ".join(f"{drug} ({strength})" for drug, strength in self.drugs)
        told = f"inhibitors of {self.gene} are given and change no phenotype here: {names}"
        if self.phenotype == INDETERMINATE and self.is_changed:
            told = f"under {names}: not known without an activity score (phenoconversion)"
        elif self.is_changed:
            told = f"under {names}: acts as {self.phenotype} (phenoconversion)"
        if not self.unverified:
            return told
        return f"{told}; strength not verified against its source: {', '.join(self.unverified)}"


@cache
def _inhibitors() -> dict[str, dict[str, dict[str, str]]]:
    table: dict[str, dict[str, dict[str, str]]] = {}
    for row in read_table("pgx_inhibitors").rows:
        table.setdefault(row["gene"], {})[row["drug"]] = row
    return table


def converted(call: GeneCall, drugs: Sequence[str]) -> Conversion | None:
    """The phenotype under these drugs; None where none of them inhibits the gene's enzyme or nothing is called.

    Args:
        drugs: names as written (`drug_names.inhibitors_in`).
    """
    known = _inhibitors().get(call.gene, {})
    given = sorted({name for drug in drugs for name in inhibitors_in(drug) if name in known})
    found = [(drug, known[drug]["strength"]) for drug in given]
    if not found or not call.is_called:
        return None
    strengths = {strength for _, strength in found}
    strongest = min(strengths, key=lambda one: _FACTOR[one])
    phenotype, score = call.phenotype, call.activity_score
    if call.gene == "CYP2D6" and score is not None:
        score *= _FACTOR[strongest]
        phenotype = phenotype_by_score("CYP2D6", score)
    elif strongest == "strong" and call.gene in (*_BY_STRENGTH, "CYP2D6"):
        phenotype, score = "Poor Metabolizer", (0.0 if call.gene == "CYP2D6" else None)
    elif strongest == "moderate" and call.gene == "CYP2D6":
        words = [_UNDER_MODERATE.get(word, word) for word in phenotype.split(" OR ")]
        phenotype = " OR ".join(dict.fromkeys(words))
    is_changed = (phenotype, score) != (call.phenotype, call.activity_score)
    unverified = tuple(drug for drug in given if not known[drug]["checked"])
    return Conversion(call.gene, phenotype, score, tuple(found), is_changed, unverified)
