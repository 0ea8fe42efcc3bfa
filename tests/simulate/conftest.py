"""Simulated cohorts shared by the tests of this room."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study

N_PATIENTS = 300


@pytest.fixture(scope="session")
def feature_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 patients with ready feature bags."""
    out = tmp_path_factory.mktemp("simulate") / "features"
    return simulate_study(out, n_patients=N_PATIENTS, seed=3, features_only=True, progress=False)


@pytest.fixture(scope="session")
def slide_study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """8 patients with drawn slides."""
    out = tmp_path_factory.mktemp("simulate") / "slides"
    return simulate_study(out, n_patients=8, seed=5, tiles_per_slide=30, progress=False)


@pytest.fixture(scope="session")
def truth(feature_study: Path) -> pd.DataFrame:
    """The planted truth of `feature_study`, one row a course."""
    return pd.read_csv(feature_study / "truth" / "patients.csv").set_index("course_id")
