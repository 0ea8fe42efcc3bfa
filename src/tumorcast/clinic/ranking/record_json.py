"""The record as JSON and back; strict, as reports are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tumorcast.clinic.ranking.record import SCHEMA_VERSION, Ranking
from tumorcast.domain.errors import InputError

_ADAPTER = TypeAdapter(Ranking)


def text_of(ranking: Ranking) -> str:
    """The text of `ranking.json`."""
    return json.dumps(asdict(ranking), allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def from_json(fields: Mapping[str, Any]) -> Ranking:
    """The inverse.

    Raises:
        InputError: of another schema version, or fields that are unknown, missing or of another type.
    """
    if fields.get("schema") != SCHEMA_VERSION:
        raise InputError(
            "the ranking is of another schema version", got=fields.get("schema"), expected=SCHEMA_VERSION
        )
    try:
        return _ADAPTER.validate_json(json.dumps(fields), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        raise InputError(
            "this is not a ranking", got=f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        ) from None


def read_ranking(path: Path) -> Ranking:
    """Read `ranking.json`; InputError as `from_json`, or where it cannot be read."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError("the ranking cannot be read", got=f"{path.name}: {error}") from None
    if not isinstance(fields, dict):
        raise InputError("this is not a ranking", got=f"{path.name} holds no object")
    return from_json(fields)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of `ranking.json`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": SCHEMA_VERSION,
        **_ADAPTER.json_schema(),
    }
