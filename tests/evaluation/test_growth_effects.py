"""Growth of arms under many drugs: planted effects are found, what is hidden is not used, order does not matter."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.evaluation.drug_likeness import likeness_of
from tumorcast.evaluation.growth_effects import GrowthArms, basis, fit_effects, gather
from tumorcast.evaluation.xenograft_forecast import learnt, mean_curve

DRUGS = ("untreated", "A", "B", "A + B", "C", "D")
TARGETS = {"A": frozenset({"G1"}), "B": frozenset({"G2"}), "C": frozenset({"G1"}), "D": frozenset({"G3"})}
DAYS = np.arange(3.0, 40.0, 4.0)
RATE = 0.05
MEAN = np.asarray([[1.0, 0.0], [1.0, 0.8], [1.0, 0.4], [1.0, 1.2], [1.0, 0.7], [1.0, 0.1]])


def screen(
    tumours: int, seed: int = 0, shared: float = 0.5
) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """Curves with a tumour's growth, a kill shared by drugs of like targets, and noise."""
    random = np.random.default_rng(seed)
    root = np.linalg.cholesky(likeness_of(DRUGS, TARGETS))
    made = {}
    for tumour in range(tumours):
        growth = random.normal(0, 0.4)
        kill = shared * (root @ random.normal(size=len(DRUGS)))
        for drug in range(len(DRUGS)):
            parameters = MEAN[drug] + [growth, kill[drug]] + random.normal(0, 0.05, 2)
            made[tumour, drug] = (DAYS, basis(DAYS, RATE) @ parameters + random.normal(0, 0.1, len(DAYS)))
    return made


def gathered(tumours: int, seed: int = 0) -> GrowthArms:
    return gather(screen(tumours, seed), (tumours, len(DRUGS)), RATE)


def test_planted_effects_are_found() -> None:
    found = fit_effects(gathered(120), likeness_of(DRUGS, TARGETS), has_shared=True, rounds=40)
    np.testing.assert_allclose(found.mean, MEAN, atol=0.15)
    assert found.tumour[0, 0] == pytest.approx(0.16, rel=0.35)
    assert found.shared[1, 1] == pytest.approx(0.25, rel=0.35)
    assert found.noise == pytest.approx(0.01, rel=0.15)


def test_without_known_arms_the_drugs_means_are_told_with_the_widest_spread() -> None:
    effects = fit_effects(gathered(20), likeness_of(DRUGS, TARGETS), has_shared=True)
    arms = gathered(1, seed=9)
    nothing, untreated = (np.zeros((1, 6), bool), np.eye(6, dtype=bool)[:1])
    mean, spread = effects.posterior(arms.where(nothing))
    np.testing.assert_allclose(mean[0], effects.mean)
    narrower = effects.posterior(arms.where(untreated))[1]
    assert (np.linalg.eigvalsh(spread - narrower) > -1e-9).all()
    assert np.trace(narrower[0, 0]) < 0.2 * np.trace(spread[0, 0])


def test_arms_of_a_tumour_tell_of_its_other_arms() -> None:
    effects = fit_effects(gathered(60), likeness_of(DRUGS, TARGETS), has_shared=True)
    fresh = screen(40, seed=5)
    arms = gather(fresh, (40, len(DRUGS)), RATE)
    errors = []
    for shown in ([], [0], [0, 1]):
        flags = np.zeros((40, len(DRUGS)), bool)
        flags[:, shown] = True
        mean = effects.posterior(arms.where(flags))[0]
        errors.append(
            np.mean([abs(basis(DAYS, RATE) @ mean[t, 4] - fresh[t, 4][1]).mean() for t in range(40)])
        )
    assert errors[0] > 1.2 * errors[1] > 1.2 * errors[2]


def test_order_of_the_drugs_is_not_seen() -> None:
    arms, likeness = gathered(12), likeness_of(DRUGS, TARGETS)
    order = np.asarray([3, 1, 5, 0, 2, 4])
    turned = GrowthArms(
        *(part[:, order] for part in (arms.information, arms.score, arms.squares, arms.counts))
    )
    first = fit_effects(arms, likeness, has_shared=True)
    second = fit_effects(turned, likeness[np.ix_(order, order)], has_shared=True)
    np.testing.assert_allclose(second.mean, first.mean[order], atol=1e-8)
    np.testing.assert_allclose(second.shared, first.shared, atol=1e-8)


def test_a_tumour_left_out_is_not_seen_and_an_arm_that_is_not_shown_is_not_used() -> None:
    curves = screen(9)
    changed = dict(curves) | {(8, d): (DAYS, curves[8, d][1] + 3) for d in range(1, len(DRUGS))}
    averages = np.full((9, len(DRUGS)), 10.0)
    told = []
    for given in (curves, changed):
        grower, option = learnt(given, averages, likeness_of(DRUGS, TARGETS), np.arange(8), 0)
        known = gather({(0, 0): given[8, 0]}, (1, len(DRUGS)), grower.rate)
        told.append((option, grower.forecast(known).average))
    assert told[0][0] == told[1][0]
    np.testing.assert_array_equal(told[0][1], told[1][1])


def test_likeness() -> None:
    made = likeness_of(DRUGS, TARGETS)
    assert np.linalg.eigvalsh(made).min() > 0
    np.testing.assert_allclose(np.diag(made), 1)
    place = {drug: n for n, drug in enumerate(DRUGS)}
    assert made[place["A"], place["A + B"]] > made[place["A"], place["D"]]
    assert made[place["A"], place["C"]] > 0.2
    np.testing.assert_allclose(made[0, 1:], 0, atol=1e-9)
    np.testing.assert_array_equal(likeness_of(("A + B",), TARGETS), likeness_of(("B + A",), TARGETS))
    known = likeness_of(("nivolumab", "pembrolizumab", "paclitaxel"), {})
    assert known[0, 1] > known[0, 2]


def test_a_mean_curve_goes_on_at_its_rate() -> None:
    found = mean_curve([(np.asarray([2.0, 4.0]), np.asarray([0.2, 0.8]))], np.asarray([1.0, 3.0, 8.0]))
    np.testing.assert_allclose(found, [0.1, 0.5, 1.6])
