"""Other drugs that patients take, with dates: a table `sample, drug[, start, stop, source]`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import need_columns, read_table


@dataclass(frozen=True)
class Comedication:
    """One drug of one sample.

    Attributes:
        start, stop: first and last day, None not known (then it counts, and a note says so).
        source: where it was written down.
    """

    drug: str
    start: date | None
    stop: date | None
    source: str

    def is_taken(self, on: date | None) -> bool:
        """Whether it counts on a day; None: every drug that was not stopped counts."""
        if on is None:
            return self.stop is None
        return (self.start is None or self.start <= on) and (self.stop is None or on <= self.stop)


def read_comedication(path: Path) -> Mapping[str, tuple[Comedication, ...]]:
    """Sample -> its drugs, from a table `sample, drug[, start, stop, source]` (tabs, or commas in a .csv).

    Raises:
        InputError: no such columns, or a day that is not a date or a stop before its start.
    """
    table = read_table(path, "," if path.suffix.lower() == ".csv" else "\t")
    need_columns(table, ("sample", "drug"), path)
    found: dict[str, list[Comedication]] = {}
    for row in table.fillna("").to_dict("records"):
        start, stop = (_day(path, str(row.get(key, ""))) for key in ("start", "stop"))
        if start and stop and stop < start:
            raise InputError(
                f"{path.name}: a drug stops before it starts", got=f"{row['drug']} {start} {stop}"
            )
        one = Comedication(str(row["drug"]).strip().lower(), start, stop, str(row.get("source", "")))
        found.setdefault(str(row["sample"]), []).append(one)
    return {sample: tuple(drugs) for sample, drugs in found.items()}


def _day(path: Path, text: str) -> date | None:
    if not text or pd.isna(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{path.name}: not a day", got=text, expected="YYYY-MM-DD") from None
