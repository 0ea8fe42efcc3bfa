"""Gene symbols that a spreadsheet turned into dates, turned back.

Ziemann, Eren & El-Osta, Genome Biol 2016, 17:177: SEPT2 -> 2-Sep, MARCH1 -> 1-Mar, DEC1 -> 1-Dec. HGNC has since
renamed the genes (SEPTIN2, MARCHF1, DELEC1; Bruford et al., Nat Genet 2020, 52:754), so the approved symbol is given.
"""

from __future__ import annotations

import re

_DAY_FIRST = re.compile(r"(\d{1,2})[-/ .]?(mar|sep|sept|dec)(?:[a-z]*)?(?:[-/ .]\d{2,4})?", re.IGNORECASE)
_MONTH_FIRST = re.compile(r"(mar|sep|sept|dec)[-/ .](\d{1,2})(?:[-/ .]\d{2,4})?", re.IGNORECASE)
_OLD_SYMBOL = re.compile(r"(march|sept)(\d{1,2})", re.IGNORECASE)
_STEMS = {"mar": "MARCHF", "sep": "SEPTIN"}
_MARCHF_NUMBERS = range(1, 12)
_SEPTIN_NUMBERS = frozenset({*range(1, 13), 14})


def repaired_symbol(word: str) -> str | None:
    """The approved symbol behind a date (or behind MARCH1, SEPT2), None where the word is no such thing.

    `1-Mar` and `2-Mar` are read as MARCHF1 and MARCHF2; MTARC1 and MTARC2 (formerly MARC1 and MARC2) suffer
    the same fate and cannot be told apart from them by name.
    """
    if match := _DAY_FIRST.fullmatch(word):
        number, month = int(match[1]), match[2]
    elif match := _MONTH_FIRST.fullmatch(word) or _OLD_SYMBOL.fullmatch(word):
        number, month = int(match[2]), match[1]
    else:
        return None
    month = month.lower()[:3]
    if month == "dec":
        return "DELEC1" if number == 1 else None
    known = _MARCHF_NUMBERS if month == "mar" else _SEPTIN_NUMBERS
    return f"{_STEMS[month]}{number}" if number in known else None
