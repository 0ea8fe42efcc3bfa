"""Survival curves as a panel of a report."""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.clinic.curves.charts import DAYS_PER_MONTH, alt_text, survival_chart
from tumorcast.clinic.curves.record import Milestone, PatientCurves, RegimenCurve
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.tables import Table
from tumorcast.clinic.report.words import percent


def curves_panel(curves: PatientCurves) -> Panel:
    """The curves that there are, and why others are not; no picture where there is none."""
    drawn = [one for one in curves.curves if one.days]
    return Panel(
        key="curves",
        title=f"{curves.endpoint} over time",
        statement=curves.notice,
        warnings=(curves.watermark,) if curves.watermark else (),
        lines=tuple(_lines(curves)),
        chart=survival_chart(curves) if drawn else None,
        alt=alt_text(curves),
        tables=(_table(curves),),
        notes=(curves.band,),
    )


def _lines(curves: PatientCurves) -> Iterator[str]:
    if curves.landmark_day:
        yield f"Given that the event has not happened by day {curves.landmark_day:g} of treatment."
    if curves.risk_of:
        yield f"Drawn {curves.told_risk}."
    yield (
        f"From {curves.n_patients} training patients with {curves.n_events} events; nothing is said past day "
        f"{curves.horizon_day:g}."
    )


def _table(curves: PatientCurves) -> Table:
    days = sorted({one.day for curve in curves.curves for one in curve.milestones})
    months = tuple(f"Month {day / DAYS_PER_MONTH:.0f}" for day in days)
    rows = tuple(_row(one, days) for one in curves.curves)
    width = (0.24, 0.14, *((0.36 / len(days),) * len(days)), 0.26) if days else (0.3, 0.2, 0.5)
    return Table(
        "Share without the event",
        ("Regimen", "Median", *months, "Evidence, overlap, and what speaks against it"),
        rows,
        (),
        "",
        width,
    )


def _row(one: RegimenCurve, days: list[float]) -> tuple[str, ...]:
    name = f"{one.regimen}, as recorded" if one.given == "recorded" else one.regimen
    by_day = {milestone.day: milestone for milestone in one.milestones}
    against = (
        f"no curve: {one.reason}"
        if one.reason
        else "; ".join(filter(None, (one.evidence, one.overlap, one.warnings)))
    )
    return name, _median(one), *(_share(by_day.get(day)) for day in days), against


def _median(one: RegimenCurve) -> str:
    if not one.days:
        return "none"
    return "not reached" if one.median_days is None else f"{one.median_days / DAYS_PER_MONTH:.1f} months"


def _share(told: Milestone | None) -> str:
    if told is None or told.survival is None or told.low is None or told.high is None:
        return "not known"
    return f"{percent(told.survival)} ({percent(told.low)} to {percent(told.high)})"
