"""The table model: curves and interactions are found, gaps and strangers are borne, choices never see the test rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.evaluation import tabular
from tumorcast.evaluation.tabular import AVERAGE, Columns, fit_tabular
from tumorcast.metrics.discrimination import auroc


@pytest.fixture(autouse=True)
def few_trees(monkeypatch):
    """A fifth of the trees: what is proved does not hang on their number."""
    monkeypatch.setattr(tabular, "_TREES", 100)


def cohort(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """A U-shaped effect of `marker`, one of a category, none of `noise`; the chance itself comes third."""
    random = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "marker": random.normal(size=n), "noise": random.normal(size=n),
            "burden": np.exp(random.normal(2, 1.5, n)), "cancer": random.choice(["lung", "skin", "other"], n),
        }
    )  # fmt: skip
    line = 1.5 * (table["marker"] ** 2 - 1) + 1.5 * (table["cancer"] == "skin") - 1
    chance = (1 / (1 + np.exp(-line))).to_numpy()
    return table, (random.random(n) < chance).astype(float), chance


def test_a_curve_and_a_category_are_found():
    table, label, _ = cohort(400, 0)
    new, truth, chance = cohort(2000, 1)
    model = fit_tabular(table, label, np.arange(400))
    reached = auroc(truth, model.predict(new))
    assert reached > auroc(truth, chance) - 0.04
    straight = auroc(truth, new["marker"].to_numpy())
    assert reached > straight + 0.2
    assert set(model.inner_loss) == {"curved", "straight", "boosted trees", "extra trees", AVERAGE}
    assert model.chosen in model.inner_loss


def test_labels_that_depend_on_nothing_teach_nothing():
    table, _, _ = cohort(300, 2)
    label = np.random.default_rng(3).integers(0, 2, 300).astype(float)
    new, _, _ = cohort(1000, 4)
    other = np.random.default_rng(5).integers(0, 2, 1000).astype(float)
    assert abs(auroc(other, fit_tabular(table, label, np.arange(300)).predict(new)) - 0.5) < 0.06


def test_gaps_unknown_categories_and_absent_columns_are_borne():
    table, label, _ = cohort(300, 6)
    table.loc[::3, "marker"] = np.nan
    model = fit_tabular(table, label, np.arange(300))
    new = pd.DataFrame({"marker": [np.nan, 1e9], "cancer": ["never seen", None], "burden": [1.0, -5.0]})
    assert np.isfinite(model.predict(new)).all()


def test_columns_are_shaped_by_the_training_rows_alone():
    table, _, _ = cohort(300, 7)
    columns = Columns.fit(table.assign(constant=1.0, rare=["a"] * 299 + ["b"]))
    assert columns.numeric["burden"][2]
    assert not columns.numeric["marker"][2]
    assert "constant" not in columns.numeric
    assert columns.categories["rare"] == ("a",)
    low, high, _, median = columns.numeric["marker"]
    made = columns.transform(pd.DataFrame({"marker": [-100.0, 100.0, np.nan]}))
    assert made["marker"].tolist() == [low, high, median]
    assert made["marker unknown"].tolist() == [0, 0, 1]


def test_courses_of_one_patient_stay_on_one_side_of_the_choice():
    table, _, _ = cohort(60, 8)
    twice = pd.concat([table] * 4, ignore_index=True)
    patients = np.tile(np.arange(60), 4)
    noise = np.tile(np.random.default_rng(9).integers(0, 2, 60), 4).astype(float)
    model = fit_tabular(twice[["noise"]], noise, patients)
    assert min(model.inner_loss.values()) > 0.6


@pytest.mark.parametrize(
    ("label", "said"), [(np.ones(40), "responders and others"), (np.tile([0.0, 1.0], 20), "no column")]
)
def test_tables_without_anything_to_learn_are_refused(label, said):
    table = pd.DataFrame({"constant": np.ones(40)})
    with pytest.raises(InputError, match=said):
        fit_tabular(table, label, np.arange(40))
