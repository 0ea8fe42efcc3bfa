"""Ridge Cox: lifelines with ties and a penalty, and speed."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter

from tumorcast.evaluation.cox import cox_ridge


@pytest.mark.parametrize("levels", [4, 30, 100_000])
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_penalty_and_ties_as_in_lifelines(levels):
    random = np.random.default_rng(levels)
    features = random.normal(size=(120, 3))
    features = (features - features.mean(axis=0)) / features.std(axis=0, ddof=1)
    days = np.ceil(levels * random.random(120) ** np.exp(0.5 * features[:, 0]))
    event = random.random(120) < 0.7
    table = pd.DataFrame(features, columns=list("abc")).assign(days=days, event=event)
    theirs = CoxPHFitter(penalizer=0.1).fit(table, "days", "event").params_.to_numpy()
    ours = cox_ridge(features, days, event, penalty=0.1 * 120)
    assert ours == pytest.approx(theirs, abs=1e-4)


def test_without_events_there_is_no_effect():
    assert cox_ridge(np.eye(4), np.arange(4), np.zeros(4), 1.0) == pytest.approx(np.zeros(4))


def test_a_thousand_courses_take_a_moment():
    random = np.random.default_rng(0)
    features = random.normal(size=(1000, 30))
    began = time.perf_counter()
    beta = cox_ridge(features, random.exponential(size=1000), random.random(1000) < 0.6, 1.0)
    assert np.isfinite(beta).all()
    assert time.perf_counter() - began < 1
