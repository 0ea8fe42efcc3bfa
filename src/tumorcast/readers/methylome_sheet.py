"""A sheet of methylomes: what each sample is made of, on which array, and the age of the person."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.files import read_table

_NAMES = (
    "sample",
    "sample_id",
    "sampleid",
    "sample_name",
    "name",
    "id",
    "barcode",
    "sentrix",
    "basename",
    "geo_accession",
)
_AGES = (
    "age", "age_years", "age_in_years", "age_yrs", "chronological_age", "age_at_sampling", "age_at_sample",
    "age_at_collection", "age_at_draw", "age_at_blood_draw",
)  # fmt: skip
_KNOWN = {"tissue": ("tissue",), "platform": ("platform", "array"), "age": _AGES}
_KINDS = {
    "sample_type", "sample_class", "sample_source", "tissue_type", "tissue_ch1", "specimen_type", "source_name",
    "source_name_ch1", "material",
}  # fmt: skip
"""Columns beside `tissue` that may say that a sample is a tumour, with `_` for other marks."""
_OLDEST = 122.5
"""Years; nobody is known to have lived longer."""


@dataclass(frozen=True)
class DeclaredSample:
    """One row; None where the sheet does not say.

    Attributes:
        kinds: cells of other columns that say what the sample is (`SAMPLE_TYPE`, `source_name`, ...).
    """

    tissue: str | None
    platform: str | None
    age_years: float | None
    kinds: tuple[str, ...] = ()


def read_methylome_sheet(
    path: Path, samples: Collection[str], report: list[Exclusion]
) -> dict[str, DeclaredSample]:
    """Sample -> what was declared of it, for the samples asked for.

    The column of samples is the one of the usual names (`sample`, `name`, ...; else the first) in which most of them
    stand. Ages are in years at sampling; those that are no age of a person are left out and told.

    Raises:
        InputError: not a table, no sample found, or a sample with two different rows.
    """
    table = _table(path)
    column = _samples_column(table, samples, path)
    plain = {_plain(name): name for name in reversed(table.columns)}
    places = {
        name: next((plain[one] for one in known if one in plain), None) for name, known in _KNOWN.items()
    }
    if places["age"] is None and (unread := [own for name, own in plain.items() if name.startswith("age")]):
        told = (
            f"no column of ages is known: {', '.join(unread)} is not read (age, age_years, age_at_sampling)"
        )
        report.append(Exclusion("layer", path.name, "unknown_column", told))
    made: dict[str, DeclaredSample] = {}
    ages = _ages(table, places["age"], path, report)
    for place, sample in enumerate(table[column].fillna("").astype(str)):
        if sample not in samples:
            continue
        tissue, platform = (_cell(table, places[name], place) for name in ("tissue", "platform"))
        kinds = (_cell(table, name, place) for name in _kind_columns(table))
        row = DeclaredSample(tissue, platform, ages[place], tuple(word for word in kinds if word))
        if made.setdefault(sample, row) != row:
            raise InputError(f"{path.name} says two different things of one sample", got=sample)
    return made


def declared_tissues(path: Path) -> frozenset[str]:
    """Every word in the column of tissues and the others that say what a sample is."""
    table = _table(path)
    columns = [*_kind_columns(table), *(["tissue"] if "tissue" in table.columns else [])]
    return frozenset(word for column in columns for word in table[column].dropna().astype(str))


def _kind_columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if _plain(name) in _KINDS]


def _plain(name: str) -> str:
    """`age (years)` as `age_years`."""
    return re.sub(r"[\W_]+", "_", name).strip("_")


def _table(path: Path) -> pd.DataFrame:
    table = read_table(path, "," if path.suffix.casefold() == ".csv" else "\t")
    table.columns = pd.Index([str(name).strip().casefold() for name in table.columns])
    return table


def _samples_column(table: pd.DataFrame, samples: Collection[str], path: Path) -> str:
    usual = [name for name in _NAMES if name in table.columns]
    candidates = list(dict.fromkeys([*usual, str(table.columns[0])]))
    found = {name: int(table[name].astype(str).isin(list(samples)).sum()) for name in candidates}
    best = max(candidates, key=lambda name: found[name])
    if not found[best]:
        raise InputError(
            f"{path.name} names none of the samples", got=", ".join(table[candidates[0]].astype(str)[:4]),
            expected=", ".join(list(samples)[:4]),
        )  # fmt: skip
    return best


def _cell(table: pd.DataFrame, column: str | None, place: int) -> str | None:
    value = None if column is None else table[column].iloc[place]
    return None if value is None or pd.isna(value) else str(value)


def _ages(table: pd.DataFrame, column: str | None, path: Path, report: list[Exclusion]) -> list[float | None]:
    if column is None:
        return [None] * len(table)
    counts = CellCounts()
    ages = numbers_of(table[column], counts)
    counts.tell(f"{path.name}, {column}", report)
    is_odd = (ages < 0) | (ages > _OLDEST)
    if is_odd.any():
        told = f"{int(is_odd.sum())} ages outside 0 to {_OLDEST:g} years taken as unknown"
        report.append(Exclusion("value", path.name, "not_an_age", told))
    return [None if odd or pd.isna(age) else float(age) for age, odd in zip(ages, is_odd, strict=True)]
