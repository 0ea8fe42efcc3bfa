"""clock.txt: what a person reads, limits first."""

from __future__ import annotations

import textwrap
from collections import defaultdict

from tumorcast.biology._tables import read_table
from tumorcast.biology.clocks.acceleration import FEW_SAMPLES, LEAST_SAMPLES
from tumorcast.biology.clocks.clock import known_clocks
from tumorcast.clinic.clock.record import Acceleration, ClockRecord, Reading, SampleReadings
from tumorcast.clinic.clock.tables import TABLES

_WIDTH = 110
_LIMITS = (
    "Research use only; not a recommendation. A clock's age is a statistical read-out of methylation, not a diagnosis.",
    "Of tumour tissue no age is given: counters and components only. Of blood it is the host's, and wrong in leukaemia"
    " and after a transplant.",
    "Betas are used as given: no normalisation (BMIQ, Noob) is done here, and no correction for cell composition.",
)


def text_of(record: ClockRecord) -> str:
    """The whole text."""
    settings = ", ".join(f"{name} {value}" for name, value in record.settings.items())
    lines = ["Epigenetic clocks", *_LIMITS, "", f"Settings: {settings}"]
    lines += [f"{name}: {scale}, {n} CpGs" for name, (scale, n) in record.files.items()]
    lines += [f"- {told}" for told in record.told]
    for one in record.samples:
        lines += ["", *_sample_lines(one)]
    if record.accelerations:
        lines += [
            "",
            "Against the given ages",
            *(_acceleration_line(group) for group in record.accelerations),
        ]
    else:
        lines += ["", "No age was given: no age acceleration, no picture."]
    lines += ["", "Clocks", *(f"{c.name}: {c.source}. Terms: {c.terms}" for c in record.clocks)]
    lines += ["", "Known, but their numbers are not in this package (--coefficients NAME=FILE):"]
    lines += [f"{c.name}: {c.terms}" for c in known_clocks().values() if c.state == "own_file"]
    lines += ["", "Tables"]
    lines += [f"{name}, {notes['date']}: {notes['source']}" for name, notes in _tables()]
    wrapped = (textwrap.wrap(line, _WIDTH, subsequent_indent="    ") or [""] for line in lines)
    return "\n".join(part for one in wrapped for part in one) + "\n"


def _tables() -> list[tuple[str, dict[str, str]]]:
    return [(name, read_table(name).notes) for name in TABLES]


def _sample_lines(one: SampleReadings) -> list[str]:
    declared = [one.tissue.name if one.tissue else "tissue not known", one.platform or "platform not known"]
    if one.age_years is not None:
        declared.append(f"aged {one.age_years:g}")
    title = f"Sample {one.sample} ({', '.join(declared)})"
    lines = [title, "=" * min(len(title), _WIDTH), *map(_note, one.notes)]
    if one.refusal is not None:
        return [*lines, f"refused: {one.refusal.reason}"]
    lines += [_reading_line(reading) for reading in one.readings if reading.value is not None]
    refused: dict[str, list[str]] = defaultdict(list)
    for reading in one.readings:
        if reading.refusal is not None:
            refused[reading.refusal.reason].append(reading.clock.name)
    return [*lines, *(f"refused {', '.join(names)}: {reason}" for reason, names in refused.items())]


def _note(note: str) -> str:
    return note if note.startswith("WARNING") else f"note: {note}"


def _reading_line(reading: Reading) -> str:
    coverage, imputed = reading.coverage or 0.0, reading.imputed or 0.0
    value = f"{reading.value:.1f}" if reading.clock.kind == "age" else f"{reading.value:.4g}"
    line = f"{reading.clock.name}: {value} {reading.clock.unit} (probes measured {coverage:.1%}"
    line += f", filled in {imputed:.1%})" if imputed else ")"
    return "; ".join([line, *reading.notes])


def _acceleration_line(group: Acceleration) -> str:
    name = f"{group.clock}, {group.tissue}, {group.platform}: {len(group.points)} samples"
    line = group.line
    if line is None:
        return f"{name}, no residuals (at least {LEAST_SAMPLES} samples of three ages)"
    rough = ", a rough line" if len(group.points) < FEW_SAMPLES else ""
    return (
        f"{name}{rough}: age = {line.intercept:.1f} + {line.slope:.2f} x given age, correlation"
        f" {line.correlation:.2f}, median error {line.median_error:.1f} years; residuals in acceleration.csv"
    )
