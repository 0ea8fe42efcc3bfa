"""Panels of a report: what was said beside the prediction, in one form that page, PDF and the lab's web page share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reportlab.graphics.shapes import Drawing

from tumorcast.clinic.ranking.charts import ALT, ranking_chart
from tumorcast.clinic.ranking.record import Candidate, Ranking
from tumorcast.clinic.ranking.words import (
    TIERS,
    caution_lines,
    contrast_text,
    estimate_text,
    group_text,
    percent,
)
from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.tables import Table

_SHARES = (0.26, 0.18, 0.08, 0.22, 0.26)


@dataclass(frozen=True, eq=False)
class Panel:
    """One panel, in the order in which it is shown.

    Attributes:
        key: anchor, and name of the record's field.
        statement: how its numbers are to be read; stands first, set apart.
        warnings: why there is no order or no number; set apart too.
        lines: sentences before the picture.
        chart: None where there is nothing to draw; `alt` says what it shows.
        notes: what it does not say, a sentence each.
    """

    key: str
    title: str
    statement: str
    warnings: tuple[str, ...]
    lines: tuple[str, ...]
    chart: Drawing | None
    alt: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


def panels_of(report: PatientReport) -> tuple[Panel, ...]:
    """Those that the record has."""
    return () if report.ranking is None else (ranking_panel(report.ranking),)


def ranking_panel(ranking: Ranking) -> Panel:
    """Guideline standards first; a refused ranking has neither picture nor number."""
    is_refused = ranking.status == "refused"
    warning = f"{'Refused' if is_refused else 'No order'}: {ranking.reason}." if ranking.reason else ""
    told = [ranking.watermark, warning]
    return Panel(
        key="ranking",
        title="Candidate regimens side by side",
        statement=ranking.statement,
        warnings=tuple(text for text in told if text),
        lines=() if is_refused else tuple(_lines(ranking)),
        chart=None if is_refused else ranking_chart(ranking),
        alt=ALT,
        tables=tuple(_tables(ranking)),
        notes=ranking.limits,
    )


def _lines(ranking: Ranking) -> Iterator[str]:
    if ranking.prognosis is not None:
        yield f"Prognosis: {ranking.prognosis.text}"
    yield ranking.interaction.text


def _tables(ranking: Ranking) -> Iterator[Table]:
    for title, is_standard in (("Guideline standards", True), ("Other regimens", False)):
        rows = tuple(_row(one) for one in ranking.candidates if one.is_standard is is_standard)
        if rows:
            yield Table(
                title,
                ("Regimen", "Response", "Tie group", "Evidence", "Cautions, and why no number"),
                rows,
                (),
                "",
                _SHARES,
            )
    if ranking.contrasts:
        names = {one.key: one.name for one in ranking.candidates}
        rows = tuple((names[one.first], names[one.second], contrast_text(one)) for one in ranking.contrasts)
        note = f"All together at {percent(ranking.level)}; seen among patients, not caused."
        yield Table("Differences of probability", ("First", "less second", "Difference"), rows, (), note)


def _row(one: Candidate) -> tuple[str, ...]:
    told = [] if one.has_number else [one.reason]
    for kind in ("contraindication", "caution"):
        told += [f"{kind}: {line}" for line in caution_lines(one, kind) if line.endswith("[present]")]
    if one.reference is not None:
        reference = one.reference
        span = f"{percent(reference.value)} ({percent(reference.low)} to {percent(reference.high)})"
        told.append(f"independent action {span}, {reference.words}")
    evidence = f"{TIERS[one.tier]}, n {one.n_here}" if one.n_here else TIERS[one.tier]
    return one.name, estimate_text(one.response), group_text(one), evidence, "; ".join(told)
