"""A patient's survival curves as files and as text."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

from tumorcast.clinic.curves.record import PatientCurves, RegimenCurve
from tumorcast.readers.files import write_bytes, write_text
from tumorcast.readers.lesion_units import DAYS_PER_MONTH


def write_curves(curves: PatientCurves, out: Path) -> list[str]:
    """Write curves.json and curves.csv, and with the `lab` extra curves.svg and curves.pdf.

    Returns:
        What could not be written, in words.
    """
    write_text(out / "curves.json", curves.to_json())
    write_text(
        out / "curves.csv", table_of(curves).to_csv(index=False, float_format="%.6g", lineterminator="\n")
    )
    if find_spec("reportlab") is None:
        return ["not drawn: reportlab is not installed (pip install 'tumorcast[lab]')"]
    from tumorcast.clinic.curves.charts import pdf_file, svg_file

    write_text(out / "curves.svg", svg_file(curves))
    write_bytes(out / "curves.pdf", pdf_file(curves))
    return []


def table_of(curves: PatientCurves) -> pd.DataFrame:
    """One row a regimen and day: regimen, given, day, survival, low, high, n_here, watermark."""
    parts = [
        pd.DataFrame(
            {"regimen": one.regimen, "given": one.given, "day": one.days, "survival": one.survival,
             "low": one.low, "high": one.high, "n_here": one.n_here, "watermark": curves.watermark}
        )
        for one in curves.curves if one.days
    ]  # fmt: skip
    columns = ["regimen", "given", "day", "survival", "low", "high", "n_here", "watermark"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def text_of(curves: PatientCurves) -> str:
    """A few lines for a terminal."""
    since = f", given none by day {curves.landmark_day:g}" if curves.landmark_day else ""
    lines = [f"{curves.course_id}: {curves.endpoint} among training patients of the predicted risk{since}"]
    if curves.risk_of:
        lines.append(f"  {curves.told_risk}: a unit of it was worth {curves.slope:.2f}")
    if curves.watermark:
        lines.insert(0, curves.watermark)
    for one in curves.curves:
        lines.append(f"  {one.regimen}{' (as recorded)' if one.given == 'recorded' else ''}: {_told(one)}")
    lines.append(
        f"no curve past day {curves.horizon_day:g}; {curves.n_patients} training patients, {curves.n_events} events"
    )
    if curves.also:
        lines.append(f"also: {', '.join(f'--endpoint {one}' for one in curves.also)}")
    return "\n".join([*lines, curves.band, curves.notice]) + "\n"


def _told(one: RegimenCurve) -> str:
    if one.reason:
        return f"no curve: {one.reason}"
    shares = [
        f"month {m.day / DAYS_PER_MONTH:.0f} {m.survival:.0%} [{m.low:.0%}, {m.high:.0%}]"
        for m in one.milestones
        if m.survival is not None
    ]
    middle = "not reached" if one.median_days is None else f"{one.median_days / DAYS_PER_MONTH:.1f} months"
    against = "".join(f"; {told}" for told in (one.evidence, one.warnings) if told)
    return ", ".join([f"median {middle}", *shares]) + against
