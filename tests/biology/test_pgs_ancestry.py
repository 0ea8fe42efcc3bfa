"""Reference people: percentiles within a population alone, mean and variance by components, nothing outside."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from scipy.stats import norm, percentileofscore

from tumorcast.biology.pgs.ancestry import Reference, adjusted
from tumorcast.domain.errors import InputError

CENTRES = {"AFR": (-6.0, 0.0), "EUR": (3.0, 4.0), "EAS": (3.0, -5.0)}


def people(n: int, seed: int = 0) -> Reference:
    """Three populations; mean and spread of the score follow the components."""
    rng = np.random.default_rng(seed)
    components = np.concatenate([rng.normal(at, (0.6, 0.4), (n, 2)) for at in CENTRES.values()])
    population = np.repeat(np.array(list(CENTRES), object), n)
    mean, spread = 5 + components @ [0.5, -0.2], np.exp(0.5 * (-1 + components @ [0.12, 0.1]))
    return Reference(components, population, mean + spread * rng.normal(size=3 * n))


def test_numbers_within_the_reference() -> None:
    reference, others = people(600), people(100, seed=1)
    found = adjusted(reference, others.components, others.sums.tolist())
    told = [one for one in found if one.percentile is not None]
    assert len(told) >= 297
    assert [one.similarity.population for one in told] == [
        name for one, name in zip(found, others.population) if one.percentile is not None
    ]
    rows = np.column_stack([np.ones(1800), reference.components])
    fitted, *_ = np.linalg.lstsq(rows, reference.sums, rcond=None)
    apart = others.sums - np.column_stack([np.ones(300), others.components]) @ fitted
    expected = apart / np.std(reference.sums - rows @ fitted)
    for n in range(0, 300, 37):
        one, mine = found[n], reference.sums[reference.population == others.population[n]]
        assert one.z_norm1 == pytest.approx(expected[n], abs=1e-9)
        if one.percentile is not None:
            assert one.percentile == pytest.approx(percentileofscore(mine, others.sums[n]))
            assert one.z_population == pytest.approx((others.sums[n] - mine.mean()) / mine.std())
            assert one.n_reference == 600


def test_the_second_adjustment_levels_the_spread() -> None:
    reference = people(1500)
    found = adjusted(reference, reference.components, reference.sums.tolist())
    first, second = (
        np.array([getattr(one, name) or np.nan for one in found]) for name in ("z_norm1", "z_norm2")
    )
    groups = [reference.population == name for name in CENTRES]
    assert max(np.nanstd(first[mine]) for mine in groups) > 1.2
    for mine in groups:
        assert np.nanstd(second[mine]) == pytest.approx(1.0, abs=0.07)
        assert np.nanmean(second[mine]) == pytest.approx(0.0, abs=0.07)


def test_both_adjustments_are_the_published_formulae() -> None:
    reference, others = people(150, seed=5), people(20, seed=6)
    rows = np.column_stack([np.ones(450), reference.components])
    beta = np.linalg.solve(rows.T @ rows, rows.T @ reference.sums)
    residual = reference.sums - rows @ beta
    theirs = np.column_stack([np.ones(60), others.components])

    def loss(values: np.ndarray) -> float:
        spread = np.exp(0.5 * rows @ values[3:])
        return -float(norm.logpdf(reference.sums, rows @ values[:3], spread).sum())

    start = np.concatenate([beta, [2 * np.log(residual.std()), 0, 0]])
    options = {"xatol": 1e-7, "fatol": 1e-9, "maxiter": 20_000}
    best = minimize(loss, start, method="Nelder-Mead", options=options).x
    found = adjusted(reference, others.components, others.sums.tolist())
    z_norm1 = (others.sums - theirs @ beta) / residual.std()
    z_norm2 = (others.sums - theirs @ best[:3]) / np.exp(0.5 * theirs @ best[3:])
    told = [n for n, one in enumerate(found) if one.z_norm1 is not None]
    assert len(told) > 50
    assert [found[n].z_norm1 for n in told] == pytest.approx(z_norm1[told], abs=1e-9)
    assert [found[n].z_norm2 for n in told] == pytest.approx(z_norm2[told], abs=1e-4)


def test_ties_are_ranked_as_the_calculator_ranks_them() -> None:
    reference = people(60)
    rounded = Reference(reference.components, reference.population, reference.sums.round())
    mine = rounded.sums[rounded.population == "EUR"]
    values = np.unique(mine).tolist()
    found = adjusted(rounded, np.tile(CENTRES["EUR"], (len(values), 1)), values)
    assert [one.percentile for one in found] == pytest.approx(percentileofscore(mine, values))


def test_the_most_similar_population_is_the_nearest_by_mahalanobis_distance() -> None:
    rng = np.random.default_rng(8)
    population = np.repeat(np.array(["EUR", "AMR"], object), 300)
    at = np.where((population == "EUR")[:, None], 0.01, 0.04) * rng.normal(size=(600, 4))
    at[300:, 0] += 0.13
    reference = Reference(at, population, rng.normal(size=600))
    places = np.linspace(-0.03, 0.2, 47)[:, None] * np.eye(4)[0]
    groups = [at[population == name] for name in ("EUR", "AMR")]
    distances = [
        [
            cdist([place], [one.mean(axis=0)], "mahalanobis", VI=np.linalg.inv(np.cov(one.T)))[0, 0]
            for one in groups
        ]
        for place in places
    ]
    found = adjusted(reference, places, [0.0] * len(places))
    nearest = [("EUR", "AMR")[int(np.argmin(one))] for one in distances]
    assert [one.similarity.population for one in found] == nearest
    between = [one for one in found if one.similarity.posterior < 0.5]
    assert between
    assert {one.percentile for one in between} == {None}
    (told,) = adjusted(reference, np.array([[0.036, 0, 0, 0]]), [0.0])
    assert (told.similarity.population, told.percentile) == ("AMR", None)
    assert "between reference populations" in told.refusal


def test_no_percentile_where_the_components_do_not_tell_populations_apart() -> None:
    reference = people(200)
    rng = np.random.default_rng(2)
    at = np.concatenate([rng.normal(0, 1, 200), rng.normal(1, 1, 400)])
    population = np.repeat(np.array(["AFR", "EUR"], object), (200, 400))
    (one,) = adjusted(Reference(at[:, None], population, reference.sums), np.full((1, 1), -1.0), [5.0])
    assert one.similarity.posterior > 0.5
    assert (one.percentile, one.z_population) == (None, None)
    assert one.z_norm2 is not None
    assert "do not tell AFR from other populations" in one.refusal


def test_scale_and_shift_of_a_score_do_not_matter() -> None:
    reference = people(200)
    other = Reference(reference.components, reference.population, 1e4 * reference.sums - 7)
    one = adjusted(reference, reference.components[:5], reference.sums[:5].tolist())
    two = adjusted(other, other.components[:5], other.sums[:5].tolist())
    for a, b in zip(one, two):
        assert a.z_norm2 == pytest.approx(b.z_norm2, abs=1e-3)
        assert a.percentile == b.percentile


def test_nothing_outside_the_panel_and_no_percentile_between_populations() -> None:
    reference = people(200)
    far, between, refused = adjusted(
        reference, np.array([[40.0, 0.0], [-1.0, 2.0], list(CENTRES["EUR"])]), [5.0, 5.0, None]
    )
    assert (far.percentile, far.z_population, far.z_norm1, far.z_norm2) == (None, None, None, None)
    assert "outside the reference ancestry" in far.refusal
    assert (between.percentile, between.z_population) == (None, None)
    assert between.z_norm2 is not None
    assert "no percentile" in between.refusal
    assert (refused.percentile, refused.z_norm1) == (None, None)
    assert refused.refusal == "the sum is refused"


def test_a_score_without_spread_gives_nothing() -> None:
    reference = people(40)
    flat = Reference(reference.components, reference.population, np.ones(120))
    assert adjusted(flat, reference.components[:1], [1.0])[0].z_norm1 is None


def test_no_z_score_of_more_coefficients_than_people_can_tell() -> None:
    rng = np.random.default_rng(4)
    for n, k, first, second in ((60, 8, False, False), (150, 12, True, False), (300, 12, True, True)):
        reference = Reference(rng.normal(size=(n, k)), np.full(n, "EUR", object), rng.normal(size=n))
        (one,) = adjusted(reference, np.zeros((1, k)), [0.1])
        assert (one.z_norm1 is not None, one.z_norm2 is not None) == (first, second), n
        assert one.percentile is not None


def test_a_score_that_is_the_components_has_no_z_score() -> None:
    reference = people(50)
    line = Reference(reference.components, reference.population, reference.components @ [1.0, 2.0])
    (one,) = adjusted(line, np.array([CENTRES["EUR"]]), [40.0])
    assert (one.z_norm1, one.z_norm2) == (None, None)


def test_components_that_say_nothing_are_told() -> None:
    reference = people(50)
    for extra in (np.zeros(150), reference.components[:, 0] * 2, (reference.population == "EUR") * 1.0):
        wide = np.column_stack([reference.components, extra])
        with pytest.raises(InputError, match="constant, or say the same"):
            adjusted(Reference(wide, reference.population, reference.sums), wide[:1], [1.0])


def test_a_population_too_small_for_the_components_is_not_used() -> None:
    rng = np.random.default_rng(9)
    population = np.repeat(np.array(["EUR", "OCE"], object), (200, 40))
    at = rng.normal(size=(240, 10)) + 8.0 * (population == "OCE")[:, None]
    (one,) = adjusted(Reference(at, population, rng.normal(size=240)), at[-1:], [0.0])
    assert one.similarity.population == "EUR"
    assert one.percentile is None
