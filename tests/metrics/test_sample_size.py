"""How many cases: against published figures and by what the widths must do."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.metrics.intervals import binomial_interval
from tumorcast.metrics.sample_size import (
    auroc_width,
    fewest_cases,
    hanley_mcneil_error,
    in_the_large_width,
    share_width,
)


def test_hanley_and_mcneil_s_own_example() -> None:
    """Table II and text: AUROC .893 of 51 abnormal and 58 normal images, standard error .032."""
    assert hanley_mcneil_error(0.893, 51, 58) == pytest.approx(0.032, abs=6e-4)


def test_error_is_that_of_scores_drawn_from_exponentials() -> None:
    random, area = np.random.default_rng(0), 0.7
    ratio = area / (1 - area)
    ones = random.exponential(ratio, (4000, 30))
    others = random.exponential(1.0, (4000, 40))
    drawn = (ones[:, :, None] > others[:, None, :]).mean(axis=(1, 2))
    assert drawn.mean() == pytest.approx(area, abs=0.01)
    assert drawn.std() == pytest.approx(hanley_mcneil_error(area, 30, 40), rel=0.06)


def test_no_case_of_a_class_gives_no_error() -> None:
    assert np.isnan(hanley_mcneil_error(0.7, 0, 10))


def test_share_width_is_the_mean_over_what_is_counted() -> None:
    random = np.random.default_rng(1)
    counts = random.binomial(30, 0.9, 20_000)
    low, high = binomial_interval(counts, np.full(counts.shape, 30))
    assert share_width(0.9, 30) == pytest.approx(float((high - low).mean()), rel=0.01)


def test_in_the_large_of_a_constant_probability() -> None:
    """Log-odds of a share p of n: standard error 1 / sqrt(n p (1 - p))."""
    assert in_the_large_width([0.5], 100) == pytest.approx(2 * 1.96 / np.sqrt(25), rel=1e-3)


@pytest.mark.parametrize("target", [0.3, 0.2, 0.1])
def test_fewest_cases_are_enough_and_one_less_is_not(target: float) -> None:
    def width(cases: int) -> float:
        return auroc_width(0.75, cases, 0.3)

    found = fewest_cases(width, target, start=10)
    assert found is not None
    assert width(found) <= target < width(found - 1)


def test_a_width_that_never_falls_is_told() -> None:
    assert fewest_cases(lambda cases: float("nan"), 0.1) is None
