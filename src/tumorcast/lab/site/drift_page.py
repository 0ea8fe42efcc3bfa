"""Drift of what comes in as a document: alarms, charts, distributions, share unlike training."""

from __future__ import annotations

from tumorcast.evaluation.drift import ALPHA, FEWEST_CASES, HORIZON, DriftChart, DriftReport
from tumorcast.lab.site.charts import GREEN, RED, Line2, series_chart
from tumorcast.lab.site.document import Document, Part, Picture, Section, Table, Tone
from tumorcast.lab.site.words import interval, number
from tumorcast.metrics.drift_charts import ewma_run_length

_CHARTS, _LISTED = 12, 40


def drift_page(report: DriftReport, model_id: str, what: str, watermark: str = "") -> Document:
    """The whole report; charts of alarms first."""
    verdict, tone = _verdict(report)
    return Document(
        title="Drift of incoming cases",
        subtitle=f"{model_id}: {what}",
        verdict=verdict,
        tone=tone,
        facts=_facts(report),
        sections=(_alarms(report), _charts(report), _inputs(report), _unlike(report), _how(report)),
        notices=(
            "Research use only. An alarm says that cases differ from those the model was made for, not why: another "
            "scanner, another stain, other patients. Find the cause before the model is used further.",
        ),
        watermark=watermark,
    )


def _verdict(report: DriftReport) -> tuple[str, Tone]:
    if not report.charts:
        return "Nothing could be compared: no number of these cases has a reference", "open"
    told = []
    if report.alarms:
        told.append(f"{len(report.alarms)} of {len(report.charts)} charts out of limits")
    if len(report.shifted):
        told.append(f"{len(report.shifted)} numbers distributed otherwise than in training")
    if report.more_unlike_than_expected:
        told.append("more cases unlike training than expected")
    if told:
        return "DRIFT: " + "; ".join(told), "bad"
    return f"No drift seen in {report.cases} cases", "good"


def _facts(report: DriftReport) -> tuple[tuple[str, str], ...]:
    groups = sorted({chart.group for chart in report.charts} - {"all"})
    without = (
        f"{len(report.unjudged)} numbers without a reference" if report.unjudged else "every number has one"
    )
    return (
        ("Cases", str(report.cases)),
        ("Scanners", ", ".join(groups) or "none named"),
        ("Reference", without),
        ("False alarms", f"at most {ALPHA:.0%} of series of {HORIZON} cases, over all charts together"),
    )


def _alarms(report: DriftReport) -> Section:
    if not report.alarms:
        return Section("Charts out of limits", ("None.",))
    rows = tuple(
        (chart.name, chart.group, str(chart.alarm_after), chart.days[(chart.alarm_after or 1) - 1] or "-",
         f"{chart.z.mean():+.2f}", "alarm")
        for chart in report.alarms[:_LISTED]
    )  # fmt: skip
    head = ("number", "scanner", "cases until alarm", "day", "mean score", "chart")
    return Section("Charts out of limits", (Table(head, rows, tuple("bad" for _ in rows)),))


def _charts(report: DriftReport) -> Section:
    quiet = [chart for chart in report.charts if chart.alarm_after is None]
    shown = [*report.alarms, *sorted(quiet, key=_nearness, reverse=True)][:_CHARTS]
    parts: list[Part] = [_picture(chart) for chart in shown]
    left = len(report.charts) - len(shown)
    if left > 0:
        parts.append(f"{left} further charts are within their limits; all are in inputs.csv.")
    return Section("EWMA charts", tuple(parts))


def _nearness(chart: DriftChart) -> float:
    """How much of the way to its limit a chart went."""
    return float((abs(chart.chart.value) / chart.chart.high).max()) if len(chart.z) else 0.0


def _picture(chart: DriftChart) -> Picture:
    values = chart.chart.value.tolist()
    high = float(chart.chart.high[-1]) if len(values) else 1.0
    lines = (Line2(0, "training", GREEN), Line2(high, "limit", RED), Line2(-high, "limit", RED))
    first = chart.chart.first
    is_out = [first is not None and i >= first for i in range(len(values))]
    title = f"{chart.name}, {chart.group}" if chart.group != "all" else chart.name
    drawing = series_chart(title, list(chart.days), values, lines, is_out, "EWMA of scores")
    told = f"{len(values)} cases against {chart.baseline} patients."
    return Picture(
        drawing, told + (f" First alarm at case {chart.alarm_after}." if first is not None else "")
    )


def _inputs(report: DriftReport) -> Section:
    table = report.inputs.sort_values("ks_adjusted", kind="stable").head(_LISTED)
    rows = tuple(
        (str(r["number"]), str(r["group"]), str(r["cases"]), f"{r['shift']:+.2f}",
         f"{number(r['psi'])} (chance {number(r['psi_by_chance'])})", number(r["ks_adjusted"]),
         "shifted" if r["is_shifted"] else "as before")
        for _, r in table.iterrows()
    )  # fmt: skip
    if not rows:
        return Section("Distributions", (f"Fewer than {FEWEST_CASES} cases of every number.",))
    head = ("number", "scanner", "cases", "mean score", "stability index", "p, adjusted", "distribution")
    tones: tuple[Tone, ...] = tuple("bad" if row[-1] == "shifted" else "good" for row in rows)
    note = "Kolmogorov and Smirnov's p with Holm's adjustment over all numbers; the index beside what chance gives."
    return Section("Distributions", (Table(head, rows, tones, note),))


def _unlike(report: DriftReport) -> Section:
    told = (
        "The bundle does not say how like the training patients a case is."
        if report.unlike is None
        else f"{interval(report.unlike)} of cases have p at most {report.expected_unlike:g}; of patients like those of "
        f"training at most {report.expected_unlike:.0%} would."
    )
    return Section("Cases unlike the training patients", (told,))


def _how(report: DriftReport) -> Section:
    limit = report.charts[0].limit if report.charts else 3.0
    shifts = ", ".join(
        f"{shift:g} SD {ewma_run_length(round(limit, 3), shift=shift):.0f}" for shift in (1.0, 1.5, 2.0)
    )
    return Section(
        "How soon a change is seen",
        (
            "Each number of a case is turned into a normal score by its rank among the training patients (pixels: "
            "among the site's own first cases) and averaged with exponential weights of 0.1; the limits hold for "
            f"all charts together. A lasting shift of one number is seen after so many cases on average: {shifts}.",
        ),
    )
