"""A verification as a document: verdicts, figures beside the bundle's own, charts, room to sign."""

from __future__ import annotations

from tumorcast.lab.site.charts import calibration_chart, interval_chart
from tumorcast.lab.site.document import Document, Picture, Section, Signature, Table
from tumorcast.lab.site.verdicts import Judged, Verdict
from tumorcast.lab.site.verify import Verification, changed_told, looks_told
from tumorcast.lab.site.words import MEASURES, NOTICES, TONES, interval, limits, number
from tumorcast.metrics.calibration import reliability
from tumorcast.metrics.delong import delong_interval
from tumorcast.metrics.discrimination import brier
from tumorcast.serve.external import BURDEN, MODEL

_VERDICTS: dict[Verdict, str] = {
    "pass": "PASSED",
    "fail": "FAILED",
    "not enough cases": "NOT ENOUGH CASES to say",
    "not judged": "NOT JUDGED",
}


def verification_page(made: Verification, signature: Signature | None = None) -> Document:
    """The whole verification; unsigned where no signature is given."""
    told = f"{_VERDICTS[made.verdict]}: {made.kind} verification"
    tone = TONES[made.verdict]
    if not made.is_confirmatory:
        told, tone = f"{told} (criteria changed after a look)", "bad"
    sections = [_criteria(made), *([_figures(made)] if len(made.scored) else []), _cases(made), _how(made)]
    return Document(
        title="Verification of a model at this site",
        subtitle=f"{made.model_id} on {made.cases.courses} cases of {made.study_id}",
        verdict=told,
        tone=tone,
        facts=_facts(made),
        sections=tuple(sections),
        notices=NOTICES,
        watermark=made.watermark,
        signature=signature or Signature(),
    )


def _facts(made: Verification) -> tuple[tuple[str, str], ...]:
    fixed = made.standing.fixed
    return (
        ("Model", f"{made.model_id}, trained on {made.training_data} data"),
        ("Bundle's seal", made.seal),
        (
            "Cases",
            f"{made.cases.courses} courses; {made.cases.responders} responders, {made.cases.others} others",
        ),
        ("Criteria", f"'{fixed.name}', sha256 {fixed.criteria[:16]}, fixed {fixed.when}"),
        ("Looks", looks_told(made.standing) if len(made.scored) else "outcomes were not looked at"),
        ("Verified", made.when),
    )


def _criteria(made: Verification) -> Section:
    rows = tuple(_criterion(one) for one in made.judged)
    tones = tuple(TONES[one.verdict] if one.is_required else "plain" for one in made.judged)
    table = Table(
        ("criterion", "limit", "found", "why", "verdict"), rows, tones,
        "Passed: the whole interval lies within the limit. Failed: all of it lies beyond. Else there are not enough "
        "cases to say.",
    )  # fmt: skip
    changed = made.standing.changed
    return Section("Acceptance criteria", ((changed_told(changed),) if changed else ()) + (table,))


def _criterion(one: Judged) -> tuple[str, ...]:
    verdict = one.verdict if one.is_required else f"{one.verdict} (told only)"
    if one.why_not:
        verdict += f": {one.why_not}"
    found = interval(one.figure)
    limit = "-" if one.low is None and one.high is None else limits(one.low, one.high)
    return MEASURES[one.measure], limit, found, one.purpose or "-", verdict


def _figures(made: Verification) -> Section:
    here, burden = (made.scored[made.scored["model"] == name] for name in (MODEL, BURDEN))
    own, figures = made.own, made.figures
    rank = None
    if len(burden):
        rank = delong_interval(burden["label"], burden["probability"], burden["patient_id"].astype(str))
    rows = (
        ("AUROC", interval(figures.get("auroc")), "-" if own is None else interval(own.auroc), interval(rank)),
        ("Brier score", number(brier(here["label"], here["probability"])), number(own.brier if own else None), "-"),
        ("calibration in the large", interval(figures.get("in_the_large")),
         "-" if own is None else interval(own.in_the_large), "-"),
        ("calibration slope", interval(figures.get("calibration_slope")), "-", "-"),
        ("sets that hold the truth", interval(figures.get("coverage")),
         "-" if own is None else f"{own.promised:.2f} promised", "-"),
        ("share of responders", number(float(here["label"].mean())), number(own.prevalence if own else None), "-"),
    )  # fmt: skip
    head = ("figure", "here", "of training, unseen by the networks", "rank of the mutational burden, here")
    bins = reliability(here["label"], here["probability"], 5, made.criteria.confidence)
    chart = calibration_chart(
        "Calibration here",
        bins.predicted.tolist(),
        bins.observed.tolist(),
        bins.low.tolist(),
        bins.high.tolist(),
    )
    shown: list[tuple[str, float, float, float, float | None]] = [
        (f"{MEASURES[one.measure]}{'' if one.low is None else f', at least {number(one.low)}'}", one.figure.value,
         one.figure.low, one.figure.high, one.low)
        for one in made.judged
        if one.figure is not None and one.measure in ("auroc", "coverage", "answered", "unlike")
    ]  # fmt: skip
    return Section(
        "Figures beside the bundle's own",
        (
            Table(head, rows, note=f"Intervals of {made.criteria.confidence:.0%}; patients, not courses, count."),
            Picture(interval_chart("Shares and AUROC with their intervals", shown, (0.0, 1.0)),
                    "The red mark is the limit that the whole interval must keep to the right of, where there is one."),
            Picture(chart, "Groups of about equal size; the grey line is perfect calibration."),
        ),
    )  # fmt: skip


def _cases(made: Verification) -> Section:
    counts = made.predictions["status"].value_counts()
    rows = [(str(status).replace("_", " "), str(count)) for status, count in counts.items()]
    reasons = made.predictions.loc[made.predictions["probability"].isna(), "reason"].value_counts()[:6]
    parts: list[str | Table] = [Table(("status", "courses"), tuple(rows))]
    if len(reasons):
        parts.append(
            Table(("reason for no number", "courses"), tuple((str(k), str(v)) for k, v in reasons.items()))
        )
    return Section("What became of the cases", tuple(parts))


def _how(made: Verification) -> Section:
    return Section(
        "How it was done",
        (
            "Each case was predicted as in daily use: slides read and encoded with the bundle's own encoder (or its "
            "features checked), inputs guarded, probabilities calibrated as the bundle says. Some were predicted "
            "twice, from the slide on. AUROC by DeLong's interval, shares by Clopper and Pearson's, calibration by "
            "Cox's regression with robust errors, patients with several courses counted as one.",
            f"The criteria were written down on {made.standing.fixed.when} and are known by their sha256 "
            f"{made.criteria.sha256}.",
        ),
    )
