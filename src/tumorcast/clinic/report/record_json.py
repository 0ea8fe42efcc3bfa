"""The record as JSON and back: strict, so that a file that was edited by hand is told from one that was written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from tumorcast.clinic.report.record import SCHEMA_VERSION, PatientReport
from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text

_ADAPTER = TypeAdapter(PatientReport)


def to_json(report: PatientReport) -> dict[str, Any]:
    """The attributes by name, lists for tuples."""
    return cast(dict[str, Any], json.loads(text_of(report)))


def text_of(report: PatientReport) -> str:
    """The record as the text of `report.json`."""
    return json.dumps(asdict(report), allow_nan=False, ensure_ascii=False, separators=(",", ":")) + "\n"


def from_json(fields: Mapping[str, Any]) -> PatientReport:
    """The inverse of `to_json`.

    Raises:
        InputError: of another schema version, or fields that are unknown, missing or of another type.
    """
    if fields.get("schema") != SCHEMA_VERSION:
        raise InputError(
            "the report is of another schema version",
            got=fields.get("schema"),
            expected=SCHEMA_VERSION,
            fix="make the report again, or read it with the version of tumorcast that it names",
        )
    try:
        return _ADAPTER.validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError("this is not a report", got=f"{where}: {first['msg']}") from None


def read_report(path: Path) -> PatientReport:
    """Read `report.json`.

    Raises:
        InputError: no such file, not JSON, or as `from_json`.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("the report cannot be read", got=f"{path.name}: {error}") from None
    if not isinstance(fields, dict):
        raise InputError("this is not a report", got=f"{path.name} holds no object")
    return from_json(fields)


def write_report_json(report: PatientReport, path: Path) -> None:
    """Write `report.json`, atomically."""
    write_text(path, text_of(report))


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `report.json`."""
    schema = _ADAPTER.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"tumorcast report, schema version {SCHEMA_VERSION}",
        **schema,
    }
