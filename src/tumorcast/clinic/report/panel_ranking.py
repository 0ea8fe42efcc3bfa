"""Candidate regimens as a panel of a report."""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.charts import ALT, ranking_chart
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.words import (
    OPEN,
    TIERS,
    adjustments,
    caution_lines,
    contrast_text,
    described_text,
    estimate_text,
    group_lines,
    group_text,
    outcome_text,
    outcome_title,
    percent,
    unverified,
)
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.tables import Table

_SHARES = (0.26, 0.18, 0.08, 0.22, 0.26)


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
    yield from group_lines(ranking)
    yield from adjustments(ranking)


def _tables(ranking: Ranking) -> Iterator[Table]:
    for title, is_standard in (("Guideline standards", True), ("Other regimens", False)):
        rows = tuple(_row(one) for one in ranking.candidates if one.is_standard is is_standard)
        if rows:
            yield Table(
                title,
                (
                    "Regimen",
                    outcome_title(ranking.outcome),
                    "Tie group",
                    "Evidence",
                    "Cautions, and why no number",
                ),
                rows,
                (),
                "",
                _SHARES,
            )
    if ranking.contrasts:
        names = {one.key: one.name for one in ranking.candidates}
        rows = tuple((names[one.first], names[one.second], contrast_text(one)) for one in ranking.contrasts)
        note = f"All together at {percent(ranking.level)}; seen among patients, not caused."
        yield Table(
            f"Differences of {outcome_text(ranking.outcome)}",
            ("First", "less second", "Difference"),
            rows,
            (),
            note,
        )


def _row(one: Candidate) -> tuple[str, ...]:
    told = [] if one.has_number else [one.reason]
    for kind, states in OPEN.items():
        told += [f"{kind}: {line}" for line in caution_lines(one, kind, states)]
    if one.reference is not None:
        reference = one.reference
        span = f"{percent(reference.value)} ({percent(reference.low)} to {percent(reference.high)})"
        told.append(f"independent action {span}, {reference.words}")
    told += [f"citation not verified: {name}" for name in unverified(one)]
    evidence = f"{TIERS[one.tier]}, n {one.n_here}" if one.n_here else TIERS[one.tier]
    name = f"{one.name} ({described_text(one)})"
    return name, estimate_text(one.number), group_text(one), evidence, "; ".join(told)
