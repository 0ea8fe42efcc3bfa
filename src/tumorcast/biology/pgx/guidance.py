"""Dated, sourced guidance, quoted for the drugs at hand; no dose is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, get_args

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.phenoconversion import Conversion
from tumorcast.biology.pgx.phenotypes import INDETERMINATE, NO_CALL, UNCHARACTERISED

Action = Literal["avoid", "alternative", "lower dose", "higher dose", "monitor", "test", "no change"]
ACTIONS: tuple[Action, ...] = get_args(Action)
NOT_VERIFIED = "not verified against its source"
_MISSING = (NO_CALL, INDETERMINATE, UNCHARACTERISED, "")


@dataclass(frozen=True)
class Advice:
    """One quoted statement for one drug.

    Attributes:
        genes: what it rests on, gene -> phenotype as used (after inhibitors).
        text, dose, alternative, strength, population: of the guidance; "" where it gives none.
        is_refusal: no guidance can be quoted; `text` says why, and there is no dose.
        action: one of `ACTIONS`: the kind of thing that the text says, in our words.
        caution: why the genes may work less well than called, so that the text may not go far enough; "" no reason.
        checked, checked_on: what the row was compared with, and when; "" where nothing was at hand.
    """

    drug: str
    genes: Mapping[str, str]
    text: str
    dose: str = ""
    alternative: str = ""
    strength: str = ""
    population: str = ""
    source: str = ""
    date: str = ""
    is_refusal: bool = False
    action: Action = "test"
    checked: str = ""
    checked_on: str = ""
    caution: str = ""

    @property
    def is_verified(self) -> bool:
        """Whether the row was compared with its source, or with a published copy of it."""
        return bool(self.checked)

    @property
    def verification(self) -> str:
        """In words; "" where nothing is quoted."""
        if not self.source:
            return ""
        return f"compared with {self.checked}, {self.checked_on}" if self.checked else NOT_VERIFIED


def known_drugs() -> tuple[str, ...]:
    """Drugs that the guidance table speaks of."""
    return tuple(dict.fromkeys(row["drug"] for row in _rows()))


def genes_of(drug: str) -> tuple[str, ...]:
    """Genes that decide on a drug."""
    conditions = [_conditions(row["when"]) for row in _rows() if row["drug"] == drug]
    return tuple(dict.fromkeys(gene for one in conditions for gene in one))


def advice_for(
    drugs: Iterable[str], calls: Mapping[str, GeneCall], conversions: Mapping[str, Conversion]
) -> list[Advice]:
    """What guidance says for each drug, in its order; a refusal where a gene that decides is not known."""
    return [one for drug in drugs for one in _for_drug(drug, calls, conversions)]


def _for_drug(
    drug: str, calls: Mapping[str, GeneCall], conversions: Mapping[str, Conversion]
) -> list[Advice]:
    genes = {gene: _phenotype(gene, calls, conversions) for gene in genes_of(drug)}
    if not genes:
        return []
    several = [gene for gene, phenotype in genes.items() if " OR " in phenotype]
    if several:
        why = f"no guidance: {', '.join(several)} has several possible phenotypes"
        return [Advice(drug, genes, why, is_refusal=True)]
    caution = _caution(genes, calls)
    found = [
        _advice(row, genes, caution)
        for row in _rows()
        if row["drug"] == drug and _holds(row["when"], genes, calls, conversions)
    ]
    if found:
        return found
    unknown = [
        f"{gene} ({phenotype or 'not tested'})" for gene, phenotype in genes.items() if phenotype in _MISSING
    ]
    if unknown:
        return [
            Advice(drug, genes, f"no guidance without a phenotype: {', '.join(unknown)}", is_refusal=True)
        ]
    why = "the guidance in the table says nothing for this result"
    scored = [
        gene for gene in genes if _goes_by_score(drug, gene) and _score(gene, calls, conversions) is None
    ]
    if scored:
        why += f"; it goes by the activity score of {', '.join(scored)}, which is not known"
    return [Advice(drug, genes, why, is_refusal=True)]


def _goes_by_score(drug: str, gene: str) -> bool:
    return any(
        f"{gene}={how}:" in row["when"]
        for how in ("score", "within")
        for row in _rows()
        if row["drug"] == drug
    )


def _score(
    gene: str, calls: Mapping[str, GeneCall], conversions: Mapping[str, Conversion]
) -> float | None:  # fmt: skip
    return conversions[gene].activity_score if gene in conversions else calls[gene].activity_score


def _caution(genes: Iterable[str], calls: Mapping[str, GeneCall]) -> str:
    told = [f"{gene}: {one}" for gene in genes if gene in calls for one in calls[gene].limits]
    return f"function may be lower than called ({'; '.join(told)})" if told else ""


def _advice(row: Mapping[str, str], genes: Mapping[str, str], caution: str) -> Advice:
    return Advice(
        row["drug"], genes, row["text"], row["dose"], row["alternative"], row["strength"], row["population"],
        row["source"], row["date"],
        is_refusal=not row["dose"] and "missing" in row["when"],
        action=next(one for one in ACTIONS if one == row["action"]),
        checked=row["checked"], checked_on=row["checked_on"], caution=caution,
    )  # fmt: skip


def _phenotype(
    gene: str, calls: Mapping[str, GeneCall], conversions: Mapping[str, Conversion]
) -> str:  # fmt: skip
    if gene in conversions:
        return conversions[gene].phenotype
    return calls[gene].phenotype if gene in calls else ""


def _holds(
    when: str, genes: Mapping[str, str], calls: Mapping[str, GeneCall], conversions: Mapping[str, Conversion]
) -> bool:
    return all(
        any(_is(gene, value, genes[gene], calls, conversions) for value in values)
        for gene, values in _conditions(when).items()
    )


def _is(
    gene: str,
    value: str,
    phenotype: str,
    calls: Mapping[str, GeneCall],
    conversions: Mapping[str, Conversion],
) -> bool:
    kind, _, wanted = value.partition(":")
    if value == "missing":
        return phenotype in _MISSING
    if gene not in calls or phenotype in _MISSING:
        return False
    if kind == "score" and wanted:
        score = _score(gene, calls, conversions)
        return score is not None and score == float(wanted)
    if kind == "within" and wanted:
        score = _score(gene, calls, conversions)
        return score is not None and _is_within(score, wanted)
    if kind == "unscored" and wanted:
        return phenotype == wanted and _score(gene, calls, conversions) is None
    if kind == "has" and wanted:
        return wanted in phenotype.split("; ")
    if kind == "diplotype" and wanted:
        return "/".join(calls[gene].lookup) == wanted
    return phenotype == value


def _is_within(score: float, interval: str) -> bool:
    """`(0,1)`, `[1,1.25)`: a square bracket holds its end."""
    low, high = map(float, interval[1:-1].split(","))
    above = score >= low if interval[0] == "[" else score > low
    return above and (score <= high if interval[-1] == "]" else score < high)


def _conditions(when: str) -> dict[str, tuple[str, ...]]:
    """`GENE=value|value;GENE=...`.

    A value is a phenotype, `score:1.5`, `within:[1,1.25)` (where CPIC speaks of bins), `unscored:PHENOTYPE` (given
    without an activity score), `diplotype:*1/*2`,
    `has:*57:01 positive` (one of several alleles) or `missing`.
    """
    found = {}
    for word in when.split(";"):
        gene, _, values = word.partition("=")
        prefix = "diplotype:" if values.startswith("diplotypes:") else ""
        found[gene] = tuple(prefix + one for one in values.removeprefix("diplotypes:").split("|"))
    return found


@cache
def _rows() -> tuple[dict[str, str], ...]:
    return read_table("pgx_guidance").rows
