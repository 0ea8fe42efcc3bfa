"""A command's JSON, read strictly: its format, every field that is used of its own type, every number finite."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter, ValidationError

from tumorcast.domain.errors import InputError

Told = TypeVar("Told")


def read_json(path: Path, name: str, form: str, adapter: TypeAdapter[Told]) -> Told:
    """What a file says.

    Args:
        name: of the kind of file, as `pgx.json`; form: its `format`.

    Raises:
        InputError: not JSON, of another format, or a field that is missing or of another type.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        told = json.loads(text)
    except OSError as error:
        raise InputError(f"{name} cannot be read", got=type(error).__name__, expected="JSON") from None
    except (ValueError, RecursionError):
        raise _foreign(name, form, "no JSON") from None
    got = told.get("format") if isinstance(told, dict) else None
    if got != form:
        raise _foreign(name, form, f"format {got}" if isinstance(got, str) else "no format")
    try:
        return adapter.validate_json(json.dumps(told), strict=True)
    except (ValidationError, ValueError) as error:
        raise contradiction(name, _first(error)) from None


def _foreign(name: str, form: str, got: str) -> InputError:
    fix = f"give the {name} that `tumorcast {name.split('.')[0]}` wrote"
    return InputError(f"this is not {name}", got=got, expected=f"JSON of format {form}", fix=fix)


def contradiction(name: str, got: str) -> InputError:
    """The file is not as its command writes it."""
    return InputError(f"{name} is not as it was written", got=got, fix="make it again")


def need_single(name: str, samples: Sequence[str]) -> None:
    """Raise `InputError` where a file has a sample twice."""
    if len(set(samples)) < len(samples):
        raise contradiction(name, "a sample stands twice")


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
