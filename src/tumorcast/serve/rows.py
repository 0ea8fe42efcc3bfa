"""`predictions.csv`: one row a course, each with a number or with the reason why there is none."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from tumorcast.readers.files import write_text
from tumorcast.serve.findings import Finding
from tumorcast.serve.manifest import Manifest

Status = Literal["predicted", "predicted_partly", "not_predicted", "refused"]


@dataclass(frozen=True)
class PredictionRow:
    """One course.

    Attributes:
        course_id: "" where the patient has none that could be read.
        status: "predicted"; "predicted_partly" (something speaks against the number: something given was not used,
            or a warning); "not_predicted" (nothing to predict from); "refused" (a number would mislead).
        reason: why not, or what speaks against the number.
        modalities: layers that the number rests on ("slide+mutations").
        probability: of response; None without a number or without such a head.
        answers: the set that holds the truth as often as promised: "R", "NR", "both" (not known) or "empty" (unlike
            either), "unknown" for a patient unlike those of training; "" where none is given.
        like_training: p value of being like the training patients; None where it is not known.
        risk: log-risk of an event, likewise.
        size_log_ratio: of the sum of diameters near week 8 to baseline, natural logarithm; likewise, and None where
            the manifest does not tell how far the head is off.
        size_log_sd: standard deviation of its error; None where it is.
        flags: `level:code` of every finding, worst first, separated by spaces.
        findings: these whole.
    """

    patient_id: str
    course_id: str
    status: Status
    reason: str = ""
    modalities: str = ""
    n_tiles: int = 0
    probability: float | None = None
    risk: float | None = None
    answers: str = ""
    like_training: float | None = None
    flags: str = ""
    findings: tuple[Finding, ...] = ()
    size_log_ratio: float | None = None
    size_log_sd: float | None = None


def prediction_table(rows: Iterable[PredictionRow], manifest: Manifest, watermark: str = "") -> pd.DataFrame:
    """Rows as a table: `risk`, `size_log_ratio` and `size_log_sd` where the model has the head; `watermark`."""
    columns: dict[str, type | str] = {
        "patient_id": object, "course_id": object, "probability": float, "answers": object, "like_training": float,
        "status": object, "reason": object, "flags": object, "modalities": object,
        "n_tiles": int,
    }  # fmt: skip
    if "survival" in manifest.heads:
        columns["risk"] = float
    if "size" in manifest.heads:
        columns["size_log_ratio"] = columns["size_log_sd"] = float
    values = [[getattr(row, name) for name in columns] for row in rows]
    table = pd.DataFrame(values, columns=list(columns)).astype(columns)
    table["model"], table["training_data"] = manifest.model_id, manifest.training_data
    table["use"] = f"research use only, {manifest.status}"
    if "risk" in columns:
        table["risk"] = table.pop("risk")
    if "size" in manifest.heads:
        table["size_log_sd"] = table.pop("size_log_sd")
    if watermark:
        table["watermark"] = watermark
    return table


def count_statuses(table: pd.DataFrame) -> list[str]:
    """Lines such as `12 predicted` and `3 refused: trained on simulated data ... `, for the screen."""
    lines = []
    for status, rows in table.groupby("status", sort=False):
        reasons = rows["reason"].value_counts()
        shown = [f"  {count} x {reason}" for reason, count in reasons.items() if reason][:5]
        lines += [f"{len(rows)} {str(status).replace('_', ' ')}", *shown]
    return lines


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its index, atomically."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
