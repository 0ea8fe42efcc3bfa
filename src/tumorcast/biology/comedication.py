"""Other drugs that a patient takes: their class, and which enzymes they inhibit."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

import numpy as np

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.drug_names import inhibitors_in, taken_in

_STRENGTHS = {"strong": 1.0, "moderate": 0.5, "weak": 0.0}


@cache
def _classes() -> dict[str, tuple[str, ...]]:
    return {row["drug"]: (row["class"],) for row in read_table("comedication_classes").rows}


@cache
def _inhibitors() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for row in read_table("pgx_inhibitors").rows:
        table.setdefault(row["gene"], {})[row["drug"]] = _STRENGTHS[row["strength"]]
    return table


def classes_of(drug: str) -> tuple[str, ...]:
    """Classes of the table that are read in a drug as written: salts, doses, combinations; () in none."""
    return _classes().get(drug, ()) or taken_in(drug, _classes())


def without_class(drugs: Iterable[str]) -> list[str]:
    """Those of which neither a class nor an inhibitor is known: what they are cannot be told."""
    return [drug for drug in drugs if not classes_of(drug) and not inhibitors_in(drug)]


def comedication_numbers(drugs: Collection[str]) -> dict[str, float]:
    """Feature -> number of a whole list of drugs: `drugs taken` (how many), `takes CLASS` (0 or 1), `GENE inhibitor` (1
    strong, 0.5 moderate, else 0). An empty list has zeros, and so is told from an unknown one. Beside a drug that is in
    no table (`without_class`) a class that no other drug has is NaN: the name may be one of its own.

    Args:
        drugs: lower case, as written.
    """
    names = set(drugs)
    own = {kind for name in names for kind in classes_of(name)}
    absent = np.nan if without_class(names) else 0.0
    made = {"drugs taken": float(len(names))}
    kinds = sorted({kind for one in _classes().values() for kind in one})
    made |= {f"takes {kind}": 1.0 if kind in own else absent for kind in kinds}
    inhibitors = {one for name in names for one in inhibitors_in(name)}
    for gene, known in _inhibitors().items():
        if any(known.values()):
            made[f"{gene} inhibitor"] = max((known[one] for one in inhibitors if one in known), default=0.0)
    return made
