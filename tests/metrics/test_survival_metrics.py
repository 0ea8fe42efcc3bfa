"""Survival metrics agree with lifelines, ties included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.datasets import load_rossi
from lifelines.utils import concordance_index

from tumorcast.metrics.survival import concordance, concordance_ratio, kaplan_meier


def sample(seed: int, count: int, times: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, events and risks, all with ties."""
    random = np.random.default_rng(seed)
    time = random.integers(1, times + 1, count).astype(float)
    event = random.random(count) < 0.6
    event[np.argmin(time)] = True
    return time, event, random.integers(0, 6, count).astype(float)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(3, 50), times=st.sampled_from([3, 10, 1000]))
def test_concordance_equals_lifelines(seed, count, times):
    time, event, risk = sample(seed, count, times)
    ours = concordance(time, event, risk)
    if np.isnan(ours):
        with pytest.raises(ZeroDivisionError):
            concordance_index(time, -risk, event)
    else:
        assert ours == pytest.approx(concordance_index(time, -risk, event), abs=1e-9)


def test_concordance_in_blocks_of_events_equals_lifelines():
    time, event, risk = sample(5, 1500, 400)
    assert concordance(time, event, risk) == pytest.approx(concordance_index(time, -risk, event), abs=1e-9)


def test_concordance_weights_are_repeated_rows():
    time, event, risk = sample(1, 30, 9)
    weights = np.random.default_rng(2).integers(0, 3, (15, 30)).astype(float)
    repeated = [concordance(*(np.repeat(x, w.astype(int)) for x in (time, event, risk))) for w in weights]
    assert concordance_ratio(time, event, risk, weights).values() == pytest.approx(repeated, abs=1e-12)


def test_concordance_without_events_is_nan():
    assert np.isnan(concordance([1.0, 2.0], [False, False], [0.1, 0.2]))


@pytest.mark.parametrize("wrong", [([1.0], [True], [np.inf]), ([np.nan], [True], [0.0]), ([1.0], [True], [])])
def test_concordance_refuses_wrong_arrays(wrong):
    with pytest.raises(ValueError, match=r"finite|one length"):
        concordance(*wrong)


def test_kaplan_meier_equals_lifelines():
    rossi = load_rossi()
    time, event = rossi["week"].to_numpy(float), rossi["arrest"].to_numpy(bool)
    ours = kaplan_meier(time, event)
    theirs = KaplanMeierFitter().fit(time, event)
    assert ours.survival == pytest.approx(theirs.survival_function_.loc[ours.time_days].iloc[:, 0], abs=1e-9)
    band = theirs.confidence_interval_.loc[ours.time_days].to_numpy()
    assert np.stack([ours.low, ours.high], axis=1) == pytest.approx(band, abs=1e-9)
    assert ours.at_risk == pytest.approx(theirs.event_table.loc[ours.time_days, "at_risk"])


def test_kaplan_meier_when_everybody_dies_ends_at_zero():
    ours = kaplan_meier([1, 2, 2, 5], [1, 1, 1, 1])
    assert ours.survival == pytest.approx([0.75, 0.25, 0.0])
    assert np.isfinite(ours.low).all()
    assert np.isfinite(ours.high).all()


def test_kaplan_meier_without_events_has_no_steps():
    assert len(kaplan_meier([3.0, 4.0], [0, 0]).time_days) == 0
