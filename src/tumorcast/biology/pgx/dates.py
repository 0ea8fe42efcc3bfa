"""How old the tables are, and what CPIC changed since that they do not hold."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from dataclasses import dataclass

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.definitions import Definitions

OLDEST_DAYS = 365
"""Tables older than this are warned of on the first page."""
TABLES = ("pgx_phenotypes", "pgx_guidance", "pgx_inhibitors", "pgx_outside_alleles", "pgx_changes")


@dataclass(frozen=True)
class TableDate:
    """One table in use."""

    name: str
    source: str
    version: str
    date: str

    def is_old(self, today: datetime.date) -> bool:
        """Whether it is older than `OLDEST_DAYS`."""
        return (today - datetime.date.fromisoformat(self.date)).days > OLDEST_DAYS


@dataclass(frozen=True)
class Change:
    """A change that CPIC made.

    Attributes:
        alleles: names; () all.
        is_in: whether the tables of this package hold it.
    """

    date: str
    genes: tuple[str, ...]
    alleles: tuple[str, ...]
    is_in: bool
    text: str


def table_dates(definitions: Definitions) -> list[TableDate]:
    """Definitions first, then the embedded tables that are used beside them."""
    first = TableDate("allele definitions", definitions.source, definitions.version, definitions.date)
    notes = [(name, read_table(name).notes) for name in TABLES]
    return [first, *(TableDate(name, n["source"], n["version"], n["date"]) for name, n in notes)]


def changes() -> list[Change]:
    """Every change that was looked at, oldest first."""
    rows = sorted(read_table("pgx_changes").rows, key=lambda row: row["date"])
    return [
        Change(
            row["date"], tuple(row["gene"].split()), tuple(row["alleles"].split()), row["state"] == "in",
            row["change"],
        )
        for row in rows
    ]  # fmt: skip


def absent_changes(genes: Collection[str], definitions: Definitions) -> list[str]:
    """Changes of these genes that the tables do not hold, a line each.

    A folder of definitions lacks every change of alleles after its date; what it may hold is not claimed absent.
    """
    return [
        f"{' '.join((one.date, *one.genes, *one.alleles))}: {one.text}"
        for one in changes()
        if set(one.genes) & set(genes) and _is_absent(one, definitions)
    ]


def _is_absent(one: Change, definitions: Definitions) -> bool:
    if not definitions.is_folder or not one.alleles or not set(one.genes) & set(definitions.genes):
        return not one.is_in
    return one.date > definitions.date


def stale_alleles(gene: str, names: Collection[str], definitions: Definitions) -> list[str]:
    """Notes on alleles of a call whose function CPIC changed since the tables."""
    return [
        f"not in these tables, CPIC {one.date}: {one.text} ({', '.join(name for name in names if name in one.alleles)})"
        for one in changes()
        if gene in one.genes and set(names) & set(one.alleles) and _is_absent(one, definitions)
    ]


def unverified() -> dict[str, tuple[int, int]]:
    """Table -> (rows that were not compared with their source, rows)."""
    tables = {name: read_table(name).rows for name in ("pgx_guidance", "pgx_inhibitors")}
    return {name: (sum(not row["checked"] for row in rows), len(rows)) for name, rows in tables.items()}
