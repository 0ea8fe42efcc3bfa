"""Which inhibitors of the table a written name of a drug stands for: salts, doses, trade names, combinations."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from tumorcast.biology._tables import read_table

_WORD = re.compile(r"[a-z]+")
_NOT_TAKEN = frozenset((
    "no", "not", "without", "never", "stopped", "discontinued", "held", "former", "formerly", "previous", "previously",
    "past", "denies", "avoid", "allergy", "allergic", "intolerance", "intolerant",
))  # fmt: skip
_ON_THE_SKIN = frozenset(("cream", "ointment", "topical", "gel", "lacquer", "shampoo", "spray", "vaginal"))


def inhibitors_in(text: str) -> tuple[str, ...]:
    """Generic names as the table has them, each once; () for other drugs, what is said not to be taken, and creams."""
    words = _WORD.findall(text.lower())
    if not _NOT_TAKEN.isdisjoint(words) or not _ON_THE_SKIN.isdisjoint(words):
        return ()
    return tuple(dict.fromkeys(drug for word in words for drug in _names().get(word, ())))


def not_looked_up(drugs: Iterable[str]) -> tuple[str, ...]:
    """Those in which no inhibitor of the table is read."""
    return tuple(drug for drug in drugs if not inhibitors_in(drug))


@cache
def _names() -> dict[str, tuple[str, ...]]:
    found = {row["drug"]: (row["drug"],) for row in read_table("pgx_inhibitors").rows}
    return found | {row["name"]: tuple(row["drugs"].split(";")) for row in read_table("pgx_drug_names").rows}
