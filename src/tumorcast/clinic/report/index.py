"""The reports of a cohort on one page, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from tumorcast.clinic.report import notices, words
from tumorcast.clinic.report.html import rendered
from tumorcast.clinic.report.record import PatientReport


@dataclass(frozen=True)
class IndexRow:
    """One report, or the patient of whom none could be made.

    Attributes:
        status: as in the record, or "failed".
        probability, low, high: None without a number.
        flags: codes of what speaks against the number, separated by spaces.
        folder: where the report lies, from the index; "" where there is none.
    """

    patient_id: str
    course_id: str
    status: str
    reason: str = ""
    probability: float | None = None
    low: float | None = None
    high: float | None = None
    answers: str = ""
    flags: str = ""
    sign_off: str = ""
    model: str = ""
    watermark: str = ""
    folder: str = ""


def index_row(report: PatientReport, folder: str) -> IndexRow:
    """The row of a report."""
    response = report.response
    return IndexRow(
        report.subject.patient_id,
        report.subject.course_id,
        report.status,
        report.reason,
        None if response is None else response.probability,
        None if response is None else response.low,
        None if response is None else response.high,
        "" if response is None else response.answers,
        " ".join(f"{flag.level}:{flag.code}" for flag in report.flags),
        report.sign_off.status,
        report.provenance.model_id,
        report.watermark,
        folder,
    )


def index_table(rows: Sequence[IndexRow]) -> pd.DataFrame:
    """As `report_index.csv`."""
    return pd.DataFrame([asdict(row) for row in rows], columns=list(IndexRow.__dataclass_fields__))


def index_html(rows: Sequence[IndexRow], title: str) -> str:
    """The page; failed patients stand at the end."""
    ordered = [row for row in rows if row.status != "failed"] + [
        row for row in rows if row.status == "failed"
    ]
    marks = sorted({row.watermark for row in rows if row.watermark})
    return rendered("index.html.j2", rows=ordered, title=title, words=words, notices=notices, marks=marks)
