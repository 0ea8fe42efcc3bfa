"""What is known of a patient that cautions turn on: from what the user gives and from the study's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from tumorcast.biology.regimens.cautions import Fact, facts_asked
from tumorcast.clinic.ranking.stated import Stated
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.readers.laboratory import ANALYTES
from tumorcast.readers.study import Study

_PLAUSIBLE = {
    "creatinine clearance": (1.0, 400.0, "mL/min"),
    **{name: (one.lowest, one.highest, one.unit) for name, one in ANALYTES.items()},
}
"""What a patient can have at all, by fact: lowest, highest, unit."""
_YES, _NO = ("yes", "true", "1", "1.0", "present", "y"), ("no", "false", "0", "0.0", "absent", "n")


def parse_facts(given: Sequence[str]) -> dict[str, Fact]:
    """`neutrophils=1.2`, `pregnancy=no`, `hepatitis B` (means yes) -> facts.

    Raises:
        InputError: no caution turns on such a fact, or its value is not of its kind (yes or no, a number), or a number
            that no patient can have.
    """
    known = {_plain(name): name for name in facts_asked()}
    made: dict[str, Fact] = {}
    for text in given:
        name, is_valued, value = text.partition("=")
        if _plain(name) not in known:
            raise InputError(
                "no caution turns on this fact", got=repr(name.strip()), expected=", ".join(facts_asked()),
                fix=did_you_mean(_plain(name), known),
            )  # fmt: skip
        made[known[_plain(name)]] = _checked(known[_plain(name)], value if is_valued else "yes", "given")
    return made


def facts_of(
    study: Study, patient_id: str, given: Mapping[str, Fact]
) -> tuple[dict[str, Fact], tuple[Stated, ...]]:
    """Facts by name, and where each comes from: what was given, else a column of the patient table, else the newest
    laboratory value.

    Raises:
        InputError: a column holds a number that no patient can have.
    """
    found: dict[str, Fact] = {}
    told = []
    row = study.patients.loc[patient_id] if patient_id in study.patients.index else pd.Series(dtype=object)
    columns = {_plain(str(name)): name for name in row.index}
    for name in facts_asked():
        column = columns.get(_plain(name))
        fact, source = given.get(name), "given"
        if fact is None and column is not None and pd.notna(row[column]):
            source = f"column {column}"
            fact = _told_in_column(name, str(row[column]), source)
        if fact is None:
            fact, source = _laboratory(study, patient_id, name), "newest laboratory value"
        if fact is not None:
            found[name] = fact
            told.append(Stated(f"{name}: {_said(fact)}", source, ""))
    return found, tuple(told)


def _laboratory(study: Study, patient_id: str, name: str) -> float | None:
    table = study.laboratory
    if table.empty:
        return None
    own = table[(table["patient_id"].astype(str) == patient_id) & (table["analyte"] == name)]
    return None if own.empty else float(own.sort_values("day")["value"].iloc[-1])


def _fact(text: str, is_limit: bool) -> Fact | None:
    word = text.strip().lower()
    if is_limit:
        try:
            return float(word)
        except ValueError:
            return None
    return True if word in _YES else False if word in _NO else None


def _told_in_column(name: str, text: str, source: str) -> Fact | None:
    """As `_checked`; words that are not understood ("n/a") are not known."""
    is_understood = _fact(text, name in _PLAUSIBLE) is not None
    return _checked(name, text, source) if is_understood else None


def _checked(name: str, text: str, source: str) -> Fact:
    """The fact; a limit turns on a number that a patient can have, anything else on yes or no."""
    span = _PLAUSIBLE.get(name)
    fact = _fact(text, span is not None)
    if span is None and isinstance(fact, bool):
        return fact
    if span is not None and isinstance(fact, float) and span[0] <= fact <= span[1]:
        return fact
    expected = "yes or no" if span is None else f"a number of {span[0]:g} to {span[1]:g} {span[2]}"
    raise InputError(f"the value of '{name}' is not understood", got=f"{text} ({source})", expected=expected)


def _said(fact: Fact) -> str:
    return ("yes" if fact else "no") if isinstance(fact, bool) else f"{fact:g}"


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())
