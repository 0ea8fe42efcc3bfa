"""Cancer types as OncoTree codes: from the words of a study, with the types above each."""

from __future__ import annotations

import re
from functools import cache

from tumorcast.biology._tables import read_table
from tumorcast.domain.errors import InputError, did_you_mean


def codes() -> tuple[str, ...]:
    """All codes of the embedded table."""
    return tuple(row["code"] for row in read_table("cancer_types").rows)


def name_of(code: str) -> str:
    """The type's name in OncoTree."""
    return _rows()[code]["name"]


def code_of(text: str) -> str | None:
    """The code that a study's words stand for: a code, a name or a known alias; None where none is."""
    return _by_word().get(_plain(text))


def check_code(text: str) -> str:
    """The code of a type.

    Raises:
        InputError: no such type, with the nearest known one.
    """
    found = code_of(text)
    if found is None:
        near = did_you_mean(text.upper(), codes()) or did_you_mean(_plain(text), _by_word())
        raise InputError(
            "this cancer type is not known",
            got=repr(text),
            expected="an OncoTree code or name, as in docs/formulary.md",
            fix=near or "see the table of codes in docs/formulary.md",
        )
    return found


def above(code: str) -> tuple[str, ...]:
    """The code itself and every type that holds it, nearest first."""
    found = [code]
    while parent := _rows()[found[-1]]["parent"]:
        found.append(parent)
    return tuple(found)


def are_related(one: str, other: str) -> bool:
    """Whether one of the types holds the other."""
    return one in above(other) or other in above(one)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z0-9]+", " ", text.lower()).split())


@cache
def _rows() -> dict[str, dict[str, str]]:
    return {row["code"]: row for row in read_table("cancer_types").rows}


@cache
def _by_word() -> dict[str, str]:
    found: dict[str, str] = {}
    for column in ("code", "name", "aliases"):
        for code, row in _rows().items():
            for word in row[column].split(";"):
                if word.strip():
                    found.setdefault(_plain(word), code)
    return found
