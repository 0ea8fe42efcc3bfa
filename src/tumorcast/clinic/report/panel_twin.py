"""The digital twin's forecast of tumour size as a panel of a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tumorcast.clinic.report.panel import Panel
from tumorcast.clinic.report.tables import Table
from tumorcast.clinic.report.words import percent
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.charts import fan_drawing, told
from tumorcast.clinic.twin.record import TwinRecord, Visit
from tumorcast.clinic.twin.table import prior_lines

_SHARES = (0.1, 0.16, 0.2, 0.18, 0.2, 0.16)


def twin_panel(record: TwinRecord) -> Panel:
    """Scans, forecast and the last value carried forward; a refused one has its reason and what was measured."""
    mark = (words.population_mark(bool(record.shift)),) if record.kind == "population_simulation" else ()
    return Panel(
        key="twin",
        title="Tumour size: what a model of other patients says",
        statement=words.SIMULATION,
        warnings=(*mark, *(_sentence(reason) for reason in record.reasons)),
        lines=tuple(_lines(record)),
        chart=fan_drawing(record),
        alt=told(record),
        tables=tuple(_tables(record)),
        notes=(*record.notices, *filter(None, (record.population.caveat,))),
    )


def _lines(record: TwinRecord) -> Iterator[str]:
    people = words.people_of(record.population)
    yield f"Population {people}; nothing is forecast past day {record.horizon_day:g}."
    if record.prior is not None:
        yield from (_sentence(line) for line in prior_lines(record.prior)[:2])
    if record.progression_mm is not None:
        yield (
            f"First sum {record.baseline_mm:.0f} mm, smallest {record.nadir_mm:.0f} mm, last "
            f"{record.last_text} mm; progression by sums from {record.progression_mm:.0f} mm."
        )
    found = record.progression
    if found is not None and found.seen_day is not None:
        yield f"Progression {words.GROUNDS[found.seen_by]} was seen on day {found.seen_day:g}."
    elif found is not None and found.by_horizon is not None:
        yield f"Progression by sums until day {record.horizon_day:g}: {percent(found.by_horizon)} of the draws."


def _tables(record: TwinRecord) -> Iterator[Table]:
    if record.visits:
        yield _visits(record.visits, "At the scans to come")
    if record.prior is not None and record.prior.visits:
        yield _visits(record.prior.visits, "The same without what the model said before any scan")


def _visits(visits: Sequence[Visit], title: str) -> Table:
    head = ("Day", "Forecast, mm", "90% band, mm", "Last value, mm", "Progressed by then", "Still scanned")
    return Table(title, head, tuple(map(_row, visits)), (1, 2, 3, 4, 5), "", _SHARES)


def _row(one: Visit) -> tuple[str, ...]:
    last = "no scan" if one.last_value_mm is None else f"{one.last_value_mm:.0f}"
    followed = "not known" if one.followed is None else percent(one.followed)
    band = f"{one.low_mm:.0f} to {one.high_mm:.0f}"
    progressed = "not given" if one.progression is None else percent(one.progression)
    return f"{one.day:g}", f"{one.median_mm:.0f}", band, last, progressed, followed


def _sentence(reason: str) -> str:
    return reason if reason.endswith(".") else f"{reason}."
