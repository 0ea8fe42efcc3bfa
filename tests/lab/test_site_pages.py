"""Control rules on readings, and documents: escaped, self-contained, the same bytes twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tumorcast.lab.site.charts import Line2, interval_chart, nice_ticks, series_chart, svg_text
from tumorcast.lab.site.control import DISTANCE, PROBABILITY, Control, ControlRun, judge_run, make_control
from tumorcast.lab.site.document import Act, Document, Picture, Section, Signature, Table
from tumorcast.lab.site.html import html_of
from tumorcast.lab.site.pdf import pdf_of
from tumorcast.lab.site.write import plain
from tumorcast.serve.slide_reading import SlideReading

_SCALE = np.ones(4)


def _reading(random: np.random.Generator, shift: float = 0.0, blur: float = 0.0) -> SlideReading:
    probability = 1 / (1 + np.exp(-(0.4 + random.normal(0, 0.1) + shift)))
    pixels = {
        "pixels: sharpness": 0.6 + random.normal(0, 0.01) - blur,
        "pixels: glass": 240 + random.normal(0, 1),
    }
    return SlideReading("s.svs", probability, "R", 9, random.normal(0, 0.01, 4) + shift / 10, pixels)


def _series(control: Control, readings: Sequence[SlideReading]) -> list[ControlRun]:
    made: list[ControlRun] = []
    for reading in readings:
        made.append(judge_run(control, reading, [run.z for run in made]))
    return made


@pytest.fixture(scope="module")
def control() -> Control:
    random = np.random.default_rng(0)
    return make_control("daily", [_reading(random) for _ in range(30)], _SCALE)


def test_a_control_survives_its_record(control: Control) -> None:
    assert Control.from_json(control.to_json()) == control


def test_good_runs_are_seldom_rejected(control: Control) -> None:
    random = np.random.default_rng(1)
    made = _series(control, [_reading(random) for _ in range(200)])
    assert np.mean([run.is_in_control for run in made]) > 0.9


@pytest.mark.parametrize(
    ("change", "number"), [({"shift": 1.0}, PROBABILITY), ({"blur": 0.1}, "pixels: sharpness")]
)
def test_a_change_is_rejected_and_named(control: Control, change: dict[str, float], number: str) -> None:
    run = judge_run(control, _reading(np.random.default_rng(2), **change), [])
    assert not run.is_in_control
    assert number in run.sentence


def test_a_small_lasting_change_is_rejected_in_time(control: Control) -> None:
    random = np.random.default_rng(3)
    made = _series(control, [_reading(random, shift=0.15) for _ in range(20)])
    assert not all(run.is_in_control for run in made)


def test_colour_alone_warns(control: Control) -> None:
    reading = _reading(np.random.default_rng(4))
    run = judge_run(control, replace(reading, pixels={**reading.pixels, "pixels: glass": 200.0}), [])
    assert run.is_in_control
    assert "pixels: glass" in run.sentence


def test_a_run_that_could_not_be_read_tells_no_file(control: Control) -> None:
    reading = replace(_reading(np.random.default_rng(6)), problem="MRN-0017.svs cannot be read")
    run = judge_run(control, reading, [])
    assert not run.is_in_control
    assert "MRN-0017" not in repr(run)


def test_features_far_away_are_rejected_though_the_probability_stays(control: Control) -> None:
    reading = _reading(np.random.default_rng(5))
    run = judge_run(control, replace(reading, features=reading.features + 3), [])
    assert DISTANCE in run.sentence
    assert not run.is_in_control


def _page() -> Document:
    drawing = series_chart("a < b", ["d1", "d2"], [0.0, 9.0], [Line2(3.0, "limit")], [False, True], "SD")
    bars = interval_chart("x", [("AUROC", 0.7, 0.6, 0.8, 0.5), ("none", float("nan"), 0, 1, None)], (0, 1))
    table = Table(("name", "verdict"), (("<script>alert(1)</script>", "fail"),), ("bad",))
    parts = ("Text & more", table, Picture(drawing, "caption"), Picture(bars, "bars"))
    return Document(
        "T",
        "of Nováková",
        "FAILED",
        "bad",
        (("a", "b"),),
        (Section("S", parts),),
        ("n",),
        "MARK",
        Signature(),
    )


def test_a_page_is_escaped_and_fetches_nothing() -> None:
    text = html_of(_page())
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "Nováková" in text
    assert "MARK" in text
    assert text.count("<svg") == 2
    assert "http://" not in text.replace("http://www.w3.org", "")


def test_a_pdf_is_the_same_twice() -> None:
    made = pdf_of(_page())
    assert made == pdf_of(_page())
    assert made.startswith(b"%PDF")


def test_a_signed_page_names_who_signed() -> None:
    page = replace(_page(), signature=Signature("final", (Act("Signed", "Dr. A <B>", "2026-01-01", "seen"),)))
    assert "Dr. A &lt;B&gt;" in html_of(page)
    assert pdf_of(page)


def test_charts_of_nothing_can_be_drawn() -> None:
    assert svg_text(series_chart("none", [], [], [Line2(0)], []))


def test_ticks_are_round() -> None:
    assert nice_ticks(-4.5, 4.5, 2) == [0.0]
    assert nice_ticks(0, 1, 5) == [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]


def test_json_has_no_infinities() -> None:
    assert plain({"a": (1.0, float("nan")), "b": float("inf")}) == {"a": [1.0, None], "b": None}
