"""Slides scanned twice as a document: limits of agreement, spread, the worst pair in pictures."""

from __future__ import annotations

from tumorcast.lab.site.charts import AMBER, GREEN, RED, Line2, agreement_chart
from tumorcast.lab.site.document import Document, Part, Photograph, Picture, Section, Table, Tone
from tumorcast.lab.site.rescan import Rescan, changes
from tumorcast.lab.site.words import interval, number

_VERDICTS: dict[str, tuple[str, Tone]] = {
    "pass": ("PASSED: changes between scans stay within", "good"),
    "fail": ("FAILED: changes between scans reach beyond", "bad"),
    "not enough cases": ("NOT ENOUGH PAIRS to say whether changes stay within", "open"),
}
_LISTED = 40


def rescan_page(
    made: Rescan, model_id: str, photographs: tuple[bytes, ...] = (), watermark: str = ""
) -> Document:
    """The whole comparison; `photographs` of the worst pair."""
    words, tone = _VERDICTS[made.verdict]
    how = (
        "each scan was read by itself: nothing else of the patient was given"
        if made.is_alone
        else "each course was predicted twice, all else being equal"
    )
    sections = [_numbers(made)] if made.agreement is not None else []
    return Document(
        title="One glass scanned twice",
        subtitle=f"{model_id}, {len(made.pairs)} pairs of scans",
        verdict=f"{words} {made.limit:g} in probability",
        tone=tone,
        facts=(("Pairs", f"{len(made.pairs)}, of which {len(made.read)} could be read"), ("How", how)),
        sections=(*sections, _worst(made, photographs), _pairs(made)),
        notices=(
            "Research use only. The change between scans is one part of the uncertainty of a prediction.",
        ),
        watermark=watermark,
    )


def _numbers(made: Rescan) -> Section:
    found = made.agreement
    assert found is not None
    mean, change = changes(made)
    lines = (
        Line2(found.bias.value, f"mean {number(found.bias.value)}", GREEN),
        Line2(found.lower.value, f"lower {number(found.lower.value)}", AMBER),
        Line2(found.upper.value, f"upper {number(found.upper.value)}", AMBER),
        Line2(-made.limit, "limit", RED, True),
        Line2(made.limit, "limit", RED, True),
    )
    drawing = agreement_chart("Change in probability", mean.tolist(), change.tolist(), lines)
    rows = (
        ("mean change (second less first)", interval(found.bias)),
        ("lower limit of agreement", interval(found.lower)),
        ("upper limit of agreement", interval(found.upper)),
        ("SD within a pair", interval(found.within)),
        ("SD between patients", number(found.between)),
        ("two scans differ in 95% by less than", number(found.repeatability)),
        ("share of the spread that is between patients", number(found.reliability)),
        ("pairs with one set of answers", interval(made.same_answers)),
    )
    note = "Limits of agreement by Bland and Altman, their exact 95% intervals by Carkeet."
    picture = Picture(drawing, "Amber: 95% of changes lie between. Red: what the site accepts.")
    return Section(
        "Agreement of both scans", (picture, Table(("figure", "value (95% interval)"), rows, note=note))
    )


def _worst(made: Rescan, photographs: tuple[bytes, ...]) -> Section:
    worst = made.worst
    if worst is None:
        return Section("The pair that changed most", ("No pair could be read.",))
    told = (
        f"{worst['first']} and {worst['second']}: probability {number(worst['probability_a'])}, then "
        f"{number(worst['probability_b'])}; answers {worst['answers_a'] or '-'}, then {worst['answers_b'] or '-'}."
    )
    parts: tuple[Part, ...] = (told,)
    if photographs:
        parts = (told, Photograph(photographs, "First and second scan, whole slide."))
    return Section("The pair that changed most", parts)


def _pairs(made: Rescan) -> Section:
    rows = tuple(
        (str(r["first"]), str(r["second"]), number(r["probability_a"]), number(r["probability_b"]),
         str(r["problem"]) or f"{r['probability_b'] - r['probability_a']:+.3f}")
        for _, r in made.pairs.head(_LISTED).iterrows()
    )  # fmt: skip
    note = (
        ""
        if len(made.pairs) <= _LISTED
        else f"The first {_LISTED} of {len(made.pairs)}; all are in pairs.csv."
    )
    head = ("first scan", "second scan", "p of first", "p of second", "change")
    return Section("Pairs", (Table(head, rows, note=note),))
