"""clock.json -> `Methylome`s; a file with an age of tumour tissue is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from tumorcast.biology.clocks.tissues import contrary_tissue, is_tumour_barcode
from tumorcast.biology.clocks.units import is_age
from tumorcast.clinic.clock.tables import FORMAT
from tumorcast.clinic.host.findings import ClockReading, Methylome
from tumorcast.clinic.host.json_file import contradiction, need_single, read_json

NAME = "clock.json"
Number = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


@dataclass(frozen=True)
class _Refusal:
    code: str
    reason: str


@dataclass(frozen=True)
class _Clock:
    name: str
    kind: Literal["age", "score", "counter", "component"]


@dataclass(frozen=True)
class _Reading:
    clock: str
    value: Number | None
    unit: str
    coverage: Share | None
    imputed: Share | None
    refusal: _Refusal | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Sample:
    sample: str
    tissue: str | None
    tissue_group: str | None
    platform: str | None
    age_years: Number | None
    refusal: _Refusal | None
    notes: tuple[str, ...]
    readings: tuple[_Reading, ...]


@dataclass(frozen=True)
class _File:
    clocks: tuple[_Clock, ...]
    samples: tuple[_Sample, ...]


_ADAPTER = TypeAdapter(_File)


def read_methylomes(path: Path) -> dict[str, Methylome]:
    """Sample -> what is said of it.

    Raises:
        InputError: a foreign or contradictory file.
    """
    told = read_json(path, NAME, FORMAT, _ADAPTER)
    need_single(NAME, [one.sample for one in told.samples])
    kinds = {one.name: one.kind for one in told.clocks}
    return {one.sample: _methylome(one, kinds) for one in told.samples}


def _methylome(told: _Sample, kinds: Mapping[str, str]) -> Methylome:
    contrary = contrary_tissue(told.tissue or "")
    is_tumour = told.tissue_group == "tumour" or (contrary is not None and contrary.group == "tumour")
    is_tumour |= is_tumour_barcode(told.sample) is True
    readings = tuple(_reading(one, kinds) for one in told.readings)
    for one in readings:
        if one.value is None:
            continue
        if told.refusal or not told.tissue or not told.tissue_group:
            raise contradiction(
                NAME, f"{one.clock} has a value of a sample that is refused or of no known tissue"
            )
        if told.tissue_group == "unfit" or (contrary is not None and contrary.group == "unfit"):
            raise contradiction(
                NAME, f"{one.clock} has a value of {told.tissue}, which is no tissue of a person"
            )
        if is_tumour and (one.kind == "age" or is_age(one.clock, one.unit)):
            raise contradiction(NAME, f"{one.clock} gives an age of tumour tissue")
    return Methylome(
        told.sample, told.tissue, is_tumour, told.platform, told.age_years, _reason(told.refusal),
        readings, told.notes,
    )  # fmt: skip


def _reading(told: _Reading, kinds: Mapping[str, str]) -> ClockReading:
    if told.clock not in kinds:
        raise contradiction(NAME, f"nothing is said of the clock {told.clock}")
    if (told.value is None) is not (told.refusal is not None):
        raise contradiction(NAME, f"{told.clock} must have either a value or the reason why it has none")
    return ClockReading(
        told.clock, kinds[told.clock], told.unit, told.value, told.coverage, told.imputed,
        _reason(told.refusal), told.notes,
    )  # fmt: skip


def _reason(refusal: _Refusal | None) -> str | None:
    return None if refusal is None else refusal.reason
