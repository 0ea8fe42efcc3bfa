"""`slides_report.csv`: one row for every slide found, whatever became of it."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Literal

from tumorcast.domain.errors import SlideError, TumorcastError
from tumorcast.slides.discover import SlideFile
from tumorcast.slides.owner import written_whole

REPORT_NAME = "slides_report.csv"


@dataclass(frozen=True)
class ReportRow:
    """What became of one slide.

    Attributes:
        slide_id: name of the slide.
        path: its file.
        status: "ok" encoded now; "skipped" features were there already; "failed".
        reason: empty, or a stable code and a sentence (`no_tissue: ...`), also remarks on an "ok".
        n_tiles: tiles with features.
        mpp: um/px of level 0; None unknown.
        seconds: time spent on it.
    """

    slide_id: str
    path: str
    status: Literal["ok", "skipped", "failed"]
    reason: str = ""
    n_tiles: int = 0
    mpp: float | None = None
    seconds: float = 0.0


def failed_row(
    file: SlideFile, error: Exception, mpp: float | None = None, seconds: float = 0.0
) -> ReportRow:
    """The row of a slide that could not be encoded."""
    return ReportRow(file.slide_id, str(file.path), "failed", _reason(error), 0, mpp, seconds)


def write_report(folder: Path, rows: Iterable[ReportRow]) -> Path:
    """Write the report into `folder` atomically; returns its path."""
    path = folder / REPORT_NAME
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(field.name for field in fields(ReportRow))
        table.writerows(_cells(row) for row in rows)
    return path


def _cells(row: ReportRow) -> list[object]:
    *head, mpp, seconds = astuple(row)
    return [*head, "" if mpp is None else f"{mpp:.6g}", f"{seconds:.2f}"]


def _reason(error: Exception) -> str:
    """`code: sentence; got: ...; to mend: ...` on one line."""
    if isinstance(error, TumorcastError):
        code = error.code if isinstance(error, SlideError) else "bad_input"
        return f"{code}: " + "; ".join(" ".join(line.split()) for line in str(error).splitlines())
    return f"unexpected: {type(error).__name__}: {' '.join(str(error).split())}"
