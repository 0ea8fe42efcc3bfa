"""Scores of predicted tumour size: beside the training median, with intervals over patients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from tumorcast.evaluation.size import MEDIAN, OBSERVED, PREDICTED, residuals_of, score_size


def table(count: int, noise: float, seed: int = 0) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    truth = random.normal(-0.2, 0.4, count)
    said = truth + noise * random.normal(size=count)
    names = [f"p{i}" for i in range(count)]
    return pd.DataFrame({"patient_id": names, "fold": "a", OBSERVED: truth, PREDICTED: said, MEDIAN: -0.2})


def test_a_good_prediction_beats_the_median_with_its_interval_below_zero_and_noise_does_not():
    good, bad = (score_size(table(150, noise), n_bootstrap=200)["size"] for noise in (0.1, 2.0))
    assert good["mae_minus_median"]["high"] < 0 < bad["mae_minus_median"]["low"]
    assert good["mae"]["value"] < good["mae_of_median"]["value"]


def test_values_are_the_plain_ones():
    rows = table(60, 0.3)
    found = score_size(rows, n_bootstrap=50)["size"]
    assert found["mae"]["value"] == pytest.approx((rows[OBSERVED] - rows[PREDICTED]).abs().mean())
    assert found["spearman"]["value"] == pytest.approx(spearmanr(rows[OBSERVED], rows[PREDICTED]).statistic)


def test_folds_are_ranked_apart():
    """Two folds whose models differ by a constant rank as well as one."""
    rows = table(80, 0.2).assign(fold=["a", "b"] * 40)
    moved = rows.assign(**{PREDICTED: rows[PREDICTED] + 5 * (rows["fold"] == "b")})
    one, other = (score_size(each, n_bootstrap=20)["size"]["spearman"]["value"] for each in (rows, moved))
    assert one == pytest.approx(other)


def test_unknown_sizes_do_not_count_and_too_few_give_no_residuals():
    rows = table(30, 0.2)
    rows.loc[:19, OBSERVED] = np.nan
    left = rows[OBSERVED] - rows[PREDICTED]
    found = residuals_of(rows)
    assert found is not None
    assert (found.n_courses, found.sd) == (10, pytest.approx(left.std()))
    assert residuals_of(rows.iloc[:29]) is None
    assert score_size(rows.iloc[:10]) == {}
    assert residuals_of(rows.drop(columns=PREDICTED)) is None
