"""Ridge Cox: published coefficients, lifelines with ties and a penalty, and speed."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from lifelines.datasets import load_rossi

from tumorcast.evaluation.cox import cox_ridge
from tumorcast.metrics.survival import concordance

ROSSI = {
    "fin": -0.3794, "age": -0.0574, "race": 0.3139, "wexp": -0.1498, "mar": -0.4337, "paro": -0.0849,
    "prio": 0.0915,
}  # fmt: skip


def test_rossi_as_published():
    rossi = load_rossi()
    features = rossi[list(ROSSI)].to_numpy(float)
    beta = cox_ridge(features, rossi["week"], rossi["arrest"])
    assert beta == pytest.approx(list(ROSSI.values()), abs=5e-5)
    assert concordance(rossi["week"], rossi["arrest"], features @ beta) == pytest.approx(0.6403, abs=5e-5)


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


def test_a_stronger_penalty_shrinks():
    rossi = load_rossi()
    features = rossi[["fin", "age", "prio"]].to_numpy(float)
    sizes = [np.abs(cox_ridge(features, rossi["week"], rossi["arrest"], p)).sum() for p in (0, 100, 1e4, 1e8)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < 1e-3


def test_without_events_there_is_no_effect():
    assert cox_ridge(np.eye(4), np.arange(4), np.zeros(4), 1.0) == pytest.approx(np.zeros(4))


def test_a_thousand_courses_take_a_moment():
    random = np.random.default_rng(0)
    features = random.normal(size=(1000, 30))
    began = time.perf_counter()
    beta = cox_ridge(features, random.exponential(size=1000), random.random(1000) < 0.6, 1.0)
    assert np.isfinite(beta).all()
    assert time.perf_counter() - began < 1
