"""Panels of a report: what was said beside the prediction, in one form that page, PDF and the lab's web page share."""

from __future__ import annotations

from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.panel_curves import curves_panel
from tumorcast.clinic.report.panel_host import host_panel
from tumorcast.clinic.report.panel_ranking import ranking_panel
from tumorcast.clinic.report.panel_twin import twin_panel
from tumorcast.clinic.report.record import PatientReport


def panels_of(report: PatientReport) -> tuple[Panel, ...]:
    """Those that the record has, in the order in which they are shown."""
    host = () if report.host is None else (host_panel(report.host),)
    ranking = () if report.ranking is None else (ranking_panel(report.ranking),)
    curves = () if report.curves is None else (curves_panel(report.curves),)
    twin = () if report.twin is None else (twin_panel(report.twin),)
    return (*ranking, *host, *curves, *twin)
