"""The record as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.record import Percent, PriorFacts, TwinRecord, Visit


def table_text(record: TwinRecord) -> str:
    """Scans to come, each beside the last value carried forward; reasons before, what it is not after."""
    lines = []
    if record.kind == "population_simulation":
        lines.append(words.population_mark(bool(record.shift)))
    lines += list(record.reasons)
    people = words.people_of(record.population)
    lines.append(f"patient {record.patient_id}: {len(record.scans)} scans; population {people}")
    if record.progression_mm is not None:
        lines.append(
            f"first {record.baseline_mm:.0f} mm, nadir {record.nadir_mm:.0f}, last {record.last_text}; "
            f"progression from {record.progression_mm:.0f} mm"
        )
    lines += _visits(record.visits)
    if record.prior is not None and not record.prior.refused:
        lines += [*prior_lines(record.prior), *_visits(record.prior.visits)]
    if record.progression and record.progression.seen_day is not None:
        grounds = words.GROUNDS[record.progression.seen_by]
        lines.append(f"progression {grounds} was seen on day {record.progression.seen_day:g}")
    if record.survival:
        one = record.survival
        high = "past follow-up" if one.high_days is None else f"{one.high_days:.0f}"
        lines.append(f"median survival {one.median_days:.0f} days [{one.low_days:.0f}, {high}]: {one.note}")
    for scenario in record.scenarios:
        lines += ["", f"what if: {scenario.name}", scenario.caveat, scenario.assumption]
        lines += [f"no answer: {scenario.refused}"] if scenario.refused else _visits(scenario.visits)
    return "\n".join([*lines, "", *record.notices]) + "\n"


def prior_lines(prior: PriorFacts) -> list[str]:
    """What a model said before any scan and what it changed; nothing of one that refused."""
    if prior.expected is None or prior.population is None or prior.moved is None or prior.usual is None:
        return []
    changes = "; ".join(
        f"{one.name} {one.middle:.2f} (SD {one.sd:.2f}) to {one.moved_middle:.2f} ({one.moved_sd:.2f})"
        for one in prior.parameters
    )
    return [
        f"day {prior.day:g}, change from baseline: {prior.source} expects {_change(prior.expected)} (its patients "
        f"{_change(prior.usual)}); virtual patients {_change(prior.population)}, so weighed {_change(prior.moved)}",
        f"parameters of the virtual patients: {changes}",
        "the same forecast without it:",
    ]


def _change(one: Percent) -> str:
    return f"{one.median:+.0f}% [{one.low:+.0f}, {one.high:+.0f}]"


def _visits(visits: Sequence[Visit]) -> list[str]:
    if not visits:
        return []
    lines = [
        f"{'day':>6} {'forecast':>9} {'90% band':>13} {'last value':>11} {'progressed':>11} {'scanned':>8}"
    ]
    for one in visits:
        last = "no scan" if one.last_value_mm is None else f"{one.last_value_mm:.0f}"
        progressed = "not given" if one.progression is None else f"{one.progression:.0%}"
        followed = "" if one.followed is None else f"{one.followed:.0%}"
        lines.append(
            f"{one.day:6.0f} {one.median_mm:9.0f} {one.low_mm:5.0f} to {one.high_mm:4.0f} {last:>11} "
            f"{progressed:>11} {followed:>8}"
        )
    return lines
