"""The door for ranking, report and web: what guidance says of a regimen's drugs for one sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tumorcast.biology.drugs import normalise_agents
from tumorcast.biology.pgx.guidance import Action, Advice, advice_for, genes_of
from tumorcast.biology.regimens.regimen import Regimen
from tumorcast.clinic.pgx.record import PgxRecord

State = Literal["present", "absent", "not known"]


@dataclass(frozen=True)
class GeneFact:
    """One gene that a drug's guidance rests on, and nothing else of the germline.

    Attributes:
        diplotype: "" where there is none.
        phenotype: as used, after inhibitors; "" not tested.
        notes: what limits the call.
    """

    gene: str
    diplotype: str
    phenotype: str
    activity_score: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PgxCaution:
    """One quoted statement on one drug. It never moves a regimen's place, and no dose is computed.

    Attributes:
        state: "present": guidance asks for something else than usual; "absent": it does not; "not known": refused.
        action: what kind of thing the text says.
        text: quoted, or why nothing can be.
        dose, alternative, strength, population, source, date: of the guidance; "" where it gives none.
        caution: why the genes may work less well than called, so that the text may not go far enough; "" no reason.
        verification: what the quotation was compared with, or that it was not; "" where nothing is quoted.
        is_refusal: no guidance can be quoted; there is no dose.
    """

    drug: str
    state: State
    action: Action
    genes: tuple[GeneFact, ...]
    text: str
    dose: str
    alternative: str
    strength: str
    population: str
    source: str
    date: str
    verification: str
    is_refusal: bool
    caution: str = ""


def pgx_cautions(
    record: PgxRecord | None, treatment: Regimen | str | Iterable[str]
) -> tuple[PgxCaution, ...]:
    """Of every drug of a treatment that guidance speaks of, in the treatment's order.

    Args:
        record: of the patient's germline sample; None: not tested, which is told as such and never as normal.
        treatment: a formulary's entry, free text (`FOLFIRI`), or names of drugs.
    """
    calls = record.calls if record else {}
    conversions = record.conversions if record else {}
    found = advice_for(drugs_of(treatment), calls, conversions)
    return tuple(_caution(one, record) for one in found)


def genes_needed(treatment: Regimen | str | Iterable[str]) -> tuple[str, ...]:
    """Genes that guidance on a treatment's drugs rests on."""
    return tuple(dict.fromkeys(gene for drug in drugs_of(treatment) for gene in genes_of(drug)))


def drugs_of(treatment: Regimen | str | Iterable[str]) -> tuple[str, ...]:
    """Generic names, each once."""
    if isinstance(treatment, Regimen):
        return tuple(dict.fromkeys(agent.name for agent in treatment.agents))
    texts = (treatment,) if isinstance(treatment, str) else treatment
    return tuple(dict.fromkeys(agent.name for text in texts for agent in normalise_agents(text)))


def _caution(advice: Advice, record: PgxRecord | None) -> PgxCaution:
    genes = tuple(_fact(gene, phenotype, record) for gene, phenotype in advice.genes.items())
    state: State = "absent" if advice.action == "no change" else "present"
    return PgxCaution(
        advice.drug, "not known" if advice.is_refusal else state, advice.action, genes, advice.text, advice.dose,
        advice.alternative, advice.strength, advice.population, advice.source, advice.date, advice.verification,
        advice.is_refusal, advice.caution,
    )  # fmt: skip


def _fact(gene: str, phenotype: str, record: PgxRecord | None) -> GeneFact:
    if record is None or gene not in record.calls:
        return GeneFact(gene, "", "", None, ())
    conversion = record.conversions.get(gene)
    score = conversion.activity_score if conversion else record.calls[gene].activity_score
    return GeneFact(gene, record.calls[gene].diplotype, phenotype, score, record.notes.get(gene, ()))
