"""pgx.json (or pgx.csv) -> `PgxFindings`; a file that tells an unknown result as normal is refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter

from tumorcast.biology.pgx.loss import LOSS
from tumorcast.biology.pgx.phenotypes import NO_CALL, NORMAL
from tumorcast.clinic.host.findings import OutsideVariant, PgxFindings, TableUsed
from tumorcast.clinic.host.json_file import contradiction, need_single, read_json
from tumorcast.clinic.pgx.record import read_records
from tumorcast.clinic.pgx.tables import FORMAT

NAME, CSV = "pgx.json", "pgx.csv"
Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


@dataclass(frozen=True)
class _Table(TableUsed):
    date: Day


@dataclass(frozen=True)
class _Gene:
    gene: str
    is_called: bool
    diplotype: str | None
    phenotype: str
    activity_score: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None
    missing_key_positions: tuple[str, ...]
    uncharacterised: tuple[OutsideVariant, ...]
    is_outside_call: bool
    notes: tuple[str, ...]
    limits: tuple[str, ...]


@dataclass(frozen=True)
class _Sample:
    sample: str
    genes: tuple[_Gene, ...]


@dataclass(frozen=True)
class _File:
    tables: Annotated[tuple[_Table, ...], Field(min_length=1)]
    absent_changes: tuple[str, ...]
    samples: tuple[_Sample, ...]


_ADAPTER = TypeAdapter(_File)


def read_pharmacogenes(path: Path) -> dict[str, PgxFindings]:
    """Sample -> what is said of it.

    Raises:
        InputError: a foreign or contradictory file.
    """
    if path.suffix.lower() == ".csv":
        found = read_records(path)
        return {name: PgxFindings(name, one, {}, (), one.warnings, CSV) for name, one in found.items()}
    told = read_json(path, NAME, FORMAT, _ADAPTER)
    tables = tuple(TableUsed(one.name, one.source, one.version, one.date) for one in told.tables)
    for gene in (gene for one in told.samples for gene in one.genes):
        _check(gene)
    need_single(NAME, [one.sample for one in told.samples])
    records = read_records(path)
    return {
        one.sample: PgxFindings(
            one.sample, records[one.sample], _outside(one.genes), tables, told.absent_changes
        )
        for one in told.samples
    }


def _outside(genes: tuple[_Gene, ...]) -> dict[str, tuple[OutsideVariant, ...]]:
    return {gene.gene: gene.uncharacterised for gene in genes if gene.uncharacterised}


def _check(gene: _Gene) -> None:
    words = gene.phenotype.split(" OR ")
    is_normal = any(word in NORMAL for word in words)
    if not gene.is_called and (words != [NO_CALL] or gene.diplotype or gene.activity_score is not None):
        raise contradiction(NAME, f"{gene.gene} was not called and has a result")
    if is_normal and any(one.kind == LOSS for one in gene.uncharacterised):
        raise contradiction(NAME, f"{gene.gene} is told as normal beside a loss-of-function variant")
    if is_normal and gene.missing_key_positions and not gene.is_outside_call:
        raise contradiction(NAME, f"{gene.gene} is told as normal and its key positions were not typed")
