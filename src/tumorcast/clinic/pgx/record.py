"""What is known of a sample's pharmacogenes, as other rooms take it: from a result, from pgx.json or from pgx.csv."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.dates import OLDEST_DAYS
from tumorcast.biology.pgx.definitions import Definitions
from tumorcast.biology.pgx.limits import limits_in
from tumorcast.biology.pgx.phenoconversion import Conversion
from tumorcast.biology.pgx.phenotypes import NO_CALL
from tumorcast.clinic.pgx.checks import check_calls
from tumorcast.clinic.pgx.sample import SampleResult
from tumorcast.clinic.pgx.tables import COLUMNS, FORMAT, all_notes
from tumorcast.domain.errors import InputError

_UNDATED = "pgx.csv does not say how old the tables are that the calls rest on: pgx.json does"
_PARTED = (" OR ", " AND ", "[")


@dataclass(frozen=True)
class PgxRecord:
    """One sample.

    Attributes:
        calls: gene -> call.
        conversions: gene -> phenotype under inhibitors.
        notes: gene -> what limits the call.
        warnings: of the tables that the calls rest on: older than a year, changes of CPIC that they do not hold.
    """

    sample: str
    calls: Mapping[str, GeneCall]
    conversions: Mapping[str, Conversion]
    notes: Mapping[str, tuple[str, ...]]
    warnings: tuple[str, ...] = ()


def record_of(result: SampleResult, definitions: Definitions) -> PgxRecord:
    """From what was just computed."""
    notes = {gene: tuple(all_notes(call, result, definitions)) for gene, call in result.calls.items()}
    return PgxRecord(result.sample, result.calls, result.conversions, notes)


def read_records(path: Path) -> dict[str, PgxRecord]:
    """Sample -> record, from `pgx.json` or `pgx.csv`.

    pgx.csv has the genetic phenotypes alone: inhibitors and warnings of the tables are in pgx.json.

    Raises:
        InputError: neither of the two, of another format, or calls that cannot all be true (`check_calls`).
    """
    text = path.read_text(encoding="utf-8-sig")
    return _of_csv(text, path) if path.suffix.lower() == ".csv" else _of_json(text, path)


def _of_json(text: str, path: Path) -> dict[str, PgxRecord]:
    try:
        told = json.loads(text)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise InputError(f"{path.name} is not pgx.json", expected=f"format {FORMAT}")
        today = datetime.date.today()
        warnings = [
            f"{one['name']} of {one['date']}: older than a year"
            for one in told["tables"]
            if one["is_old"] or (today - datetime.date.fromisoformat(one["date"])).days > OLDEST_DAYS
        ]
        told_all = (*warnings, *told["absent_changes"])
        for one in told["samples"]:
            calls = [_call(gene) for gene in one["genes"]]
            check_calls(calls, [gene["notes"] for gene in one["genes"]], path.name)
        return {one["sample"]: _sample(one, told_all) for one in told["samples"]}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path.name} is not whole", got=repr(error), expected="pgx.json") from None


def _sample(told: Mapping[str, Any], warnings: tuple[str, ...]) -> PgxRecord:
    genes = {one["gene"]: one for one in told["genes"]}
    conversions = {gene: _conversion(gene, one["phenoconversion"]) for gene, one in genes.items()}
    return PgxRecord(
        told["sample"],
        {gene: _call(one) for gene, one in genes.items()},
        {gene: one for gene, one in conversions.items() if one is not None},
        {gene: tuple(one["notes"]) for gene, one in genes.items()},
        warnings,
    )


def _call(told: Mapping[str, Any]) -> GeneCall:
    return GeneCall(
        told["gene"],
        told["diplotype"] or "",
        told["phenotype"],
        tuple(told["lookup"]),
        tuple(told["functions"]),
        activity_score=told["activity_score"],
        phenotype_of_typed=told["phenotype"],
        score=told["match_score"],
        n_positions=told["n_positions"],
        missing=tuple(told["missing_positions"]),
        missing_key=tuple(told["missing_key_positions"]),
        alternatives=tuple(told["alternatives"]),
        is_outside=told["is_outside_call"],
        limits=tuple(told["limits"]),
    )


def _conversion(gene: str, told: Mapping[str, Any] | None) -> Conversion | None:
    if told is None:
        return None
    drugs = tuple((one["drug"], one["strength"]) for one in told["inhibitors"])
    unverified = tuple(one["drug"] for one in told["inhibitors"] if not one["is_verified"])
    return Conversion(gene, told["phenotype"], told["activity_score"], drugs, told["is_changed"], unverified)


def _of_csv(text: str, path: Path) -> dict[str, PgxRecord]:
    rows = csv.DictReader(io.StringIO(text))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise InputError(f"{path.name} is not pgx.csv", got=rows.fieldnames, expected=", ".join(COLUMNS))
    found: dict[str, list[tuple[GeneCall, tuple[str, ...]]]] = {}
    for cells in rows:
        if None in cells or None in cells.values():
            raise InputError(f"{path.name}: a row has not {len(COLUMNS)} cells", got=f"line {rows.line_num}")
        row = {name: cell.strip() for name, cell in cells.items()}
        found.setdefault(row["sample"], []).append((_call_of_row(row, path), _notes(row)))
    return {sample: _of_rows(sample, rows, path) for sample, rows in found.items()}


def _of_rows(sample: str, rows: Sequence[tuple[GeneCall, tuple[str, ...]]], path: Path) -> PgxRecord:
    calls, notes = [call for call, _ in rows], [told for _, told in rows]
    check_calls(calls, notes, path.name)
    genes = [call.gene for call in calls]
    return PgxRecord(
        sample, dict(zip(genes, calls, strict=True)), {}, dict(zip(genes, notes, strict=True)), (_UNDATED,)
    )


def _call_of_row(row: Mapping[str, str], path: Path) -> GeneCall:
    diplotype = "" if row["diplotype"] == NO_CALL else row["diplotype"]
    if row["diplotype"] == NO_CALL != row["phenotype"]:
        raise InputError(
            f"{path.name} contradicts itself", got=f"{row['gene']} was not called and has a result"
        )
    is_one = diplotype and not any(part in diplotype for part in _PARTED)
    try:
        score = float(row["activity_score"]) if row["activity_score"] else None
    except ValueError:
        raise InputError(f"{path.name}: not an activity score", got=row["activity_score"]) from None
    lookup = tuple(diplotype.split("/")) if is_one else ()
    limits = limits_in(_notes(row), row["phenotype"])
    return GeneCall(row["gene"], diplotype, row["phenotype"], lookup, activity_score=score, limits=limits)


def _notes(row: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(filter(None, row["note"].split("; ")))
