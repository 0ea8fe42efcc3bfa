"""Which inhibitors of the table a written name of a drug stands for: salts, doses, trade names, combinations."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from tumorcast.biology._tables import read_table

_WORD = re.compile(r"[a-z]+")
_CLAUSE = re.compile(r"[;,+&]|\band\b|\bwith\b")
_NOT_TAKEN = frozenset((
    "no", "not", "without", "never", "stopped", "discontinued", "held", "former", "formerly", "previous", "previously",
    "past", "denies", "avoid", "allergy", "allergic", "intolerance", "intolerant",
))  # fmt: skip
_TURNS = frozenset(("no", "not", "never"))
"""Before another word of `_NOT_TAKEN` they turn it: "not stopped"."""
_BETWEEN = frozenset((
    "on", "to", "of", "use", "taking", "longer", "more", "currently", "hydrochloride", "hcl", "mg", "daily", "cr", "xr",
    "sr", "er", "was", "is", "has", "been",
))  # fmt: skip
"""May stand between a drug and the word that says that it is not taken."""
_ON_THE_SKIN = frozenset(("cream", "ointment", "topical", "gel", "lacquer", "shampoo", "spray", "vaginal"))
Names = Mapping[str, tuple[str, ...]]
_FEWEST = 6
"""Letters from which another language's ending is read (`paroxetin`, `paroxetina`)."""


def inhibitors_in(text: str) -> tuple[str, ...]:
    """Generic names as the table has them, each once; () for other drugs, what is said not to be taken, and creams."""
    return taken_in(text, _names())


def taken_in(text: str, names: Names) -> tuple[str, ...]:
    """What the words of a text stand for, each once, but what is said not to be taken, and creams.

    A word such as `no` or `stopped` counts for the drug that it stands beside, and only where nothing turns it: what is
    in doubt is read as taken.

    Args:
        names: word -> what it stands for.
    """
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    skin = {
        name
        for words in map(_WORD.findall, _CLAUSE.split(plain))
        if not _ON_THE_SKIN.isdisjoint(words)
        for word in words
        for name in _read(word, names)
    }
    words = _WORD.findall(plain)
    taken = (
        name for n, word in enumerate(words) if not _is_denied(words, n, names) for name in _read(word, names)
    )
    return tuple(name for name in dict.fromkeys(taken) if name not in skin)


def not_looked_up(drugs: Iterable[str]) -> tuple[str, ...]:
    """Those in which no inhibitor of the table is read."""
    return tuple(drug for drug in drugs if not inhibitors_in(drug))


def _is_denied(words: Sequence[str], place: int, names: Names) -> bool:
    """Whether what stands before or after the drug at a place says that it is not taken."""
    if place > 1 and words[place - 1] in ("or", "nor") and _read(words[place - 2], names):
        return _is_denied(words, place - 2, names)
    before = [word for word in words[:place] if word not in _BETWEEN]
    after = [word for word in words[place + 1 :] if word not in _BETWEEN]
    if before and before[-1] in _NOT_TAKEN:
        return not (len(before) > 1 and before[-2] in _TURNS)
    return bool(after) and after[0] in _NOT_TAKEN - _TURNS


def _read(word: str, found: Names) -> tuple[str, ...]:
    """What one word stands for, with the endings of other languages."""
    if word in found or len(word) < _FEWEST:
        return found.get(word, ())
    return found.get(word + "e", ()) or (found.get(word[:-1] + "e", ()) if word[-1] == "a" else ())


@cache
def _names() -> dict[str, tuple[str, ...]]:
    found = {row["drug"]: (row["drug"],) for row in read_table("pgx_inhibitors").rows}
    return found | {row["name"]: tuple(row["drugs"].split(";")) for row in read_table("pgx_drug_names").rows}
