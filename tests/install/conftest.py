"""A toy lab for the tests of the install."""

from __future__ import annotations

import pytest

from toy_lab import ToyLab, make_lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory) -> ToyLab:
    """Simulated study, its features, and a bundle fitted to it. Not to be written to."""
    return make_lab(tmp_path_factory.mktemp("lab"))
