"""Patients with lesions, written as one dict an assessment."""

from __future__ import annotations

from tumorcast.biology.recist.lesions import Assessment, Finding, Lesion, PatientLesions, State

Cell = float | State | None


def finding(cell: Cell) -> Finding:
    """A number is a size, a word a state, None not evaluated."""
    if cell is None:
        return Finding("not_evaluated")
    return Finding(cell) if isinstance(cell, str) else Finding("measured", float(cell))


def patient(*rows: dict[str, Cell], gap: float = 42.0) -> PatientLesions:
    """One dict an assessment; ids say what they are: T1 target, N1 target node, X1 non-target, W1 new, WN1 new node."""
    ids = sorted({name for row in rows for name in row})
    kinds = {"T": "target", "N": "target", "X": "non_target", "W": "new"}
    lesions = tuple(
        Lesion(name, kinds[name[0]], f"organ {name}", "N" in name)  # type: ignore[arg-type]
        for name in ids
    )
    assessments = tuple(
        Assessment(gap * k, gap * k, "", {name: finding(cell) for name, cell in row.items()})
        for k, row in enumerate(rows)
    )
    return PatientLesions("p", lesions, assessments)
