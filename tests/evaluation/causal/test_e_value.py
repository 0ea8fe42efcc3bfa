"""E-values against published examples."""

from __future__ import annotations

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.causal.e_value import of_hazard_ratio, of_odds_ratio, of_risk_ratio


def test_published_examples():
    infants = of_risk_ratio(
        3.9, 1.8, 8.7
    )  # VanderWeele and Ding 2017: breastfeeding and respiratory infection
    assert (round(infants.value, 2), round(infants.bound, 1)) == (7.26, 3.0)
    cancer = of_hazard_ratio(0.56, 0.46, 0.69, is_rare=True)  # R package EValue
    assert (round(cancer.value, 2), round(cancer.bound, 2)) == (2.97, 2.26)


def test_common_outcomes_are_less_than_they_look():
    assert of_odds_ratio(4.0).value == pytest.approx(of_risk_ratio(2.0).value)
    assert of_odds_ratio(4.0, is_rare=True).value == pytest.approx(of_risk_ratio(4.0).value)
    assert of_hazard_ratio(2.0).value < of_hazard_ratio(2.0, is_rare=True).value


def test_direction_does_not_matter_and_an_interval_over_one_needs_nothing():
    assert of_risk_ratio(0.5, 0.25, 0.8).value == pytest.approx(of_risk_ratio(2.0).value)
    assert of_hazard_ratio(0.5, 0.25, 0.8).bound == pytest.approx(of_hazard_ratio(1.25, 1.25).bound)
    assert of_risk_ratio(1.4, 0.9, 2.0).bound == 1
    assert of_risk_ratio(1.0).value == 1


@pytest.mark.parametrize("ratio", [(0.0, 0.0, 1.0), (-0.4, -1.0, 0.2), (2.0, 2.1, 3.0), (float("nan"), 0, 1)])
def test_logarithms_and_nonsense_are_refused(ratio: tuple[float, float, float]):
    with pytest.raises(InputError, match="no ratio"):
        of_risk_ratio(*ratio)
