"""Records and populations as JSON and back, strictly."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from tumorcast.clinic.twin.population import FORMAT, TwinPopulation
from tumorcast.clinic.twin.population_checks import need_population
from tumorcast.clinic.twin.record import SCHEMA_VERSION, TwinRecord
from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text

_RECORD, _POPULATION = TypeAdapter(TwinRecord), TypeAdapter(TwinPopulation)
T = TypeVar("T")


def record_text(record: TwinRecord) -> str:
    """`twin.json`."""
    return _text(record)


def read_record(path: Path) -> TwinRecord:
    """The inverse.

    Raises:
        InputError: not there, not JSON, of another version, or fields that are not a record's.
    """
    return _read(path, _RECORD, "schema", SCHEMA_VERSION, "twin record")


def write_population(population: TwinPopulation, path: Path) -> None:
    """`population.json`, atomically."""
    write_text(path, _text(population))


def read_population(path: Path) -> TwinPopulation:
    """The inverse.

    Raises:
        InputError: as `read_record`; a population that cannot be used.
    """
    found = _read(path, _POPULATION, "format", FORMAT, "population")
    need_population(found)
    return found


def record_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `twin.json`."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_RECORD.json_schema()}


def _text(value: TwinRecord | TwinPopulation) -> str:
    return json.dumps(asdict(value), allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _read(path: Path, adapter: TypeAdapter[T], key: str, version: int, what: str) -> T:
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"the {what} cannot be read", got=f"{path.name}: {error}") from None
    if not isinstance(fields, dict) or fields.get(key) != version:
        raise InputError(f"{path.name} is no {what} of this version", expected=f"{key}: {version}")
    try:
        return adapter.validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(f"this is not a {what}", got=f"{where}: {first['msg']}") from None
