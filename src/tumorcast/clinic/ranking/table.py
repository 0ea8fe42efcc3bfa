"""A ranking as text for a terminal: standards first, ties, evidence beside each, and why there is no number."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from tumorcast.clinic.host.words import STATEMENT as HOST_STATEMENT
from tumorcast.clinic.host.words import warnings_of
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.words import (
    NOT_ADJUSTED,
    OPEN,
    RESEARCH_USE,
    access_text,
    adjustments,
    caution_lines,
    contrast_text,
    described_text,
    estimate_text,
    evidence_text,
    group_lines,
    group_text,
    host_lines,
    months_text,
    outcome_text,
    percent,
    reference_text,
    sections,
    toxicity_text,
    unverified,
)

_WIDTH = 118
_NAME = 46


def table_text(ranking: Ranking) -> str:
    """All of it, at most 118 characters wide."""
    return "\n".join(_lines(ranking)) + "\n"


def _lines(ranking: Ranking) -> Iterator[str]:
    subject = ranking.subject
    where = f"line {subject.line}" if subject.line is not None else "any line"
    setting = f", {subject.setting}" if subject.setting else ""
    told = f"({subject.cancer}, {subject.told})"
    yield f"{subject.patient_id}  {subject.course_id}: {subject.cancer_name} {told}, {where}{setting}"
    if ranking.watermark:
        yield f"*** {ranking.watermark} ***"
    yield from _wrapped(ranking.statement)
    if ranking.reason:
        yield from _wrapped(
            f"NO ORDER: {ranking.reason}." if ranking.status == "no_order" else f"REFUSED: {ranking.reason}"
        )
    if ranking.prognosis is not None:
        yield from _wrapped(f"Prognosis: {ranking.prognosis.text}")
    yield from _wrapped(ranking.interaction.text)
    if ranking.host is not None:
        yield from (
            line for text in warnings_of(ranking.host) for line in _wrapped(f"HOST FINDINGS: {text}", "  ")
        )
    for title, own in sections(ranking):
        yield ""
        yield f"{title:<{_NAME}}  {'tie group':>9}  {outcome_text(ranking.outcome):<22}  evidence"
        for one in own:
            yield from _candidate(one)
            for text in host_lines(ranking, one):
                yield from _wrapped(f"  pharmacogenes: {text}", "    ")
    if ranking.contrasts:
        yield ""
        for text in group_lines(ranking):
            yield from _wrapped(text, "  ")
        yield from _contrasts(ranking)
    yield ""
    for limit in (*ranking.limits, *([] if ranking.host is None else [HOST_STATEMENT])):
        yield from _wrapped(f"- {limit}", "  ")
    yield RESEARCH_USE


def _contrasts(ranking: Ranking) -> Iterator[str]:
    """How many are ties, and those that are none."""
    apart = [one for one in ranking.contrasts if not one.is_tie]
    ties = f"{len(ranking.contrasts) - len(apart)} of {len(ranking.contrasts)} are ties"
    yield f"Contrasts, all together at {percent(ranking.level)}; seen, not caused: {ties}."
    for one in apart:
        beside = "" if one.adjusted is not None else f"; {NOT_ADJUSTED}"
        yield from _wrapped(f"  {one.first} less {one.second}: {contrast_text(one)}{beside}", "    ")
    for text in adjustments(ranking):
        yield from _wrapped(f"  {text}", "    ")


def _candidate(one: Candidate) -> Iterator[str]:
    name = one.name if len(one.name) <= _NAME else one.name[: _NAME - 3] + "..."
    yield f"{name:<{_NAME}}  {group_text(one):>9}  {estimate_text(one.number):<22}  {evidence_text(one)}"
    yield from _wrapped(f"  described for: {described_text(one)}", "    ")
    if not one.has_number:
        yield from _wrapped(f"  {one.reason}", "    ")
    if one.time is not None:
        yield f"  median {one.time.endpoint}: {months_text(one.time)}"
    if one.reference is not None:
        parts = "; ".join(one.reference.parts)
        yield from _wrapped(f"  independent action of {parts}: {reference_text(one.reference)}", "    ")
    for kind, states in OPEN.items():
        open_ones = caution_lines(one, kind, states)
        if open_ones:
            yield from _wrapped(f"  {kind.upper()}: {'; '.join(open_ones)}", "    ")
    if unverified(one):
        yield from _wrapped(f"  citation not verified: {', '.join(unverified(one))}", "    ")
    if toxicity_text(one):
        yield from _wrapped(f"  toxicities: {toxicity_text(one)}", "    ")
    yield from _wrapped(f"  {access_text(one)}", "    ")


def _wrapped(text: str, later: str = "") -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=later, break_long_words=False) or [""]
