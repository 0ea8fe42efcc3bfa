"""Folds of whole sites: outcomes as even as they can be, and cohorts and repeats of the cross-validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.site_folds import site_folds
from tumorcast.cohort.splits import outer_folds
from tumorcast.config.models import SplitConfig
from tumorcast.domain.errors import InputError


def _patients(n_sites: int, seed: int) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    sizes = np.maximum(1, (random.pareto(1.2, n_sites) * 6).astype(int))[:n_sites]
    sites = np.repeat([f"S{i}" for i in range(n_sites)], np.minimum(sizes, 60))
    share = np.repeat(random.random(n_sites), np.minimum(sizes, 60))
    index = [f"p{i}" for i in range(len(sites))]
    return pd.Series(sites, index), pd.Series((random.random(len(sites)) < share).astype(float), index)


@pytest.mark.parametrize("seed", range(3))
def test_sites_stay_whole_and_outcomes_even(seed):
    sites, label = _patients(38, seed)
    part = site_folds(sites, label, 5, seed=0)
    assert part.groupby(sites).nunique().max() == 1
    assert set(part) == set(range(5))
    events = label.groupby(part).sum()
    assert events.max() - events.min() <= max(0.15 * label.sum(), 3)


def test_what_can_be_split_evenly_is():
    sites = pd.Series(np.repeat([f"S{i}" for i in range(10)], 6), [f"p{i}" for i in range(60)])
    label = pd.Series([1.0, 0.0] * 30, sites.index)
    part = site_folds(sites, label, 5, seed=0)
    assert label.groupby(part).sum().tolist() == [6.0] * 5
    assert part.tolist() == site_folds(sites, label, 5, seed=0).tolist()
    assert part.tolist() != site_folds(sites, label, 5, seed=1).tolist()


def test_fewer_sites_than_folds_are_refused():
    sites, label = _patients(4, 0)
    with pytest.raises(InputError, match="too few sites for 5 folds"):
        site_folds(sites, label, 5, seed=0)


def _courses() -> pd.DataFrame:
    names = [f"p{i}" for i in range(40)]
    return pd.DataFrame(
        {"patient_id": names, "site": ["Liu 2019", "Hugo"] * 20,
         "response": [0.0, 0.0, 1.0, 1.0] * 10, "is_event": 1.0},
        index=[f"{name}-L1" for name in names],
    )  # fmt: skip


def test_each_cohort_is_the_test_once():
    folds = outer_folds(_courses(), SplitConfig(scheme="cohort"), 0, Path())
    assert [(fold.name, len(fold.test)) for fold in folds] == [("Hugo", 20), ("Liu_2019", 20)]
    with pytest.raises(InputError, match="site or cohort"):
        outer_folds(_courses().assign(site=""), SplitConfig(scheme="cohort"), 0, Path())


def test_repeats_are_other_folds_of_all_patients():
    folds = outer_folds(_courses(), SplitConfig(scheme="kfold", folds=4, repeats=3), 0, Path())
    assert [fold.name for fold in folds[:5]] == [
        "repeat0-fold0", "repeat0-fold1", "repeat0-fold2", "repeat0-fold3", "repeat1-fold0",
    ]  # fmt: skip
    for repeat in range(3):
        tests = [set(fold.test) for fold in folds[4 * repeat : 4 * repeat + 4]]
        assert sum(len(test) for test in tests) == len(set().union(*tests)) == 40
    assert set(folds[0].test) != set(folds[4].test)
    once = outer_folds(_courses(), SplitConfig(scheme="kfold", folds=4), 0, Path())
    assert [fold.test for fold in once] == [fold.test for fold in folds[:4]]
    assert once[0].name == "fold0"
