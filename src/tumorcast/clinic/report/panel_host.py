"""The patient's own genome and methylome as a panel of a report, and what of it stands on the first page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from tumorcast.clinic.host import words
from tumorcast.clinic.host.findings import Ancestry, ClockReading, Methylome, ScoreFinding
from tumorcast.clinic.host.record import HostGene, HostRecord
from tumorcast.clinic.pgx.cautions import PgxCaution
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.record import Flag
from tumorcast.clinic.report.tables import Table
from tumorcast.clinic.report.words import minus

_GENE_HEAD = ("Gene", "For", "Diplotype", "Phenotype as used", "Activity", "What limits it")
_GUIDANCE_HEAD = ("Drug", "Says", "Quoted", "Strength", "Source")
_SCORE_HEAD = ("Score", "Sum", "Match rate", "Weight coverage", "Percentile among reference people")
_CLOCK_HEAD = ("Clock", "Says", "Probes measured", "Filled in", "What to know")
_GENE_SHARES = (0.1, 0.15, 0.19, 0.18, 0.1, 0.28)
_GUIDANCE_SHARES = (0.15, 0.1, 0.35, 0.17, 0.23)
_SCORE_SHARES = (0.2, 0.26, 0.1, 0.12, 0.32)
_CLOCK_SHARES = (0.26, 0.18, 0.12, 0.1, 0.34)


def host_panel(host: HostRecord) -> Panel:
    """Genes, guidance, scores, clocks; what is not known is told as such and has no number."""
    return Panel(
        key="host",
        title=words.TITLE,
        statement=words.STATEMENT,
        warnings=words.warnings_of(host),
        lines=tuple(_lines(host)),
        chart=None,
        alt="",
        tables=tuple(_tables(host)),
        notes=tuple(_notes(host)),
    )


def host_flags(host: HostRecord) -> tuple[Flag, ...]:
    """Old tables; of the course's own treatment what guidance says otherwise than usual, and what is not known."""
    own = {drug for one in host.regimens if one.is_recorded for drug in one.drugs}
    mine = [one for one in host.guidance if one.drug in own]
    flags = [Flag("warning", "host_tables_old", host.old_tables)] if host.old_tables else []
    if told := dict.fromkeys(f"{one.drug} ({one.action})" for one in mine if one.state == "present"):
        flags.append(Flag("warning", "host_guidance", words.OTHERWISE.format(drugs=", ".join(told))))
    if unknown := dict.fromkeys(one.drug for one in mine if one.state == "not known"):
        flags.append(Flag("warning", "host_not_known", words.NOTHING_KNOWN.format(drugs=", ".join(unknown))))
    return tuple(flags)


def _lines(host: HostRecord) -> Iterator[str]:
    told = []
    for file, sample, is_known in host.sources:
        told.append(
            f"{file}, sample {sample}" if is_known else f"{file}, {words.DECLARED.format(sample=sample)}"
        )
    if told:
        yield f"From {'; '.join(told)}."
    if host.without_guidance:
        yield f"The table of guidance says nothing of {', '.join(host.without_guidance)}."


def _notes(host: HostRecord) -> Iterator[str]:
    if host.guidance:
        yield words.IN_FORCE
    if host.scores:
        yield words.SCORE_LIMIT
    if host.methylomes:
        yield words.CLOCK_LIMIT
    yield words.DONOR


def _tables(host: HostRecord) -> Iterator[Table]:
    if host.genes:
        genes = tuple(map(_gene, host.genes))
        yield Table("Genes that matter for the regimens at hand", _GENE_HEAD, genes, (4,), "", _GENE_SHARES)
    if host.guidance:
        quoted = tuple(_guidance(host, one) for one in host.guidance)
        yield Table("Guidance, quoted", _GUIDANCE_HEAD, quoted, (), "", _GUIDANCE_SHARES)
    if host.scores or host.refused_files:
        refused = ((one.file, f"none: {_line(one.reason)}", "", "", "none") for one in host.refused_files)
        scores = (*map(_score, host.scores), *refused)
        yield Table("Polygenic scores that were asked for", _SCORE_HEAD, scores, (2, 3), "", _SCORE_SHARES)
    for one in host.methylomes:
        yield _clocks(one)


def _gene(one: HostGene) -> tuple[str, ...]:
    called = (one.gene, ", ".join(one.drugs), one.diplotype or "none", words.phenotype_of(one))
    return *called, words.score_of(one), words.limits_of(one)


def _guidance(host: HostRecord, one: PgxCaution) -> tuple[str, ...]:
    said = (_drug(host, one.drug), words.says(one), words.quoted(one))
    return *said, words.strength_of(one), words.source_of(one)


def _drug(host: HostRecord, drug: str) -> str:
    """With the regimens that it is of."""
    own = any(one.is_recorded for one in host.regimens if drug in one.drugs)
    n = sum(not one.is_recorded for one in host.regimens if drug in one.drugs)
    candidates = f"{n} candidate{'s' if n > 1 else ''}" if n else ""
    return f"{drug} ({', '.join(filter(None, ('recorded' if own else '', candidates)))})"


def _score(one: ScoreFinding) -> tuple[str, ...]:
    name = f"{one.score} ({one.trait})" if one.trait else one.score
    said = f"none: {one.refusal}" if one.sum is None else minus(f"{one.sum:.6g}")
    rates = (f"{one.match_rate:.1%}", f"{one.weight_coverage:.1%}")
    return name, said, *rates, "none" if one.sum is None else _percentile(one.ancestry)


def _percentile(told: Ancestry | None) -> str:
    if told is None:
        return "none: no reference people were given"
    if told.percentile is None:
        return f"none: {told.refusal or 'not given'}"
    return f"{told.percentile:.1f} within {told.population} ({told.n_reference} people)"


def _clocks(one: Methylome) -> Table:
    declared = (one.sample, one.tissue or "tissue not known", one.platform or "platform not known")
    age = () if one.given_age is None else (f"given age {one.given_age:g}",)
    title = f"Epigenetic clocks: {', '.join((*declared, *age))}"
    rows = tuple(_reading(each) for each in one.readings if each.value is not None)
    refused = defaultdict(list)
    for each in one.readings:
        if each.refusal is not None:
            refused[each.refusal].append(each.clock)
    rows += tuple((", ".join(names), "none", "", "", why) for why, names in refused.items())
    if one.refusal is not None:
        rows = (("all", "none", "", "", one.refusal),)
    return Table(title, _CLOCK_HEAD, rows, (2, 3), "; ".join(one.notes), _CLOCK_SHARES)


def _reading(one: ClockReading) -> tuple[str, ...]:
    value = one.value or 0.0
    said = f"{value:.1f}" if one.kind == "age" else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    shares = ("" if share is None else f"{share:.1%}" for share in (one.coverage, one.imputed))
    return one.clock, f"{minus(said)} {one.unit}", *shares, "; ".join(one.notes)


def _line(text: str) -> str:
    return " ".join(text.split())
