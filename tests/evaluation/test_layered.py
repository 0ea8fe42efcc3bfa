"""Layers added up: each one's effect counts, a missing layer adds nothing, choices never see the test courses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.evaluation import layered
from tumorcast.evaluation.layered import fit_layered
from tumorcast.metrics.discrimination import auroc

N = 240


@pytest.fixture(autouse=True)
def few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fifth of the trees: what is proved does not hang on their number."""
    monkeypatch.setattr(layered, "_TREES", 60)


def _cohort() -> tuple[dict[str, pd.DataFrame], np.ndarray, list[str]]:
    random = np.random.default_rng(5)
    small, wide = random.normal(size=(N, 2)), random.normal(size=(N, 30))
    score = 1.3 * small[:, 0] + 1.3 * wide[:, :5].mean(axis=1) * np.sqrt(5)
    label = (random.random(N) < 1 / (1 + np.exp(-score + 0.5))).astype(float)
    tables = {
        "small": pd.DataFrame(small, columns=["a", "b"]),
        "wide": pd.DataFrame(wide).rename(columns=str),
    }
    return tables, label, [f"p{i}" for i in range(N)]


def _part(tables: dict[str, pd.DataFrame], rows: slice) -> dict[str, pd.DataFrame]:
    return {name: table.iloc[rows] for name, table in tables.items()}


def test_two_layers_say_more_than_either() -> None:
    tables, label, people = _cohort()
    inside, outside = slice(0, 160), slice(160, N)
    model = fit_layered(_part(tables, inside), label[inside], people[inside])
    test = _part(tables, outside)
    fused = auroc(label[outside], model.predict(test))
    alone = {name: auroc(label[outside], odds) for name, odds in model.log_odds(test).items()}
    assert fused > max(alone.values())
    assert fused > 0.75
    assert abs(model.predict(test).mean() - label[outside].mean()) < 0.15


def test_a_patient_without_a_layer_gets_what_the_others_say() -> None:
    tables, label, people = _cohort()
    gone = {"small": tables["small"], "wide": tables["wide"].copy()}
    gone["wide"].iloc[::4] = np.nan
    model = fit_layered(gone, label, people)
    odds = model.log_odds(gone)
    assert (odds["wide"][::4] == model.prior).all()
    assert (odds["wide"][1::4] != model.prior).all()
    assert auroc(label[::4], model.predict(_part(gone, slice(0, None, 4)))) > 0.6


def test_too_few_responders_are_told() -> None:
    tables, _, people = _cohort()
    with pytest.raises(InputError, match="too few patients"):
        fit_layered(tables, (np.arange(N) < 9).astype(float), people)
