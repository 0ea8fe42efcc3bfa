"""The host as FHIR R4: an `Observation` a gene, drug, score and methylome of what the record tells, and no other.

Codes of LOINC and of HL7's Genomics Reporting (STU 3) where they say exactly this: genotype, gene studied, medication
assessed, effect on metabolism and its answers, therapeutic implication. All else is a code of this program, or text. No
profile is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tumorcast.clinic.host import words
from tumorcast.clinic.host.findings import Ancestry, ClockReading, Methylome, ScoreFinding
from tumorcast.clinic.host.record import HostGene, HostRecord
from tumorcast.clinic.pgx.cautions import PgxCaution
from tumorcast.clinic.report.fhir_parts import LOINC, Json, absent, coded, own_concept, part

_IMPLICATION = "http://hl7.org/fhir/uv/genomics-reporting/CodeSystem/tbd-codes-cs"
_METABOLIZERS = {
    "Ultrarapid Metabolizer": ("LA10315-2", "Ultrarapid metabolizer"),
    "Rapid Metabolizer": ("LA25390-8", "Rapid metabolizer"),
    "Normal Metabolizer": ("LA25391-6", "Normal metabolizer"),
    "Intermediate Metabolizer": ("LA10317-8", "Intermediate metabolizer"),
    "Poor Metabolizer": ("LA9657-3", "Poor metabolizer"),
}
"""CPIC's words that the answers of LOINC 53040-2 have, too; "likely" and "possible" ones are none of these."""
_SECTIONS = (
    ("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory"),
    ("http://terminology.hl7.org/CodeSystem/v2-0074", "GE"),
)
Made = tuple[str, Json]
"""(part of the report that makes its address, what the resource says)."""


def host_observations(host: HostRecord, address: Callable[[str], str]) -> Iterator[Made]:
    """Of everything that the record tells.

    Args:
        address: part of the report -> the resource's fullUrl, for references.
    """
    for gene in host.genes:
        yield f"genotype-{gene.gene}", _genotype(gene)
    for n, one in enumerate(host.guidance):
        yield f"implication-{n}-{one.drug}", _implication(host, one, address)
    for score in host.scores:
        yield f"score-{score.score}", _score(score)
    for methylome in host.methylomes:
        yield f"methylome-{methylome.sample}", _methylome(methylome)


def _category() -> list[Json]:
    return [{"coding": [{"system": system, "code": code}]} for system, code in _SECTIONS]


def _genotype(gene: HostGene) -> Json:
    studied = {
        "code": coded(LOINC, "48018-6", "Gene studied [ID]", "Gene studied"),
        "valueCodeableConcept": {"text": gene.gene},
    }
    value = (
        {"valueCodeableConcept": {"text": f"{gene.gene} {gene.diplotype}"}}
        if gene.diplotype
        else absent("unknown", words.phenotype_of(gene))
    )
    limit = [words.DPYD_LIMIT] if gene.gene == "DPYD" else []
    return {
        "category": _category(),
        "code": coded(LOINC, "84413-4", "Genotype display name", f"Genotype of {gene.gene}"),
        **value,
        "component": [studied],
        "note": _notes(words.limits_of(gene), *limit),
    }


def _implication(host: HostRecord, one: PgxCaution, address: Callable[[str], str]) -> Json:
    own = {fact.gene for fact in one.genes}
    genes = [gene for gene in host.genes if gene.gene in own]
    assessed = {
        "code": coded(LOINC, "51963-7", "Medication assessed [ID]", "Medication assessed"),
        "valueCodeableConcept": {"text": one.drug},
    }
    quoted: Json = {"code": own_concept("guidance-quoted", "Guidance, quoted")}
    quoted |= absent("unknown", one.text) if one.is_refusal else {"valueString": words.quoted(one)}
    told = [("kind", words.says(one)), ("strength", words.strength_of(one)), ("source", words.source_of(one))]
    said: list[Json] = [
        {"code": own_concept(f"guidance-{name}", f"Guidance, {name}"), "valueString": text}
        for name, text in told
    ]
    return {
        "category": _category(),
        "code": coded(
            _IMPLICATION, "therapeutic-implication", "Therapeutic Implication", f"Guidance on {one.drug}"
        ),
        "derivedFrom": [{"reference": address(f"genotype-{gene.gene}")} for gene in genes],
        "component": [assessed, *map(_effect, genes), quoted, *said],
        "note": _notes(words.STATEMENT, words.IN_FORCE),
    }


def _effect(gene: HostGene) -> Json:
    """The phenotype that guidance was looked up by; under inhibitors it is not the genes' effect alone."""
    text = f"{gene.gene}: phenotype as used"
    of_genes = coded(LOINC, "53040-2", "Genetic variation's effect on drug metabolism", text)
    answer = _METABOLIZERS.get(gene.phenotype)
    is_coded = gene.is_known and answer is not None and not gene.is_converted
    made: Json = {"code": of_genes if is_coded else own_concept("phenotype-as-used", text)}
    if not gene.is_known:
        return {**made, **absent("unknown", words.phenotype_of(gene))}
    if answer is None or not is_coded:
        return {**made, "valueCodeableConcept": {"text": gene.phenotype}}
    return {**made, "valueCodeableConcept": coded(LOINC, *answer, gene.phenotype)}


def _score(one: ScoreFinding) -> Json:
    rates = [
        part("match-rate", "Share of the score's variants", one.match_rate),
        part("weight-coverage", "Share of its weight", one.weight_coverage),
    ]
    return {
        "category": _category(),
        "code": own_concept("polygenic-score", one.score),
        **(absent("unsupported", one.refusal or "") if one.sum is None else _quantity(one.sum, "1")),
        "component": [*rates, _percentile(one.ancestry)],
        "note": _notes(words.SCORE_LIMIT),
    }


def _percentile(told: Ancestry | None) -> Json:
    made: Json = {"code": own_concept("percentile", "Percentile among reference people")}
    if told is None or told.percentile is None:
        why = "no reference people were given" if told is None else told.refusal or "not given"
        return {**made, **absent("not-applicable", why)}
    within = f"{told.population}, {told.n_reference} people"
    return {
        "code": own_concept("percentile", f"Percentile within {within}"),
        **_quantity(told.percentile, "%"),
    }


def _methylome(one: Methylome) -> Json:
    declared = ", ".join(filter(None, (one.sample, one.tissue, one.platform)))
    made: Json = {
        "code": own_concept("methylome", f"Epigenetic clocks: {declared}"),
        "note": _notes(words.CLOCK_LIMIT, *one.notes),
    }
    if one.refusal is not None:
        return {**made, **absent("unsupported", one.refusal)}
    return {**made, "component": [_reading(each) for each in one.readings]}


def _reading(one: ClockReading) -> Json:
    made: Json = {"code": own_concept(f"clock-{one.kind}", one.clock)}
    if one.value is None:
        return {**made, **absent("unsupported", one.refusal or "")}
    return {**made, **_quantity(one.value, one.unit)}


def _quantity(value: float, unit: str) -> Json:
    return {"valueQuantity": {"value": round(value, 6), "unit": unit}}


def _notes(*texts: str) -> list[Json]:
    return [{"text": text} for text in texts if text]
