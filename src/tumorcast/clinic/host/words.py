"""The host in words: sentences that panel, page and print share."""

from __future__ import annotations

from collections.abc import Sequence

from tumorcast.clinic.host.record import HostGene, HostRecord
from tumorcast.clinic.pgx.cautions import PgxCaution
from tumorcast.clinic.pgx.tables import shown_score

TITLE = "Host: the patient's own genome and methylome"
STATEMENT = (
    "Beside the prediction: what is quoted here moved no number and no regimen's place; what a model learned of layers "
    "of the host stands with what the number rests on. Guidance is quoted with its source and date; no dose is "
    "computed. Shown are genes that guidance on the drugs at hand rests on, and scores and clocks that were asked for; "
    "nothing else."
)
DPYD_LIMIT = "Absence of known DPYD variants does not mean safe to dose."
DPYD_NOTE = "absence of known DPYD variants"
"""How the same limit begins among the notes of a call."""
NOT_TESTED = "No pharmacogenes of this patient were given: {genes} not tested, which is not normal."
IN_FORCE = "Clinical guidance in force and the laboratory's own report count."
SCORE_LIMIT = (
    "A sum of weights is no risk and no diagnosis: it compares people of one ancestry who were genotyped alike. A "
    "percentile stands within its reference ancestry alone."
)
CLOCK_LIMIT = (
    "A clock's age is a statistical read-out of methylation, not a diagnosis. Of tumour tissue no age is given. Of "
    "blood it is the host's, and wrong in leukaemia."
)
DONOR = (
    "After a transplant of blood stem cells, blood carries the donor's genome and methylome. When samples were taken "
    "is not in these files."
)
OTHERWISE = "Pharmacogenomic guidance asks for something else than usual on {drugs}: see Host."
NOTHING_KNOWN = (
    "The pharmacogenes that guidance on {drugs} rests on are not known, which is not normal: see Host."
)
DECLARED = "sample {sample}: that it is this patient's was declared with the file, its name does not say so"


def old_tables(tables: Sequence[tuple[str, str]]) -> str:
    """Of (name, date) of those that are old."""
    told = ", ".join(f"{name.removeprefix('pgx_').replace('_', ' ')} ({date})" for name, date in tables)
    return f"Pharmacogenomic tables are older than 12 months, guidance may have changed since: {told}."


def warnings_of(host: HostRecord) -> tuple[str, ...]:
    """What stands first: old tables, what was not tested or is not in the tables, what a call of DPYD does not say."""
    dpyd = any(one.gene == "DPYD" for one in host.genes)
    return tuple(filter(None, (host.old_tables, *host.warnings, DPYD_LIMIT if dpyd else "")))


def says(one: PgxCaution) -> str:
    """What kind of thing guidance says: `lower dose`, `no change`; or that it is not known."""
    return "not known" if one.state == "not known" else one.action


def quoted(one: PgxCaution) -> str:
    """The text with caution, dose and alternative, or why nothing is quoted."""
    more = {"Caution": one.caution, "Dose, quoted": one.dose, "Alternative": one.alternative}
    return " ".join([one.text, *(f"{name}: {text}." for name, text in more.items() if text)])


def strength_of(one: PgxCaution) -> str:
    """`strong, general`."""
    return ", ".join(filter(None, (one.strength, one.population))) or "not given"


def source_of(one: PgxCaution) -> str:
    """With its date, and what the quotation was compared with."""
    return f"{one.source}, {one.date}; {one.verification}" if one.source else "nothing is quoted"


def phenotype_of(one: HostGene) -> str:
    """As used; what is not known is told to be no normal result."""
    phenotype = one.phenotype or "not tested"
    return phenotype if one.is_known else f"not known ({phenotype}), which is not normal"


def score_of(one: HostGene) -> str:
    return shown_score(one.activity_score) or "none"


def limits_of(one: HostGene) -> str:
    """What limits the call, and variants outside the named alleles."""
    notes = "; ".join(one.notes)
    others = [variant for variant in one.uncharacterised if variant.partition(" (")[0] not in notes]
    told = (notes, f"uncharacterised: {', '.join(others)}" if others else "")
    return "; ".join(filter(None, told)) or "nothing noted"


def gene_line(one: HostGene) -> str:
    """`DPYD *1/*2A: Intermediate Metabolizer (activity 1; nothing noted)`."""
    name = " ".join(filter(None, (one.gene, one.diplotype)))
    return f"{name}: {phenotype_of(one)} (activity {score_of(one)}; {limits_of(one)})"


def guidance_line(host: HostRecord, one: PgxCaution) -> str:
    """`fluorouracil [lower dose]: genes: quotation (strength; source, date; what it was compared with)`."""
    own = {fact.gene for fact in one.genes}
    genes = "; ".join(gene_line(gene) for gene in host.genes if gene.gene in own)
    return f"{one.drug} [{says(one)}]: {genes}: {quoted(one)} ({strength_of(one)}; {source_of(one)})"
