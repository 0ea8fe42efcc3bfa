"""Fixtures for every room's tests."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
from filelock import FileLock


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data; tests that need it skip where it is absent."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("TUMORCAST_SHARED_DATA", default))
    if not folder.is_dir():
        pytest.skip(f"real public data not found at {folder} (set TUMORCAST_SHARED_DATA)")
    return folder


@pytest.fixture(scope="session")
def toy_lab(tmp_path_factory, worker_id):
    """A `toy_lab.ToyLab`, made once for all processes of a test run: exporting takes long. Not to be written to."""
    from toy_lab import make_lab

    if worker_id == "master":
        return make_lab(tmp_path_factory.mktemp("lab"))
    folder = tmp_path_factory.getbasetemp().parent / "toy_lab"
    with FileLock(f"{folder}.lock"):
        kept = folder / "toy_lab.pickle"
        if not kept.is_file():
            kept.write_bytes(pickle.dumps(make_lab(folder)))
        return pickle.loads(kept.read_bytes())
