"""Figures: what is drawn is what was given, simulated data are marked, nothing global is touched."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tumorcast.evaluation import figures
from tumorcast.evaluation.scores import score_predictions


def _table(n: int = 60) -> pd.DataFrame:
    random = np.random.default_rng(0)
    label = (np.arange(n) % 2).astype(float)
    who = {"patient_id": np.arange(n).astype(str), "course_id": np.arange(n).astype(str), "fold": "a"}
    tables = [
        pd.DataFrame({**who, "label": label, "model": m, "probability": np.clip(0.4 * label + x, 0, 1)})
        for m, x in {"fused": random.random(n) * 0.6, "slide": random.random(n)}.items()
    ]
    return pd.concat(tables, ignore_index=True)


def _survival() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.exponential(500, 61), random.integers(0, 2, 61).astype(float), random.normal(size=61)


def _all(simulated: bool) -> dict[str, Figure]:
    table = _table()
    metrics = score_predictions(table, n_bootstrap=50, singles=("slide",))
    subsets = {"slide": metrics["slide"]["auroc"], "slide+graph": metrics["fused"]["auroc"]}
    return {
        "roc": figures.roc_figure(table, simulated),
        "precision_recall": figures.precision_recall_figure(table, simulated),
        "calibration": figures.calibration_figure(table[table["model"] == "fused"], simulated),
        "forest": figures.forest_figure(metrics, simulated, n_courses=60),
        "subsets": figures.subsets_figure(subsets, simulated, n_courses=60),
        "kaplan_meier": figures.kaplan_meier_figure(*_survival(), simulated),
    }


def _words(figure: Figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(lambda artist: hasattr(artist, "get_text")))


@pytest.mark.parametrize("simulated", [True, False])
def test_only_simulated_data_are_marked_and_every_title_tells_n(simulated):
    for name, figure in _all(simulated).items():
        assert ("SIMULATED DATA" in _words(figure)) == simulated, name
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        assert any(f"n {61 if name == 'kaplan_meier' else 60}" in title for title in titles), name


def test_files_are_whole_pictures_and_pyplot_is_left_alone(tmp_path):
    had_pyplot = "matplotlib.pyplot" in sys.modules
    for name, figure in _all(True).items():
        figures.save_figure(figure, tmp_path / f"{name}.png")
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert min(picture.size) > 200
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 10
    assert not list(tmp_path.glob("*.part"))
    assert ("matplotlib.pyplot" in sys.modules) == had_pyplot


def test_no_text_lies_on_another():
    for name, figure in _all(True).items():
        figure.draw_without_rendering()
        shown = [t for axes in figure.axes for t in (*axes.texts, *axes.get_yticklabels(), axes.title)]
        boxes = [t.get_window_extent() for t in shown if t.get_text() and t.get_visible()]
        clashes = [(a, b) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if a.overlaps(b)]
        assert not clashes, name


def test_forest_draws_the_intervals_given():
    metrics = score_predictions(_table(), n_bootstrap=50)
    left, right = figures.forest_figure(metrics, False).axes
    told = metrics["fused"]["auroc"]
    assert list(left.lines[0].get_xdata()) == pytest.approx([told["low"], told["high"]])
    assert [label.get_text() for label in right.get_yticklabels()] == ["minus slide"]


def test_titles_tell_the_confidence():
    metrics = score_predictions(_table(), n_bootstrap=50)
    left, right = figures.forest_figure(metrics, False, confidence=0.9).axes
    assert "90% interval" in left.get_title(loc="left")
    assert "90% interval" in right.get_title(loc="left")


def test_subsets_go_by_number_then_value():
    told = {name: {"value": v, "low": None, "high": None} for name, v in
            {"a+b": 0.6, "b": 0.9, "a": 0.7, "a+c": None}.items()}  # fmt: skip
    axes = figures.subsets_figure(told, False).axes[0]
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[:3] == ["a", "b", "a + b"]
    assert "undefined" in [text.get_text() for text in axes.texts]


def test_kaplan_meier_splits_in_thirds_and_drops_unknown():
    time, event, risk = _survival()
    time[0] = np.nan
    figure = figures.kaplan_meier_figure(time, event, risk, False)
    words = _words(figure)
    assert "n 60" in words
    assert all(f"{name} risk: n 20" in words for name in ("low", "middle", "high"))


def test_courses_without_a_label_are_not_drawn():
    table = _table()
    table.loc[table["course_id"].isin(["0", "1"]), "label"] = np.nan
    assert "n 58, responders 29" in _words(figures.roc_figure(table, False))
    assert "n 58, responders 29" in _words(figures.calibration_figure(table, False))
