"""A sample's calls as rows: pgx.csv, PharmCAT's calls-only TSV, and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from tumorcast import __version__
from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.dates import absent_changes, stale_alleles, table_dates, unverified
from tumorcast.biology.pgx.definitions import Definitions
from tumorcast.biology.pgx.notes import notes_of
from tumorcast.biology.pgx.outside_names import binned_name
from tumorcast.biology.pgx.phenotypes import NO_CALL, SCORED
from tumorcast.clinic.pgx.sample import SampleResult

FORMAT = "tumorcast-pgx-1"
COLUMNS = ("sample", "gene", "diplotype", "activity_score", "phenotype", "note")
PHARMCAT_COLUMNS = (
    "Gene", "Source Diplotype", "Phenotype", "Activity Score", "Haplotype 1", "Haplotype 1 Function",
    "Haplotype 1 Activity Value", "Haplotype 2", "Haplotype 2 Function", "Haplotype 2 Activity Value",
    "Outside Call", "Match Score", "Missing positions", "Recommendation Lookup Diplotype",
    "Recommendation Lookup Phenotype", "Recommendation Lookup Activity Score",
)  # fmt: skip
_SEVERAL = (" OR ", " AND ")


def shown_score(value: float | None) -> str:
    """`1.5`, "" without one."""
    return "" if value is None else f"{value:.4f}".rstrip("0").ljust(3, "0")


def all_notes(call: GeneCall, result: SampleResult, definitions: Definitions) -> list[str]:
    """Notes of the call, of its alleles' dates and of inhibitors."""
    notes = notes_of(call) + stale_alleles(call.gene, call.lookup, definitions)
    if call.gene in result.conversions:
        notes.append(result.conversions[call.gene].note)
    if call.is_called and not call.is_outside and not call.diplotype:
        notes.append("no diplotype")
    return notes


def csv_text(results: Sequence[SampleResult], definitions: Definitions) -> str:
    """pgx.csv."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for result in results:
        for gene, call in result.calls.items():
            note = "; ".join(all_notes(call, result, definitions))
            name = call.diplotype or ("" if call.is_called else NO_CALL)
            score = shown_score(call.activity_score)
            rows.writerow((result.sample, gene, name, score, call.phenotype, note))
    return text.getvalue()


def pharmcat_text(result: SampleResult) -> str:
    """The calls as PharmCAT's calls-only report has them: a version line, a header, one row a gene."""
    lines = [f"tumorcast {__version__}", "\t".join(PHARMCAT_COLUMNS)]
    lines += ["\t".join(_pharmcat_row(call)) for call in result.calls.values()]
    return "\n".join(lines) + "\n"


def _pharmcat_row(call: GeneCall) -> list[str]:
    outside = "yes" if call.is_outside else "no"
    missing = "yes" if call.missing else "no"
    if not call.is_called:
        return [call.gene, "no call", *[""] * 8, outside, "", missing, "", "", ""]
    matched = "" if call.score is None else str(call.score)
    binned = [binned_name(call.gene, name) for name in call.lookup]
    values = [_at_least(value, name) for value, name in zip(call.activities, binned, strict=False)]
    is_least = any(value.startswith("≥") for value in values)
    score = ("≥" if is_least and call.activity_score else "") + shown_score(call.activity_score)
    names = [new or name for new, name in zip(binned, call.lookup, strict=True)]
    halves = [""] * 6
    if not any(word in call.diplotype for word in (*_SEVERAL, "[")):
        for n, (name, function) in enumerate(zip(names, call.functions)):
            halves[3 * n : 3 * n + 3] = [name, function, values[n] if values else ""]
    return [
        call.gene, call.diplotype, call.phenotype, score, *halves, outside, matched, missing,
        "/".join(names), call.phenotype if call.lookup else "", score if call.lookup else "",
    ]  # fmt: skip


def _at_least(activity: float | None, binned: str | None) -> str:
    """An allele's activity; `≥3.0` of three and more copies that work."""
    return ("≥" if binned and activity else "") + shown_score(activity)


def as_json(
    results: Sequence[SampleResult],
    definitions: Definitions,
    file_notes: Mapping[str, Sequence[str]],
    today: date,
) -> dict[str, Any]:
    """pgx.json (docs/pgx.md)."""
    genes = {gene for result in results for gene in result.calls}
    return {
        "format": FORMAT,
        "tumorcast": __version__,
        "research_use_only": True,
        "tables": [
            {"name": t.name, "source": t.source, "version": t.version, "date": t.date, "is_old": t.is_old(today)}
            for t in table_dates(definitions)
        ],
        "not_verified": {
            name: {"n_rows": n, "n_not_verified": n_open} for name, (n_open, n) in unverified().items()
        },
        "absent_changes": absent_changes(genes, definitions),
        "file_notes": {name: list(notes) for name, notes in file_notes.items()},
        "samples": [_sample_json(result, definitions) for result in results],
    }  # fmt: skip


def _sample_json(result: SampleResult, definitions: Definitions) -> dict[str, Any]:
    return {
        "sample": result.sample,
        "comedication": list(result.drugs),
        "comedication_not_looked_up": list(result.not_looked_up),
        "genes": [
            _gene_json(call, all_notes(call, result, definitions)) | _converted_json(result, call.gene)
            for call in result.calls.values()
        ],
        "guidance": [
            {
                "drug": one.drug, "genes": dict(one.genes), "text": one.text, "dose": one.dose or None,
                "alternative": one.alternative or None, "strength": one.strength or None,
                "population": one.population or None, "source": one.source or None, "date": one.date or None,
                "caution": one.caution or None, "is_refusal": one.is_refusal, "action": one.action,
                "is_verified": one.is_verified, "verification": one.verification or None,
            }
            for one in result.advice
        ],
        "without_guidance": list(result.without_guidance),
    }  # fmt: skip


def _gene_json(call: GeneCall, notes: list[str]) -> dict[str, Any]:
    return {
        "gene": call.gene,
        "is_called": call.is_called,
        "diplotype": call.diplotype or None,
        "diplotypes": call.diplotype.split(" OR ") if call.diplotype else [],
        "lookup": list(call.lookup),
        "functions": list(call.functions),
        "activity_score": call.activity_score,
        "has_activity_score": call.gene in SCORED,
        "phenotype": call.phenotype,
        "match_score": call.score,
        "alternatives": list(call.alternatives),
        "n_positions": call.n_positions,
        "missing_positions": list(call.missing),
        "missing_key_positions": list(call.missing_key),
        "uncharacterised": [{"variant": one.name, "kind": one.kind} for one in call.others],
        "is_outside_call": call.is_outside,
        "limits": list(call.limits),
        "notes": notes,
    }


def _converted_json(result: SampleResult, gene: str) -> dict[str, Any]:
    one = result.conversions.get(gene)
    if one is None:
        return {"phenoconversion": None}
    return {
        "phenoconversion": {
            "phenotype": one.phenotype, "activity_score": one.activity_score, "is_changed": one.is_changed,
            "inhibitors": [
                {"drug": drug, "strength": strength, "is_verified": drug not in one.unverified}
                for drug, strength in one.drugs
            ],
        }
    }  # fmt: skip
