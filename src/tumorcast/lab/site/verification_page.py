"""A verification as a document, drawn from its record: verdicts, figures beside the bundle's own, who signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tumorcast.lab.site.charts import calibration_chart, interval_chart
from tumorcast.lab.site.document import Document, Picture, Section, Signature, Table, Tone
from tumorcast.lab.site.verdicts import Verdict
from tumorcast.lab.site.verification_record import figure_of
from tumorcast.lab.site.words import (
    MEASURES,
    NOTICES,
    TONES,
    changed_told,
    interval,
    limits,
    looks_told,
    number,
)

_VERDICTS: dict[Verdict, str] = {
    "pass": "PASSED",
    "fail": "FAILED",
    "not enough cases": "NOT ENOUGH CASES to say",
    "not judged": "NOT JUDGED",
}
Record = Mapping[str, Any]
"""What `verification_record.as_record` makes."""


def verification_page(
    made: Record, signature: Signature | None = None, identity: tuple[str, str] | None = None
) -> Document:
    """The whole verification; unsigned where no signature is given.

    Args:
        identity: (id, sha256) of the record where a lab keeps it.
    """
    signed = signature or Signature()
    told, tone = _verdict(made, signed)
    sections = [_criteria(made), *([_figures(made)] if made["here"] else []), _cases(made), _how(made)]
    kept = (("Record", f"{identity[0]}, sha256 {identity[1]}"),) if identity else ()
    return Document(
        title="Verification of a model at this site",
        subtitle=f"{made['model_id']} on {made['cases']['courses']} cases of {made['study_id']}",
        verdict=told,
        tone=tone,
        facts=(("Status", signed.status), *kept, *_facts(made)),
        sections=tuple(sections),
        notices=NOTICES,
        watermark=made["watermark"],
        signature=signed,
    )


def _verdict(made: Record, signed: Signature) -> tuple[str, Tone]:
    told, tone = f"{_VERDICTS[made['verdict']]}: {made['kind']} verification", TONES[made["verdict"]]
    if not made["is_confirmatory"]:
        told, tone = f"{told} (criteria changed after a look)", "bad"
    if signed.status == "withdrawn":
        last = signed.acts[-1]
        told, tone = (
            f"WITHDRAWN by {last.name} on {last.at[:10]}: {last.comment} (it had said: {told})",
            "bad",
        )
    return told, tone


def _facts(made: Record) -> tuple[tuple[str, str], ...]:
    cases, local = made["cases"], made["recalibrated"]
    copy = f"at {local['study_id']} on {local['patients']} patients, {local['created']}" if local else ""
    if local and local["study_id"] == made["study_id"]:
        copy += ". OF THE SAME STUDY: cases that corrected a model flatter it"
    looks = looks_told(made["looks_before"], made["looks_of_copies"])
    return (
        ("Model", f"{made['model_id']}, trained on {made['training_data']} data"),
        *((("Recalibrated", copy),) if copy else ()),
        ("Bundle's seal", made["seal"]),
        (
            "Cases",
            f"{cases['courses']} courses; {cases['responders']} responders, {cases['others']} others",
        ),
        (
            "Criteria",
            f"'{made['criteria']['name']}', sha256 {made['criteria_sha256'][:16]}, fixed {made['criteria_fixed']}",
        ),
        ("Looks", looks if made["here"] else "outcomes were not looked at"),
        ("Verified", made["when"]),
    )


def _criteria(made: Record) -> Section:
    rows = tuple(_criterion(one) for one in made["judged"])
    tones = tuple(TONES[one["verdict"]] if one["is_required"] else "plain" for one in made["judged"])
    table = Table(
        ("criterion", "limit", "found", "why", "verdict"), rows, tones,
        "Passed: the whole interval lies within the limit. Failed: all of it lies beyond. Else there are not enough "
        "cases to say.",
    )  # fmt: skip
    changed = made["changed"]
    return Section("Acceptance criteria", ((changed_told(**changed),) if changed else ()) + (table,))


def _criterion(one: Record) -> tuple[str, ...]:
    verdict = one["verdict"] if one["is_required"] else f"{one['verdict']} (told only)"
    if one["why_not"]:
        verdict += f": {one['why_not']}"
    limit = "-" if one["low"] is None and one["high"] is None else limits(one["low"], one["high"])
    return MEASURES[one["measure"]], limit, interval(figure_of(one["figure"])), one["purpose"] or "-", verdict


def _figures(made: Record) -> Section:
    here, own = made["here"], made["own"] or {}

    def found(name: str) -> str:
        return interval(figure_of(made["figures"].get(name)))

    rows = (
        ("AUROC", found("auroc"), interval(figure_of(own.get("auroc"))), interval(figure_of(here["burden"]))),
        ("Brier score", number(here["brier"]), number(own.get("brier")), "-"),
        (
            "calibration in the large",
            found("in_the_large"),
            interval(figure_of(own.get("in_the_large"))),
            "-",
        ),
        ("calibration slope", found("calibration_slope"), "-", "-"),
        (
            "sets that hold the truth",
            found("coverage"),
            f"{own['promised']:.2f} promised" if own else "-",
            "-",
        ),
        ("share of responders", number(here["prevalence"]), number(own.get("prevalence")), "-"),
    )
    head = ("figure", "here", "of training, unseen by the networks", "rank of the mutational burden, here")
    note = f"Intervals of {made['criteria']['confidence']:.0%}; patients, not courses, count."
    return Section("Figures beside the bundle's own", (Table(head, rows, note=note), *_charts(made)))


def _charts(made: Record) -> tuple[Picture, ...]:
    shown: list[tuple[str, float, float, float, float | None]] = []
    for one in made["judged"]:
        figure = figure_of(one["figure"])
        if figure is not None and one["measure"] in ("auroc", "coverage", "answered", "unlike"):
            limit = "" if one["low"] is None else f", at least {number(one['low'])}"
            name = f"{MEASURES[one['measure']]}{limit}"
            shown.append((name, figure.value, figure.low, figure.high, one["low"]))
    intervals = Picture(
        interval_chart("Shares and AUROC with their intervals", shown, (0.0, 1.0)),
        "The red mark is the limit that the whole interval must keep to the right of, where there is one.",
    )
    bins = made["here"]["bins"]
    if bins is None:
        return (intervals,)
    ends = {name: [np.nan if v is None else v for v in values] for name, values in bins.items()}
    chart = calibration_chart("Calibration here", **ends)
    return intervals, Picture(chart, "Groups of about equal size; the grey line is perfect calibration.")


def _cases(made: Record) -> Section:
    rows = tuple((status.replace("_", " "), str(count)) for status, count in made["statuses"].items())
    note = (
        "The reason of each case stands in predictions.csv beside the first report, which is not kept here."
    )
    return Section("What became of the cases", (Table(("status", "courses"), rows, note=note),))


def _how(made: Record) -> Section:
    return Section(
        "How it was done",
        (
            "Each case was predicted as in daily use: slides read and encoded with the bundle's own encoder (or its "
            "features checked), inputs guarded, probabilities calibrated as the bundle says. Some were predicted "
            "twice, from the slide on. AUROC by DeLong's interval, shares by Clopper and Pearson's, calibration by "
            "Cox's regression with robust errors, patients with several courses counted as one.",
            f"The criteria were written down on {made['criteria_fixed']} and are known by their sha256 "
            f"{made['criteria_sha256']}.",
        ),
    )
