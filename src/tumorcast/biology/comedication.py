"""Other drugs that a patient takes: their class, and which enzymes they inhibit."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.drug_names import inhibitors_in

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
        drugs: lower case; generic names for the classes, any name of an inhibitor; others only count.
    """
    names = set(drugs)
    own = {_classes()[name] for name in names if name in _classes()}
    made = {"drugs taken": float(len(names))}
    made |= {f"takes {kind}": float(kind in own) for kind in sorted(set(_classes().values()))}
    inhibitors = {one for name in names for one in inhibitors_in(name)}
    for gene, known in _inhibitors().items():
        if any(known.values()):
            made[f"{gene} inhibitor"] = max((known[one] for one in inhibitors if one in known), default=0.0)
    return made
