"""Other drugs that a patient takes: their class, and which enzymes they inhibit."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from tumorcast.biology._tables import read_table

_STRENGTHS = {"strong": 1.0, "moderate": 0.5, "weak": 0.0}


@cache
def _classes() -> dict[str, str]:
    return {row["drug"]: row["class"] for row in read_table("comedication_classes").rows}


@cache
def _inhibitors() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for row in read_table("pgx_inhibitors").rows:
        table.setdefault(row["gene"], {})[row["drug"]] = _STRENGTHS[row["strength"]]
    return table


def comedication_numbers(drugs: Collection[str]) -> dict[str, float]:
    """Feature -> number of a whole list of drugs: `drugs taken` (how many), `takes CLASS` (0 or 1), `GENE inhibitor` (1
    strong, 0.5 moderate, else 0). Every feature always has a number, so an empty list is told from an unknown one.

    Args:
        drugs: generic names, lower case; those that the tables lack only count.
    """
    names = set(drugs)
    own = {_classes()[name] for name in names if name in _classes()}
    made = {"drugs taken": float(len(names))}
    made |= {f"takes {kind}": float(kind in own) for kind in sorted(set(_classes().values()))}
    for gene, known in _inhibitors().items():
        if any(known.values()):
            made[f"{gene} inhibitor"] = max((known[name] for name in names if name in known), default=0.0)
    return made
