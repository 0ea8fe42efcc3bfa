"""Whether a read-out is an age, however its unit or its name is written."""

from __future__ import annotations

import re

from tumorcast.biology.clocks.clock import find_clock

_YEARS = {
    "age", "ages", "aged", "years", "year", "yrs", "yr", "y", "yo", "yoa", "annum", "anni", "anno", "ans", "annee",
    "annees", "année", "années", "anos", "años", "jahr", "jahre", "jahren", "alter", "jaar", "jaren", "år", "lat",
    "lata", "rok", "лет", "года", "возраст", "年", "歳", "岁", "decade", "decades", "dnamage",
}  # fmt: skip
_PARTS = {
    "month", "months", "mo", "mos", "week", "weeks", "wk", "wks", "day", "days", "d", "quarter", "quarters", "hour",
    "hours", "monat", "monate", "woche", "wochen", "tag", "tage", "mois", "semaine", "semaines", "jour", "jours", "mes",
    "meses", "mese", "mesi", "giorni", "dias", "días",
}  # fmt: skip
_RATES = {"per", "rate", "pace"}
"""Words of a unit that is no age though it names years: `years of ageing per year`."""


def is_rate(unit: str) -> bool:
    """Whether it is so many years in a year, which is no age."""
    return (
        bool(_RATES & set(_words(unit)))
        or re.search(r"years?\s*/\s*y(?:ea)?r?s?\b", unit.casefold()) is not None
    )


def names_part_of_year(unit: str) -> bool:
    """Whether time is counted in months, weeks or days."""
    return not is_rate(unit) and bool(set(_words(unit)) & _PARTS)


def names_age(unit: str) -> bool:
    """Whether a unit is one of ages: years and parts of them, in the words of several languages."""
    if is_rate(unit):
        return False
    words = _words(unit)
    named = any(word.endswith("age") and "dna" in word for word in words)
    return named or bool(set(words) & (_YEARS | _PARTS))


def is_age(clock: str, unit: str) -> bool:
    """Whether a row of a table is an age: by its unit, or because the clock of that name gives ages."""
    known = find_clock(clock.strip())
    return names_age(unit) or (known is not None and known.kind == "age")


def _words(unit: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", unit.casefold())
