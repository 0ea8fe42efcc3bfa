"""Independent action and additivity: known values, and what must hold of any drugs."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from scipy.stats import multivariate_normal

from tumorcast.biology.combinations.additive import (
    additive_curve,
    additive_quantile,
    additive_times,
    virtual_patients,
)
from tumorcast.biology.combinations.copula import all_below, correlated_uniforms
from tumorcast.biology.combinations.independent import (
    independent_curve,
    independent_quantile,
    independent_response,
)
from tumorcast.biology.combinations.marginals import Curve, Weibull, exponential, risks_of
from tumorcast.biology.combinations.verdict import (
    NOTE,
    Finding,
    Range,
    judge,
    mean_time,
    observed_mean_time,
    observed_share,
    spanned,
)
from tumorcast.domain.errors import InputError

FIVE, FOUR = exponential(5), exponential(4)
CORRELATIONS = (-0.99, -0.3, 0.0, 0.1, 0.5, 0.9, 0.99, 1.0)
shares = st.floats(0, 1, allow_subnormal=False)
some_shares = st.lists(shares, min_size=1, max_size=4)
correlation = st.floats(0, 1, allow_subnormal=False)


@pytest.mark.parametrize(
    ("at", "exact", "told"), [(0, 0.58, 0.58), (0.3, 0.538426, 0.5386), (0.6, 0.491496, 0.4917)]
)
def test_responses_of_30_and_40_percent(at: float, exact: float, told: float) -> None:
    found = float(independent_response([0.3, 0.4], at))
    assert found == pytest.approx(exact, abs=1e-6)
    assert found == pytest.approx(told, abs=3e-4)


def test_medians_of_5_and_4() -> None:
    assert independent_quantile((FIVE, FOUR), 0.5, 0) == pytest.approx(7.9591, abs=1e-4)
    assert independent_quantile((FIVE, FOUR), 0.5, 0.3) == pytest.approx(7.3564, abs=1e-4)
    assert additive_quantile((FIVE, FOUR), 0.5, 1.5, 0.3) == pytest.approx(9.02, abs=5e-3)


@pytest.mark.parametrize("at", [-0.95, -0.5, 0.2, 0.8, 0.99])
def test_two_drugs_as_the_bivariate_normal(at: float) -> None:
    for pair in ([0.3, 0.4], [0.01, 0.9], [0.999, 0.98], [1e-6, 0.5]):
        known = multivariate_normal.cdf(ndtri(pair), cov=[[1, at], [at, 1]], abseps=1e-12, releps=1e-12)
        assert float(all_below(pair, at)) == pytest.approx(float(known), abs=1e-6)


@pytest.mark.parametrize("at", [0.2, 0.5, 0.9])
def test_the_shared_factor_gives_what_the_correlation_integral_gives(at: float) -> None:
    assert float(all_below([0.3, 0.6, 1.0], at)) == pytest.approx(float(all_below([0.3, 0.6], at)), abs=1e-9)


def test_three_drugs_as_draws() -> None:
    random = np.random.default_rng(0)
    normal = random.multivariate_normal(np.zeros(3), 0.6 * np.eye(3) + 0.4, 400_000)
    known = (normal < ndtri([0.3, 0.5, 0.8])).all(axis=1).mean()
    assert float(all_below([0.3, 0.5, 0.8], 0.4)) == pytest.approx(known, abs=3e-3)


@given(some_shares, correlation)
def test_between_the_best_drug_and_the_sum(probabilities: list[float], at: float) -> None:
    found = float(independent_response(probabilities, at))
    assert max(probabilities) - 1e-9 <= found <= min(1, sum(probabilities)) + 1e-9


@given(some_shares)
def test_less_with_more_correlation(probabilities: list[float]) -> None:
    allowed = [at for at in CORRELATIONS if at >= 0 or len(probabilities) <= 2]
    found = [float(independent_response(probabilities, at)) for at in allowed]
    assert (np.diff(found) <= 1e-5).all()


@given(some_shares, correlation, shares)
def test_another_drug_never_takes_away(probabilities: list[float], at: float, other: float) -> None:
    more = float(independent_response([*probabilities, other], at))
    assert more >= float(independent_response(probabilities, at)) - 1e-6


@given(st.lists(shares, min_size=3, max_size=3), correlation)
def test_order_of_the_drugs_is_not_seen(probabilities: list[float], at: float) -> None:
    assert len({float(independent_response(order, at)) for order in permutations(probabilities)}) == 1


def test_many_patients_at_once_and_the_unknown_stays_unknown() -> None:
    alone = np.random.default_rng(1).uniform(size=(3, 5, 7))
    alone[0, 2, 2] = np.nan
    found = independent_response(alone, 0.4)
    assert found.shape == (5, 7)
    assert np.isnan(found[2, 2])
    assert np.isnan(found).sum() == 1
    assert found[1, 3] == pytest.approx(float(independent_response(alone[:, 1, 3], 0.4)), abs=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.5, 30), st.floats(0.5, 3)), min_size=1, max_size=3),
    st.floats(0, 0.95),
    st.floats(0, 5),
)
def test_additive_times_lie_between_the_longest_and_the_sum(
    drugs: list[tuple[float, float]], at: float, scan: float
) -> None:
    alone = virtual_patients([Weibull(*drug) for drug in drugs], at, 512)
    found = additive_times(alone, scan)
    assert (found >= alone.max(axis=1)).all()
    assert (found <= alone.sum(axis=1) + 1e-9).all()
    assert (found >= additive_times(alone, scan + 1) - 1e-9).all()
    np.testing.assert_array_equal(found, additive_times(alone[:, ::-1], scan))
    if len(drugs) == 2:
        first, second = alone.T
        np.testing.assert_allclose(found, np.maximum(first + second - scan, alone.max(axis=1)), rtol=1e-12)


def test_a_virtual_patient_does_not_depend_on_the_order_of_the_drugs() -> None:
    drugs = [exponential(5), Weibull(4, 1.5), exponential(9)]
    whole = virtual_patients(drugs, 0.3, 256)
    for order in permutations(range(3)):
        np.testing.assert_array_equal(
            virtual_patients([drugs[n] for n in order], 0.3, 256), whole[:, list(order)]
        )


def test_virtual_patients_have_the_curves_and_the_correlation_asked_for() -> None:
    times = virtual_patients((FIVE, FOUR), -0.4)
    np.testing.assert_allclose(np.median(times, axis=0), [5, 4], rtol=2e-3)
    normal = ndtri(correlated_uniforms(1 << 14, 2, -0.4))
    assert np.corrcoef(normal.T)[0, 1] == pytest.approx(-0.4, abs=0.01)
    longest = np.median(times.max(axis=1))
    assert longest == pytest.approx(independent_quantile((FIVE, FOUR), 0.5, -0.4), rel=2e-3)


def test_a_curve_of_patients_stands_in_for_its_formula() -> None:
    random = np.random.default_rng(2)
    five = risks_of(random.exponential(5 / np.log(2), 4000), np.ones(4000)).curve
    assert independent_quantile((five, FOUR), 0.5, 0.3) == pytest.approx(7.3564, rel=0.03)
    assert additive_quantile((five, FOUR), 0.5, 1.5, 0.3) == pytest.approx(9.02, rel=0.03)


def test_past_the_horizon_nothing_is_known() -> None:
    short = Curve(np.asarray([2.0, 4.0]), np.asarray([0.8, 0.6]), 6.0)
    for curve in (
        independent_curve((short, FOUR), [0, 5, 7], 0.3),
        additive_curve((short, FOUR), [0, 5, 7], 1, 0.3),
    ):
        assert curve[0] == 1
        assert 0.6 < curve[1] < 1
        assert np.isnan(curve[2])
    assert independent_quantile((short, FOUR), 0.5, 0.3) == np.inf
    assert additive_quantile((short, FOUR), 0.5, 1, 0.3) == np.inf


def test_the_kaplan_meier_estimate_by_hand() -> None:
    risks = risks_of([1, 2, 2, 3, 5], [True, True, False, True, False])
    np.testing.assert_allclose(risks.curve.shares, [0.8, 0.6, 0.3])
    assert risks.curve.horizon == 5
    np.testing.assert_allclose(risks.curve.quantile([0.1, 0.2, 0.5, 0.9]), [1, 1, 3, np.inf])


OBSERVED = {
    Finding.LESS: (0.2, 0.25, 0.3),
    Finding.INDEPENDENT: (0.4, 0.5, 0.6),
    Finding.BETWEEN: (0.56, 0.6, 0.64),
    Finding.ADDITIVE: (0.6, 0.7, 0.8),
    Finding.NOT_TOLD_APART: (0.5, 0.6, 0.7),
    Finding.SYNERGY: (0.76, 0.8, 0.9),
}


@pytest.mark.parametrize("finding", OBSERVED)
def test_verdicts(finding: Finding) -> None:
    low, value, high = OBSERVED[finding]
    verdict = judge(Range(value, low, high), Range(0.5, 0.45, 0.55), Range(0.7, 0.65, 0.75))
    assert verdict.finding is finding
    assert verdict.is_synergy == (low > 0.75)
    assert verdict.note == NOTE


def test_an_interval_that_touches_additivity_is_no_synergy() -> None:
    verdict = judge(Range(0.9, 0.75, 1.0), Range(0.5, 0.45, 0.55), Range(0.7, 0.65, 0.75))
    assert not verdict.is_synergy


def test_without_an_additive_reference_synergy_is_never_said() -> None:
    assert judge(observed_share(99, 100), spanned([0.4, 0.5])).finding is Finding.MORE


def test_patients_under_independent_action_are_found_consistent_with_it() -> None:
    times = virtual_patients((FIVE, FOUR), 0.3, 4096)
    picked = np.random.default_rng(3).permutation(len(times))[:150]
    both, sum_of_both = times.max(axis=1)[picked], (1.5 * times.sum(axis=1))[picked]
    grid = np.linspace(0, 20, 401)
    independent = spanned(
        [mean_time(grid, independent_curve((FIVE, FOUR), grid, at), 20) for at in (0, 0.3, 0.6)]
    )
    additive = spanned(
        [mean_time(grid, additive_curve((FIVE, FOUR), grid, 1.5, at), 20) for at in (0, 0.3, 0.6)]
    )
    found = judge(observed_mean_time(both, np.ones(150), 20), independent, additive)
    assert found.finding in (Finding.INDEPENDENT, Finding.NOT_TOLD_APART)
    assert judge(observed_mean_time(sum_of_both, np.ones(150), 20), independent, additive).is_synergy


def test_a_restricted_mean_without_censoring_is_the_mean() -> None:
    times = np.random.default_rng(4).exponential(3, 200)
    found = observed_mean_time(times, np.ones(200), float(times.max()))
    assert found.value == pytest.approx(times.mean())
    half = 1.959964 * times.std() / np.sqrt(200)
    assert found.high - found.value == pytest.approx(half, rel=1e-5)


def test_few_patients_without_a_progression_show_nothing() -> None:
    found = observed_mean_time([20.0] * 9, np.zeros(9), 20)
    assert (found.value, found.high) == (20, 20)
    assert found.low == pytest.approx(20 * 0.025 ** (1 / 9))
    assert not judge(found, spanned([15]), spanned([18])).is_synergy
    assert observed_mean_time([1.0, *[20.0] * 8], [True] + [False] * 8, 20).low < found.low


def test_wilson_interval() -> None:
    found = observed_share(7, 20)
    assert (found.value, found.low, found.high) == pytest.approx((0.35, 0.18119, 0.56715), abs=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: independent_response([0.3, 1.2], 0.3),
        lambda: independent_response([0.3, 0.4], 1.1),
        lambda: independent_response([0.3, 0.4, 0.2], -0.1),
        lambda: independent_curve((), [1], 0),
        lambda: additive_times([[1.0, -2.0]], 1),
        lambda: additive_times([[1.0, 2.0]], -1),
        lambda: exponential(0),
        lambda: risks_of([1, 0], [True, True]),
        lambda: observed_share(5, 4),
        lambda: observed_mean_time([1, 2], [True, False], 3),
        lambda: Range(0.5, 0.6, 0.7),
        lambda: Curve(np.asarray([1.0, 2.0]), np.asarray([0.5, 0.6]), 3.0),
        lambda: spanned([0.3, np.nan]),
    ],
)
def test_what_cannot_be_computed_is_refused(wrong) -> None:
    with pytest.raises(InputError):
        wrong()
