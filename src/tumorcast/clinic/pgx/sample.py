"""One sample: its genes called, calls made elsewhere put over them, inhibitors, guidance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tumorcast.biology.pgx.beside_vcf import beside_vcf
from tumorcast.biology.pgx.call import GeneCall, call_gene
from tumorcast.biology.pgx.definitions import Definitions
from tumorcast.biology.pgx.drug_names import not_looked_up
from tumorcast.biology.pgx.genotypes import GeneGenotypes
from tumorcast.biology.pgx.guidance import Advice, advice_for, known_drugs
from tumorcast.biology.pgx.limits import limits_of
from tumorcast.biology.pgx.outside import no_outside_call, outside_call
from tumorcast.biology.pgx.phenoconversion import Conversion, converted
from tumorcast.biology.pgx.phenotypes import NO_CALL, PhenotypeRules, embedded_rules
from tumorcast.biology.pgx.several_calls import joined_calls
from tumorcast.readers.star_calls import GivenCall

_CYP2D6 = (
    "CYP2D6 is not called from short-read VCF (copies and hybrids of the gene): give a call made elsewhere"
)


@dataclass(frozen=True)
class SampleResult:
    """Everything that is told of one sample.

    Attributes:
        calls: gene -> call, genes sorted by name.
        conversions: gene -> phenotype under inhibitors.
        drugs: inhibitors' side: the other drugs that were counted, as written.
        without_guidance: drugs asked for that the table does not speak of.
    """

    sample: str
    calls: Mapping[str, GeneCall]
    conversions: Mapping[str, Conversion]
    advice: Sequence[Advice]
    drugs: Sequence[str]
    without_guidance: Sequence[str] = ()

    @property
    def not_looked_up(self) -> tuple[str, ...]:
        """Other drugs that the table of inhibitors does not know."""
        return not_looked_up(self.drugs)


def sample_result(
    sample: str,
    genotypes: Mapping[str, GeneGenotypes],
    given: Sequence[GivenCall],
    definitions: Definitions,
    asked: Sequence[str],
    drugs: Sequence[str] = (),
    sex: str | None = None,
) -> SampleResult:
    """Call, override, convert, advise.

    Args:
        genotypes: gene -> what a VCF shows; empty without one.
        asked: drugs that guidance is wanted for.
        drugs: other drugs that the patient takes.
    """
    rules = embedded_rules()
    calls = {gene: call_gene(definitions.genes[gene], one, rules, sex) for gene, one in genotypes.items()}
    if genotypes:
        calls["CYP2D6"] = GeneCall("CYP2D6", "", NO_CALL, phenotype_of_typed=NO_CALL, notes=(_CYP2D6,))
    for gene in dict.fromkeys(one.gene for one in given):
        told = joined_calls([_given_call(one, definitions, rules) for one in given if one.gene == gene])
        calls[gene] = beside_vcf(told, calls[gene]) if gene in calls else told
    calls = {gene: replace(call, limits=limits_of(call)) for gene, call in sorted(calls.items())}
    found = {gene: converted(call, drugs) for gene, call in calls.items()}
    conversions = {gene: one for gene, one in found.items() if one is not None}
    advice, unknown = (
        advice_for(asked, calls, conversions),
        tuple(one for one in asked if one not in known_drugs()),
    )
    return SampleResult(sample, calls, conversions, advice, tuple(drugs), unknown)


def _given_call(one: GivenCall, definitions: Definitions, rules: PhenotypeRules) -> GeneCall:
    if one.is_no_call:
        return no_outside_call(one.gene)
    values = (one.diplotype, one.phenotype, one.activity_score)
    return outside_call(one.gene, values, definitions.genes.get(one.gene), rules, one.lookup)
