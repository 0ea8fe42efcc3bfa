"""clock.csv, counters.csv, acceleration.csv and clock.json."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from tumorcast.biology._tables import read_table
from tumorcast.biology.clocks.clock import Clock, known_clocks
from tumorcast.clinic.clock.record import Acceleration, ClockRecord, Reading, SampleReadings

FORMAT = "tumorcast-clock-1"
TABLES = ("clocks", "clock_weights", "clock_drift", "clock_reference")


def clock_csv(record: ClockRecord) -> str:
    """`sample,clock,age_years,coverage,imputed`, one row a sample and clock of ages; no age where it is refused."""
    return _csv(
        ("sample", "clock", "age_years", "coverage", "imputed"),
        (
            (one.sample, reading.clock.name, shown(reading.value), _share(reading.coverage), _share(reading.imputed))
            for one, reading in _readings(record)
            if reading.clock.kind == "age"
        ),
    )  # fmt: skip


def counters_csv(record: ClockRecord) -> str:
    """`sample,counter,value,unit,coverage,imputed`: all that is no age."""
    return _csv(
        ("sample", "counter", "value", "unit", "coverage", "imputed"),
        (
            (
                one.sample, reading.clock.name, shown(reading.value), reading.clock.unit, _share(reading.coverage),
                _share(reading.imputed),
            )
            for one, reading in _readings(record)
            if reading.clock.kind != "age"
        ),
    )  # fmt: skip


def acceleration_csv(record: ClockRecord) -> str:
    """One row a sample with a given age and clock; `residual_years` is age acceleration within tissue and platform."""
    return _csv(
        ("sample", "clock", "tissue", "platform", "n_samples", "given_age", "age_years", "difference_years",
         "residual_years"),
        (
            (
                sample, group.clock, group.tissue, group.platform, str(len(group.points)), shown(given), shown(age),
                shown(age - given), shown(residual),
            )
            for group in record.accelerations
            for (sample, given, age), residual in zip(group.points, group.residuals, strict=True)
        ),
    )  # fmt: skip


def shown(value: float | None) -> str:
    """A number with ten digits; "" for none."""
    return "" if value is None else f"{value:.10g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _readings(record: ClockRecord) -> Iterable[tuple[SampleReadings, Reading]]:
    return ((one, reading) for one in record.samples for reading in one.readings)


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def as_json(record: ClockRecord) -> dict[str, Any]:
    """clock.json; `docs/clock.md` documents every field."""
    notes = {name: read_table(name).notes for name in TABLES}
    return {
        "format": FORMAT,
        "tables": [
            {"name": name, **{key: note[key] for key in ("source", "version", "date", "licence")}}
            for name, note in notes.items()
        ],
        "files": [{"name": name, "scale": scale, "n_cpgs": n} for name, (scale, n) in record.files.items()],
        "settings": dict(record.settings),
        "told": list(record.told),
        "clocks": [_clock(clock) for clock in record.clocks],
        "not_shipped": [
            {"name": clock.name, "reason": clock.terms}
            for clock in known_clocks().values()
            if clock.state == "own_file"
        ],
        "samples": [_sample(one) for one in record.samples],
        "accelerations": [_acceleration(group) for group in record.accelerations],
    }


def _clock(clock: Clock) -> dict[str, Any]:
    return {
        "name": clock.name, "kind": clock.kind, "unit": clock.unit, "tissues": sorted(clock.tissues),
        "formula": clock.formula, "intercept": clock.intercept, "n_probes": len(clock.probes), "state": clock.state,
        "trained_on": clock.trained_on, "source": clock.source, "doi": clock.doi, "terms": clock.terms,
    }  # fmt: skip


def _sample(one: SampleReadings) -> dict[str, Any]:
    return {
        "sample": one.sample, "tissue": one.tissue.name if one.tissue else None,
        "tissue_group": one.tissue.group if one.tissue else None, "platform": one.platform,
        "age_years": one.age_years, "refusal": _refusal(one), "notes": list(one.notes),
        "readings": [
            {
                "clock": reading.clock.name, "value": reading.value, "unit": reading.clock.unit,
                "coverage": reading.coverage, "imputed": reading.imputed, "refusal": _refusal(reading),
                "notes": list(reading.notes),
            }
            for reading in one.readings
        ],
    }  # fmt: skip


def _refusal(one: SampleReadings | Reading) -> dict[str, str] | None:
    return None if one.refusal is None else {"code": one.refusal.code, "reason": one.refusal.reason}


def _acceleration(group: Acceleration) -> dict[str, Any]:
    line = group.line
    return {
        "clock": group.clock, "tissue": group.tissue, "platform": group.platform, "n_samples": len(group.points),
        "line": None if line is None else {
            "slope": line.slope, "intercept": line.intercept,
            "correlation": None if line.correlation != line.correlation else line.correlation,
            "median_error_years": line.median_error,
        },
        "points": [
            {"sample": sample, "given_age": given, "age_years": age, "residual_years": residual}
            for (sample, given, age), residual in zip(group.points, group.residuals, strict=True)
        ],
    }  # fmt: skip
