"""`HostFindings` + regimens at hand -> `HostRecord`: of the germline only what a regimen or the user asks for."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import replace

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.dates import OLDEST_DAYS
from tumorcast.biology.pgx.phenotypes import INDETERMINATE, NO_CALL, UNCHARACTERISED
from tumorcast.clinic.host.findings import HostFindings, PgxFindings, TableUsed
from tumorcast.clinic.host.record import HostGene, HostRecord, RegimenAtHand
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.host.words import DPYD_NOTE, NOT_TESTED, old_tables
from tumorcast.clinic.pgx.cautions import GeneFact, PgxCaution, drugs_of, genes_needed, pgx_cautions

_UNKNOWN = ("", NO_CALL, INDETERMINATE, UNCHARACTERISED)
_GUIDANCE = "pgx_guidance"


def at_hand(name: str, treatment: str | Sequence[str], is_recorded: bool = False) -> RegimenAtHand:
    """A regimen from its text or its drugs' names."""
    return RegimenAtHand(name, is_recorded, drugs_of(treatment))


def told_of(
    found: HostFindings, regimens: Sequence[RegimenAtHand], wanted: Wanted, today: datetime.date
) -> HostRecord:
    """What a report says.

    Args:
        regimens: the course's own treatment and the candidates.
        wanted: by which the findings were chosen.
        today: against which tables are old or not.
    """
    drugs = tuple(dict.fromkeys(drug for one in regimens for drug in one.drugs))
    guidance = pgx_cautions(found.pgx.record if found.pgx else None, drugs)
    scored = found.pgs
    return HostRecord(
        sources=tuple(_sources(found, wanted)),
        old_tables=_old(found.pgx, today) if guidance else "",
        warnings=(*_warnings(found.pgx, drugs), *found.absent),
        regimens=tuple(regimens),
        genes=tuple(_genes(guidance, found.pgx)),
        guidance=tuple(map(_without_notes, guidance)),
        without_guidance=tuple(drug for drug in drugs if not genes_needed((drug,))),
        scores=() if scored is None else scored.scores,
        refused_files=() if scored is None else scored.refused_files,
        methylomes=found.methylomes,
    )


def _sources(found: HostFindings, wanted: Wanted) -> Iterator[tuple[str, str, bool]]:
    samples = [(found.pgx.file, found.pgx.sample)] if found.pgx else []
    samples += [("pgs.json", found.pgs.sample)] if found.pgs else []
    samples += [("clock.json", one.sample) for one in found.methylomes]
    for file, sample in samples:
        yield file, sample, wanted.is_known(sample)


def _old(pgx: PgxFindings | None, today: datetime.date) -> str:
    old = [(one.name, one.date) for one in _tables(pgx) if _days(one, today) > OLDEST_DAYS]
    return old_tables(old) if old else ""


def _warnings(pgx: PgxFindings | None, drugs: tuple[str, ...]) -> Iterator[str]:
    genes = genes_needed(drugs)
    if not genes:
        return
    if pgx is None:
        yield NOT_TESTED.format(genes=", ".join(genes))
    for change in pgx.absent_changes if pgx else ():
        if pgx is not None and not pgx.tables:
            yield f"{change[:1].upper()}{change[1:]}."
        elif set(change.partition(":")[0].split()) & set(genes):
            yield f"Not in the tables: {change}"


def _tables(pgx: PgxFindings | None) -> Iterator[TableUsed]:
    """Those that calls were made with, and the guidance that is quoted now."""
    yield from (one for one in (pgx.tables if pgx else ()) if one.name != _GUIDANCE)
    notes = read_table(_GUIDANCE).notes
    yield TableUsed(_GUIDANCE, notes["source"], notes["version"], notes["date"])


def _days(table: TableUsed, today: datetime.date) -> int:
    return (today - datetime.date.fromisoformat(table.date)).days


def _genes(guidance: Sequence[PgxCaution], pgx: PgxFindings | None) -> Iterator[HostGene]:
    facts = {one.gene: one for caution in guidance for one in caution.genes}
    for gene, fact in facts.items():
        drugs = dict.fromkeys(one.drug for one in guidance if gene in {each.gene for each in one.genes})
        outside = pgx.outside.get(gene, ()) if pgx else ()
        conversion = pgx.record.conversions.get(gene) if pgx else None
        told = _gene(fact, tuple(drugs), tuple(f"{one.variant} ({one.kind})" for one in outside))
        yield replace(told, is_converted=conversion is not None and conversion.is_changed)


def _gene(fact: GeneFact, drugs: tuple[str, ...], outside: tuple[str, ...]) -> HostGene:
    is_known = fact.phenotype not in _UNKNOWN
    notes = tuple(note for note in fact.notes if not note.startswith(DPYD_NOTE))
    score = fact.activity_score if is_known else None
    return HostGene(fact.gene, drugs, fact.diplotype, fact.phenotype, score, is_known, outside, notes)


def _without_notes(one: PgxCaution) -> PgxCaution:
    """Notes of genes stand with the genes."""
    return replace(one, genes=tuple(replace(gene, notes=()) for gene in one.genes))
