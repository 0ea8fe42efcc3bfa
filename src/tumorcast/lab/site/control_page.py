"""A control's series as a document: Levey-Jennings charts and the runs, newest first."""

from __future__ import annotations

import numpy as np

from tumorcast.lab.audit import utc
from tumorcast.lab.site.charts import AMBER, GREEN, RED, Line2, series_chart
from tumorcast.lab.site.control import DECIDING, Control
from tumorcast.lab.site.document import Document, Picture, Section, Table, Tone
from tumorcast.lab.site.records import SiteRecord
from tumorcast.lab.site.words import number
from tumorcast.metrics.control_rules import MEANING

_SHOWN, _LISTED = 60, 30
_LIMITS = (
    Line2(0, "mean", GREEN), Line2(2, "+2 SD", AMBER, True), Line2(-2, "-2 SD", AMBER, True),
    Line2(3, "+3 SD", RED), Line2(-3, "-3 SD", RED),
)  # fmt: skip


def control_page(record: SiteRecord, runs: list[SiteRecord], watermark: str = "") -> Document:
    """Of a control and its runs, the oldest first."""
    control = Control.from_json(record.content)
    last = runs[-1] if runs else None
    is_good = last is not None and bool(last.content["is_in_control"])
    verdict = "Never run" if last is None else str(last.content["sentence"])
    tone: Tone = "open" if last is None else "good" if is_good else "bad"
    sections = [_runs(runs)]
    if control.mode == "scans" and runs:
        sections.insert(0, _charts(control, runs[-_SHOWN:]))
    return Document(
        title=f"Control slide '{control.name}'",
        subtitle=f"{record.model_id}, registered {utc(record.at)[:10]} by {record.by_name}",
        verdict=verdict[0].upper() + verdict[1:],
        tone=tone,
        facts=_facts(control, runs),
        sections=tuple(sections),
        notices=(
            "The probability is of the slide alone, nothing of a patient being known: it watches scanner, stainer and "
            "software, and means nothing for a patient.",
        ),
        watermark=watermark,
    )


def _facts(control: Control, runs: list[SiteRecord]) -> tuple[tuple[str, str], ...]:
    out = sum(not run.content["is_in_control"] for run in runs)
    kind = (
        "the glass is scanned anew each time"
        if control.mode == "scans"
        else "one file is read again each time"
    )
    made_of = max(baseline.runs for baseline in control.baselines.values())
    return (
        ("Kind", kind),
        ("Learned from", f"{made_of} runs"),
        ("Runs", f"{len(runs)}, of which {out} out of control"),
        (
            "Rejects",
            f"rules 1-3s, 2-2s, R-4s, 4-1s, 10x of {', '.join(DECIDING)}; other numbers warn at 3 SD",
        ),
    )


def _charts(control: Control, runs: list[SiteRecord]) -> Section:
    days = [utc(run.at)[5:10] for run in runs]
    pictures = []
    for name, baseline in control.baselines.items():
        z = [_z(run, name) for run in runs]
        is_out = [bool(set(run.content["broken"].get(name, ())) - {"1-2s"}) for run in runs]
        drawing = series_chart(name, days, z, _LIMITS, is_out, "SD", (-4.0, 4.0))
        told = f"Mean {number(baseline.mean)}, SD {number(baseline.sd)} of {baseline.runs} runs."
        pictures.append(Picture(drawing, told))
    return Section("Levey-Jennings charts", tuple(pictures))


def _z(run: SiteRecord, name: str) -> float:
    value = run.content["z"].get(name)
    return np.nan if value is None else float(np.clip(value, -4, 4))


def _runs(runs: list[SiteRecord]) -> Section:
    rows: list[tuple[str, ...]] = []
    tones: list[Tone] = []
    for run in reversed(runs[-_LISTED:]):
        told = "; ".join(
            f"{name}: {', '.join(MEANING[rule] for rule in rules)}"
            for name, rules in run.content["broken"].items()
        )
        is_good = bool(run.content["is_in_control"])
        rows.append(
            (utc(run.at)[:16].replace("T", " "), run.by_name, number(run.content["probability"]), told or "-",
             "in control" if is_good else "out of control")
        )  # fmt: skip
        tones.append("good" if is_good else "bad")
    return Section(
        "Runs", (Table(("run (UTC)", "by", "probability", "rules", "result"), tuple(rows), tuple(tones)),)
    )
