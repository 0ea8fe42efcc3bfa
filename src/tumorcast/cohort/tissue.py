"""Which sample of a patient counts for which course."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import pandas as pd

from tumorcast.config.models import DataConfig
from tumorcast.domain.exclusions import Exclusion

PatientSample = tuple[str, float, str]
"""Sample id, day of collection (NaN unknown), procedure."""


def samples_by_patient(samples: pd.DataFrame) -> dict[str, list[PatientSample]]:
    """Patient -> their samples, in the order of `Study.samples`."""
    found: dict[str, list[PatientSample]] = {}
    columns = (samples["patient_id"], samples["collected_day"], samples["procedure"])
    for sample_id, patient_id, day, procedure in zip(samples.index, *columns, strict=True):
        found.setdefault(str(patient_id), []).append((str(sample_id), float(day), str(procedure)))
    return found


def eligible_samples(
    samples: Iterable[PatientSample], start_day: float, data: DataConfig
) -> tuple[list[str], list[Exclusion]]:
    """Samples of a patient taken before the course's first day, newest first; undated ones last.

    A sample taken after `start_day - data.tissue_days_before` is refused (it would have seen the
    treatment); so is a procedure that `data.procedures` does not name. An undated sample of a dated course
    is kept and reported.
    """
    kept: list[tuple[float, str]] = []
    report = []
    for sid, day, procedure in samples:
        if procedure not in data.procedures:
            report.append(Exclusion("sample", sid, "procedure_not_wanted", procedure))
        elif not math.isnan(day) and not math.isnan(start_day) and day > start_day - data.tissue_days_before:
            report.append(
                Exclusion("sample", sid, "taken_after_start", f"day {day:g}, course from {start_day:g}")
            )
        else:
            if math.isnan(day) and not math.isnan(start_day):
                report.append(Exclusion("sample", sid, "date_unknown_kept", "no collection day"))
            kept.append((-math.inf if math.isnan(day) else day, sid))
    kept.sort(key=lambda item: -item[0])
    return [sid for _, sid in kept], report


def newest_with(sample_ids: list[str], has: Callable[[str], bool]) -> str | None:
    """The first (newest) sample for which the layer was measured."""
    return next((sid for sid in sample_ids if has(sid)), None)
