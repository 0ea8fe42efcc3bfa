"""pgx.txt: what a person reads, dates and limits of the tables first."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.dates import OLDEST_DAYS, absent_changes, table_dates, unverified
from tumorcast.biology.pgx.definitions import Definitions
from tumorcast.biology.pgx.guidance import Advice
from tumorcast.clinic.pgx.sample import SampleResult
from tumorcast.clinic.pgx.tables import all_notes, shown_score

_WIDTH = 110
_WIDEST_NAME = 40
_HEADS = ("gene", "diplotype", "activity", "phenotype")
_LIMITS = (
    "Research use only; not a recommendation. Guidance is quoted with its source and date; no dose is computed.",
    "A position that was not typed is not reference, and a gene that was not called is not normal.",
    "Absence of known DPYD variants does not mean that a fluoropyrimidine is safe to dose.",
)


def text_of(
    results: Sequence[SampleResult],
    definitions: Definitions,
    file_notes: Mapping[str, Sequence[str]],
    today: date,
) -> str:
    """The whole text."""
    genes = {gene for result in results for gene in result.calls}
    lines = ["Pharmacogenomics", *_LIMITS, ""]
    for table in table_dates(definitions):
        mark = f"WARNING, older than {OLDEST_DAYS // 30} months: " if table.is_old(today) else ""
        lines.append(f"{mark}{table.name}, {table.date}: {table.version}")
    for name, (n_open, n) in unverified().items():
        lines.append(
            f"{name}: {n_open} of {n} rows were not verified against their sources; those shown below say so"
        )
    if definitions.left_out:
        lines.append(f"not in the folder, own definitions used: {', '.join(definitions.left_out)}")
    if absent := absent_changes(genes, definitions):
        lines += ["", "Changes of CPIC that these tables do not hold:", *(f"  {one}" for one in absent)]
    for name, notes in file_notes.items():
        lines += ["", *(f"{name}: {note}" for note in notes)]
    for result in results:
        lines += ["", *_sample_lines(result, definitions)]
    return "\n".join(part for line in lines for part in _wrapped(line)) + "\n"


def _wrapped(line: str) -> list[str]:
    if len(line) <= _WIDTH:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.wrap(line, _WIDTH, subsequent_indent=indent, drop_whitespace=True)


def _sample_lines(result: SampleResult, definitions: Definitions) -> list[str]:
    lines = [f"Sample {result.sample}", "=" * min(len(result.sample) + 7, _WIDTH)]
    if result.drugs:
        lines.append(f"Other drugs counted: {', '.join(result.drugs)}")
    if result.not_looked_up:
        lines.append(f"No inhibitor of the table, not looked up: {', '.join(result.not_looked_up)}")
    lines += _gene_lines(result, definitions)
    quoted = [one for one in result.advice if not one.is_refusal]
    refused = [one for one in result.advice if one.is_refusal]
    if quoted:
        lines += ["", "Guidance", *(line for group in _alike(quoted) for line in _quoted_lines(group))]
    if refused:
        lines += ["", "No guidance", *(line for group in _alike(refused) for line in _refused_lines(group))]
    if result.without_guidance:
        lines += ["", f"No guidance here speaks of: {', '.join(result.without_guidance)}"]
    return lines


def _gene_lines(result: SampleResult, definitions: Definitions) -> list[str]:
    """A table of genes, what limits each below it; those without a typed position in one line."""
    notes = {gene: all_notes(call, result, definitions) for gene, call in result.calls.items()}
    untyped = [gene for gene, call in result.calls.items() if _is_untyped(call) and len(notes[gene]) == 1]
    rows = {gene: _cells(call) for gene, call in result.calls.items() if gene not in untyped}
    columns = list(zip(_HEADS, *rows.values(), strict=True))
    widths = [min(max(map(len, column)), _WIDEST_NAME) for column in columns]
    lines = [_row(_HEADS, widths), _row(["-" * width for width in widths], widths)] if rows else []
    for gene, cells in rows.items():
        lines += [_row(cells, widths), *(f"    {note}" for note in notes[gene])]
    if untyped:
        lines.append(f"No call, none of their positions typed: {', '.join(untyped)}")
    return lines


def _is_untyped(call: GeneCall) -> bool:
    return not call.is_called and 0 < call.n_positions == len(call.missing)


def _cells(call: GeneCall) -> tuple[str, str, str, str]:
    name = call.diplotype or ("-" if call.is_called else "no call")
    how = " (call made elsewhere)" if call.is_outside else ""
    return call.gene, name, shown_score(call.activity_score) or "-", f"{call.phenotype}{how}"


def _row(cells: Iterable[str], widths: Iterable[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _alike(advice: Iterable[Advice]) -> list[list[Advice]]:
    """Drugs of which the same is said stand together."""
    groups: dict[tuple[str, ...], list[Advice]] = {}
    for one in advice:
        said = (_genes(one), one.text, one.caution, one.dose, one.alternative, one.strength, one.population)
        groups.setdefault(said, []).append(one)
    return list(groups.values())


def _genes(one: Advice) -> str:
    return ", ".join(f"{gene} {phenotype or 'not tested'}" for gene, phenotype in one.genes.items())


def _quoted_lines(group: Sequence[Advice]) -> list[str]:
    one = group[0]
    told = {
        "caution": one.caution, "dose quoted": one.dose, "alternative": one.alternative,
        "strength": one.strength, "population": one.population,
    }  # fmt: skip
    return [
        f"  {_drugs(group)} ({_genes(one)})",
        f"    {one.text}",
        *(f"    {name}: {value}" for name, value in told.items() if value),
        *_source_lines(group),
    ]


def _refused_lines(group: Sequence[Advice]) -> list[str]:
    one = group[0]
    caution = [f"    caution: {one.caution}"] if one.caution else []
    return [f"  {_drugs(group)}: {one.text}", *caution, *_source_lines(group)]


def _drugs(group: Iterable[Advice]) -> str:
    return ", ".join(one.drug for one in group)


def _source_lines(group: Iterable[Advice]) -> list[str]:
    sources: dict[str, list[Advice]] = {}
    for one in group:
        if one.source:
            sources.setdefault(f"{one.source}, {one.date}; {one.verification}", []).append(one)
    of_whom = {source: f" of {_drugs(told)}" if len(sources) > 1 else "" for source, told in sources.items()}
    return [f"    source{of_whom[source]}: {source}" for source in sources]
