"""pgx.txt: what a person reads, dates and limits of the tables first."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import date

from tumorcast.biology.pgx.dates import OLDEST_DAYS, absent_changes, table_dates, unverified
from tumorcast.biology.pgx.definitions import Definitions
from tumorcast.biology.pgx.guidance import Advice
from tumorcast.clinic.pgx.sample import SampleResult
from tumorcast.clinic.pgx.tables import all_notes, shown_score

_WIDTH = 110
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
    wrapped = (textwrap.wrap(line, _WIDTH, subsequent_indent="    ") or [""] for line in lines)
    return "\n".join(part for one in wrapped for part in one) + "\n"


def _sample_lines(result: SampleResult, definitions: Definitions) -> list[str]:
    lines = [f"Sample {result.sample}", "=" * min(len(result.sample) + 7, _WIDTH)]
    if result.drugs:
        lines.append(f"Other drugs counted: {', '.join(result.drugs)}")
    if result.not_looked_up:
        lines.append(f"No inhibitor of the table, not looked up: {', '.join(result.not_looked_up)}")
    for gene, call in result.calls.items():
        score = f", activity {shown_score(call.activity_score)}" if call.activity_score is not None else ""
        how = " (call made elsewhere)" if call.is_outside else ""
        lines.append(f"{gene}: {call.diplotype or 'no diplotype'}: {call.phenotype}{score}{how}")
        lines += [f"    - {note}" for note in all_notes(call, result, definitions)]
    if result.without_guidance:
        lines += ["", f"No guidance here speaks of: {', '.join(result.without_guidance)}"]
    if result.advice:
        lines += ["", "Guidance"]
        lines += [line for one in result.advice for line in _advice_lines(one)]
    return lines


def _advice_lines(one: Advice) -> list[str]:
    genes = ", ".join(f"{gene} {phenotype or 'not tested'}" for gene, phenotype in one.genes.items())
    lines = [f"{one.drug} ({genes}): {one.text}"]
    told = {
        "caution": one.caution,
        "dose quoted": one.dose, "alternative": one.alternative, "strength": one.strength,
        "population": one.population,
    }  # fmt: skip
    lines += [f"    {name}: {value}" for name, value in told.items() if value]
    if one.source:
        lines.append(f"    source: {one.source}, {one.date}; {one.verification}")
    return lines
