"""`HostFindings`: what the files of `pgx`, `pgs` and `clock` say of one patient, refusals with reasons included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tumorcast.clinic.pgx.record import PgxRecord


@dataclass(frozen=True)
class TableUsed:
    """A table that findings rest on; `date`: YYYY-MM-DD."""

    name: str
    source: str
    version: str
    date: str


@dataclass(frozen=True)
class OutsideVariant:
    """A variant outside the named alleles; `kind`: "loss of function" or "unknown"."""

    variant: str
    kind: str


@dataclass(frozen=True)
class PgxFindings:
    """All pharmacogenes of one sample. What is shown of them is chosen by the regimens at hand (`told.told_of`).

    Attributes:
        record: what `clinic.pgx.cautions.pgx_cautions` takes.
        outside: gene -> variants that nobody has characterised.
        absent_changes: changes of CPIC that the tables do not hold, a line each.
        file: pgx.json, or pgx.csv, which has neither inhibitors nor variants outside nor dates.
    """

    sample: str
    record: PgxRecord
    outside: dict[str, tuple[OutsideVariant, ...]]
    tables: tuple[TableUsed, ...]
    absent_changes: tuple[str, ...]
    file: str = "pgx.json"


@dataclass(frozen=True)
class Ancestry:
    """A sum beside reference people; `percentile` (0 to 100) within `population` alone, None: `refusal` says why."""

    population: str | None
    n_reference: int | None
    percentile: float | None
    refusal: str | None


@dataclass(frozen=True)
class ScoreFinding:
    """One polygenic score that was asked for.

    Attributes:
        match_rate, weight_coverage: shares of the score's variants and of its weight, 0 to 1.
        sum: None: refused; `refusal` says why.
        ancestry: None: no reference people were given.
    """

    score: str
    trait: str
    citation: str
    n_variants: int
    match_rate: float
    weight_coverage: float
    sum: float | None
    refusal: str | None
    ancestry: Ancestry | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class RefusedFile:
    """A scoring file that could not be used."""

    file: str
    reason: str


@dataclass(frozen=True)
class PgsFindings:
    """The scores of one sample that were asked for, and files of scores that could not be used."""

    sample: str
    scores: tuple[ScoreFinding, ...]
    refused_files: tuple[RefusedFile, ...]


@dataclass(frozen=True)
class ClockReading:
    """What one clock says.

    Attributes:
        kind: "age", "score", "counter" or "component".
        value: in `unit`; None: refused; `refusal` says why.
        coverage, imputed: shares of the clock's probes, 0 to 1; None: the sample was not looked at.
    """

    clock: str
    kind: str
    unit: str
    value: float | None
    coverage: float | None
    imputed: float | None
    refusal: str | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Methylome:
    """Readings of one sample; `refusal`: why nothing is said of it. Of a tumour there is no age."""

    sample: str
    tissue: str | None
    is_tumour: bool
    platform: str | None
    given_age: float | None
    refusal: str | None
    readings: tuple[ClockReading, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class HostTables:
    """Sample -> findings, of every sample of the files; None: that command's file was not given."""

    pgx: Mapping[str, PgxFindings] | None = None
    pgs: Mapping[str, PgsFindings] | None = None
    methylomes: Mapping[str, Methylome] | None = None


@dataclass(frozen=True)
class HostFindings:
    """Of one patient; None, or no methylome: that command's file was not given, or lacks the patient (`absent`)."""

    pgx: PgxFindings | None = None
    pgs: PgsFindings | None = None
    methylomes: tuple[Methylome, ...] = ()
    absent: tuple[str, ...] = ()
