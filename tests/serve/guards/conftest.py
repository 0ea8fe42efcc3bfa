"""One lab and one open predictor for all guards."""

from __future__ import annotations

import pytest

from toy_guards import Guarded
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.session import BundlePredictor


@pytest.fixture(scope="session")
def opened(lab) -> tuple[Bundle, BundlePredictor]:
    """The toy lab's bundle and its predictor."""
    bundle = load_bundle(lab.bundle)
    return bundle, BundlePredictor(bundle, threads=1)


@pytest.fixture
def here(lab, opened, tmp_path) -> Guarded:
    """The toy lab, ready to be asked."""
    return Guarded(lab, *opened, tmp_path)
