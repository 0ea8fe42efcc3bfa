"""The risk of one endpoint against both: held-out risks, times of the cohort's own endpoint and of the other."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from tumorcast.cohort.labels import OTHER_EVENT, OTHER_TIME
from tumorcast.export import training_survival as module


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Two members with 60 held-out courses each; death hangs on the risk of progression half as much."""
    random = np.random.default_rng(0)
    risk = random.standard_normal(120)
    names = [f"P{k}-L1" for k in range(120)]
    courses = [
        SimpleNamespace(patient_id=name[:-3], course_id=name, risk=value) for name, value in zip(names, risk)
    ]
    table = pd.DataFrame(
        {
            "time_days": random.exponential(200 * np.exp(-risk)) + 1, "is_event": 1.0,
            OTHER_TIME: random.exponential(600 * np.exp(-0.5 * risk)) + 1, OTHER_EVENT: 1.0,
        },
        index=names,
    )  # fmt: skip
    monkeypatch.setattr(
        module, "outputs_of",
        lambda model, own: [SimpleNamespace(scores=torch.tensor([[0.0, one.risk] for one in own]))],
    )  # fmt: skip
    member = SimpleNamespace(predictor=None)
    inner = pd.DataFrame({"fold": np.repeat([0, 1], 60), "course_id": names})
    return SimpleNamespace(
        cohort=SimpleNamespace(courses=table, survival="PFS"), courses=courses,
        fitted=SimpleNamespace(inner=inner, members=[member, member]),
        config=SimpleNamespace(model=SimpleNamespace(heads=("response", "survival")), seed=0),
    )  # fmt: skip


def _made(world: SimpleNamespace):
    return module.training_survival(world.cohort, world.fitted, world.courses, world.config)


def test_both_endpoints_have_their_own_slope_and_baseline(world: SimpleNamespace) -> None:
    made = _made(world)
    assert made.endpoint == "PFS"
    assert made.slope == pytest.approx(1.0, abs=0.3)
    (overall,) = made.further
    assert (overall.endpoint, overall.risk_of) == ("OS", "PFS")
    assert overall.slope == pytest.approx(0.5, abs=0.25)
    assert overall.curve(0.0).at(200.0)[0] > made.curve(0.0).at(200.0)[0] + 0.2


def test_without_the_other_times_there_is_one(world: SimpleNamespace) -> None:
    world.cohort.courses.loc[world.cohort.courses.index[:100], OTHER_TIME] = np.nan
    assert _made(world).further == ()
    del world.cohort.courses[OTHER_TIME]
    assert _made(world).further == ()
