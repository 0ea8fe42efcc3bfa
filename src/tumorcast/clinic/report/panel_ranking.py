"""Candidate regimens as a panel of a report."""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.charts import ALT, ranking_chart
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.words import (
    OPEN,
    access_text,
    adjustments,
    caution_lines,
    contrast_text,
    described_text,
    estimate_text,
    evidence_text,
    group_lines,
    group_text,
    host_short,
    outcome_text,
    outcome_title,
    percent,
    reference_text,
    sections,
    toxicity_text,
    unverified,
)
from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.tables import Table

_SHARES = (0.26, 0.18, 0.08, 0.22, 0.26)
_ACCESS_SHARES = (0.26, 0.37, 0.37)


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
    head = (
        "Regimen", outcome_title(ranking.outcome), "Tie group", "Evidence", "Cautions, and why no number",
    )  # fmt: skip
    for title, own in sections(ranking):
        yield Table(title, head, tuple(_row(ranking, one) for one in own), (), "", _SHARES)
    yield Table(
        "Toxicities that labels name, availability and cost", ("Regimen", "Toxicities", "Access"),
        tuple((one.name, toxicity_text(one) or "none known here", access_text(one)) for one in ranking.candidates),
        (), "What nobody stated is unknown.", _ACCESS_SHARES,
    )  # fmt: skip
    if ranking.contrasts:
        names = {one.key: one.name for one in ranking.candidates}
        rows = tuple((names[one.first], names[one.second], contrast_text(one)) for one in ranking.contrasts)
        note = f"All together at {percent(ranking.level)}; seen among patients, not caused."
        title = f"Differences of {outcome_text(ranking.outcome)}"
        yield Table(title, ("First", "less second", "Difference"), rows, (), note)


def _row(ranking: Ranking, one: Candidate) -> tuple[str, ...]:
    told = [] if one.has_number else [one.reason]
    for kind, states in OPEN.items():
        told += [f"{kind}: {line}" for line in caution_lines(one, kind, states)]
    told += [f"pharmacogenes: {line}" for line in host_short(ranking, one)]
    if one.reference is not None:
        told.append(f"independent action {reference_text(one.reference)}")
    told += [f"citation not verified: {name}" for name in unverified(one)]
    name = f"{one.name} ({described_text(one)})"
    return name, estimate_text(one.number), group_text(one), evidence_text(one), "; ".join(told)
