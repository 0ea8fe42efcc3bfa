"""Fixtures for every room's tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data; tests that need it skip where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TUMORCAST_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real public data not found at {folder} (set TUMORCAST_SHARED_DATA)")
    return folder
