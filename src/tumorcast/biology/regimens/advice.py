"""Words of advice, which neither a formulary nor an output of a ranking holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tumorcast.domain.errors import InputError

UNWANTED = re.compile(
    r"\b(best|benefit\w*|recommend\w*|optimal\w*|superior\w*|preferred|should\s+(?:be\s+given|receive)|safe\s+to)\b",
    re.IGNORECASE,
)
_NOT_SHOWN = ("url", "doi")


def refuse_advice(fields: Mapping[str, object], at: str) -> None:
    """InputError where a text of these fields, however deep, holds a word of advice.

    Args:
        at: file and regimen, source or drug, as the error names them.
    """
    for name, told in fields.items():
        found = [match[0] for text in _texts(told) if (match := UNWANTED.search(text))]
        if found and name not in _NOT_SHOWN:
            raise InputError(
                f"{at}: `{name}` holds a word of advice",
                got=", ".join(map(repr, found)),
                expected="what a source states, without advice",
                fix="leave the word out; of a document cite authors, journal and year",
            )


def _texts(told: object) -> Iterator[str]:
    if isinstance(told, Mapping):
        for key, value in told.items():
            yield str(key)
            yield from _texts(value)
    elif isinstance(told, list | tuple):
        for one in told:
            yield from _texts(one)
    elif isinstance(told, str):
        yield told
