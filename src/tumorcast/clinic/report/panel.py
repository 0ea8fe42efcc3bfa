"""The form that every panel of a report has."""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.graphics.shapes import Drawing

from tumorcast.clinic.report.tables import Table


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel, in the order in which it is shown.

    Attributes:
        key: anchor, and name of the record's field.
        statement: how its numbers are to be read; stands first, set apart.
        warnings: why there is no order or no number; set apart too.
        lines: sentences before the picture.
        chart: None where there is nothing to draw; `alt` says what it shows.
        notes: what it does not say, a sentence each.
    """

    key: str
    title: str
    statement: str
    warnings: tuple[str, ...]
    lines: tuple[str, ...]
    chart: Drawing | None
    alt: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
