"""A toy lab for the tests of the install."""

from __future__ import annotations

import pytest

from toy_lab import ToyLab


@pytest.fixture(scope="session")
def lab(toy_lab: ToyLab) -> ToyLab:
    """Simulated study, its features, and a bundle fitted to it. Not to be written to."""
    return toy_lab
