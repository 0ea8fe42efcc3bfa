"""A model's word for the prior: it helps where it knows something, and does nothing where it does not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from clinic.twin.cohorts import DAYS, known_population, series, simulated
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.forecast import forecast, posterior
from tumorcast.clinic.twin.prior_size import ModelPrior, PriorSize
from tumorcast.clinic.twin.record import TwinRecord
from tumorcast.clinic.twin.table import table_text
from tumorcast.clinic.twin.unseen import Unseen, unconditional
from tumorcast.evaluation.size import OBSERVED, PREDICTED, residuals_of
from tumorcast.serve.manifest import SizeResiduals
from tumorcast.serve.size_prior import calibrated, distrust

DAY, LATER = DAYS[1], DAYS[2:5]
POPULATION = replace(known_population(), first_log_mm=(3.8, 0.15))
PATIENTS = simulated(POPULATION, 400, seed=8)


def log_ratios(patients=PATIENTS) -> np.ndarray:
    return np.array([np.log(max(one.high_mm[1], 1.0) / one.high_mm[0]) for one in patients])


def head(truth: float, seed: int = 0) -> tuple[SizeResiduals | None, np.ndarray]:
    """A head that sees the change under noise: its error on half of the patients, its words on all.

    Args:
        truth: correlation of its words with the change.
    """
    change = log_ratios()
    noise = np.random.default_rng(seed).standard_normal(len(change))
    apart = (change - change.mean()) / change.std()
    said = change.mean() + 0.2 * (truth * apart + np.sqrt(1 - truth**2) * noise)
    half = len(change) // 2
    rows = pd.DataFrame(
        {"patient_id": np.arange(half), OBSERVED: change[:half], PREDICTED: said[:half]}, index=range(half)
    )
    found = residuals_of(rows)
    assert found is not None
    return SizeResiduals(**found.to_json()), said + found.bias


def gain(said: np.ndarray, size: SizeResiduals, n_scans: int, n: int = 70) -> np.ndarray:
    """[n] absolute error of the logarithm of later sizes with the model's word less that without it."""
    made = []
    for one, word in list(zip(PATIENTS, said, strict=True))[-n:]:
        prior = replace(calibrated(size, float(word)), day=DAY)
        errors = []
        for known in (prior, None):
            if n_scans:
                after = posterior(POPULATION, one.first(n_scans), known, n=512)
                middle = np.median(forecast(after, LATER, 300).true_mm, axis=0)
            else:
                middle = np.median(unconditional(POPULATION, LATER, 0.0, 600, said=known).true_mm, axis=0)
            errors.append(np.abs(np.log(middle / np.maximum(one.high_mm[2:5], 1.0))).mean())
        made.append(errors[0] - errors[1])
    return np.array(made)


def interval(values: np.ndarray) -> tuple[float, float]:
    picks = np.random.default_rng(0).integers(0, len(values), (1000, len(values)))
    return tuple(np.quantile(values[picks].mean(axis=1), (0.025, 0.975)))


@pytest.mark.parametrize("n_scans", [0, 1])
def test_a_planted_effect_beats_the_population_prior(n_scans: int) -> None:
    size, said = head(0.8)
    assert not distrust(size)
    low, high = interval(gain(said, size, n_scans))
    assert low < high < 0


def test_a_head_that_knows_nothing_is_mostly_refused_and_does_no_harm() -> None:
    kept = []
    for seed in range(40):
        size, said = head(0.0, seed)
        if not distrust(size):
            kept.append((size, said))
    assert len(kept) <= 6  # 5% are expected
    for size, said in kept[:2]:
        assert gain(said, size, 1, 40).mean() < 0.01


def test_what_says_nothing_changes_nothing_and_what_is_said_becomes_the_virtual_patients_change() -> None:
    usual = Unseen(POPULATION, PriorSize(0, 0.3, 0, 0.3, DAY), 0.0)
    mean, spread = usual.log_ratio.mean(), usual.log_ratio.std()
    np.testing.assert_allclose(usual.weights, 1 / len(usual.weights))
    moved = Unseen(POPULATION, PriorSize(mean - 0.2, 0.6 * spread, mean, spread, DAY), 0.0)
    middle = moved.weights @ moved.log_ratio
    assert middle == pytest.approx(mean - 0.2, abs=0.03)
    assert np.sqrt(moved.weights @ (moved.log_ratio - middle) ** 2) == pytest.approx(0.6 * spread, rel=0.15)


def test_scans_outweigh_it() -> None:
    one = PATIENTS[0]
    prior = PriorSize(-0.5, 0.15, 0.0, 0.25, DAY)

    def moved(n: int) -> float:
        with_word, without = (
            np.log(np.median(forecast(posterior(POPULATION, one.first(n), each), DAYS[-1:] + 42).true_mm))
            for each in (prior, None)
        )
        return abs(float(with_word - without))

    assert moved(1) > 0.1
    assert moved(1) > 2 * moved(8)


def test_the_next_scan_is_the_same_as_all_scans_at_once() -> None:
    one, prior = PATIENTS[1], PriorSize(-0.2, 0.2, 0.0, 0.25, DAY)
    step = posterior(POPULATION, one.first(2), prior, n=512)
    stepped = step.updated(float(one.days[2]), float(one.low_mm[2]), float(one.high_mm[2]))
    np.testing.assert_allclose(stepped.told.days[0], [*one.days[:3], DAY])
    middles = [
        np.median(forecast(each, LATER[1:2] + 42).true_mm)
        for each in (stepped, posterior(POPULATION, one.first(3), prior))
    ]
    assert middles[0] == pytest.approx(middles[1], rel=0.04)


def record(n: int, prior: ModelPrior | None, first: float = -7.0) -> TwinRecord:
    four = series("P1", first + np.array([0.0, 49, 91, 133]), np.array([80.0, 60, 50, 52]))
    return twin_record(four.first(n), known_population(), prior=prior)


SAID = ModelPrior("toy@abc", PriorSize(-0.4, 0.2, -0.1, 0.3))


@pytest.mark.parametrize("n", [0, 1, 4])
def test_the_record_says_whose_prior_it_is_what_it_changed_and_what_comes_without_it(n: int) -> None:
    with_word, without = record(n, SAID), record(n, None)
    facts = with_word.prior
    assert facts is not None
    assert without.prior is None
    assert with_word.shift == "toy@abc"
    assert any(one.startswith("prior_from_model: before any scan toy@abc") for one in with_word.reasons)
    assert facts.fan == without.fan
    assert facts.visits == without.visits
    assert with_word.fan != without.fan
    assert facts.moved.median < facts.population.median
    assert facts.expected.median == pytest.approx(100 * np.expm1(-0.4), abs=0.1)
    assert {one.name for one in facts.parameters} == {"plateau", "decline"}
    assert with_word.kind == ("individual" if n == 4 else "population_simulation")


@pytest.mark.parametrize("n", [0, 1])
def test_before_two_scans_no_chance_and_no_time_of_progression_come_from_a_model(n: int) -> None:
    found = record(n, SAID)
    assert found.progression is None
    assert {one.progression for one in found.visits} == {None}
    assert any(one.startswith("no_chance_of_progression") for one in found.reasons)
    assert table_text(found).startswith("POPULATION SIMULATION: PATIENTS LIKE THOSE THE MODEL NAMES")
    assert record(n, None).progression is not None


@pytest.mark.parametrize(
    ("prior", "first", "code"),
    [
        (ModelPrior("toy@abc", None, "refused: line 4"), -7.0, "refused"),
        (SAID, 30.0, "no_baseline_scan"),
        (SAID, -100.0, "no_baseline_scan"),
        (replace(SAID, said=replace(SAID.said, day=600.0)), 0.0, "past_horizon"),
        (replace(SAID, said=PriorSize(0.3, 0.1, 0.0, 0.3)), 0.0, "contradicted"),
        (replace(SAID, said=PriorSize(1.6, 0.02, 0.0, 0.3)), 0.0, "few_alike"),
        (replace(SAID, said=PriorSize(-0.4, 0.2, -0.4, 0.3)), 0.0, "other_population"),
        (replace(SAID, said=PriorSize(-0.4, 0.2, -0.1, 0.9)), 0.0, "other_population"),
    ],
)
def test_a_refused_word_moves_nothing_and_leaves_no_number(
    prior: ModelPrior, first: float, code: str
) -> None:
    found, without = record(4, prior, first), record(4, None, first)
    assert found.prior is not None
    assert found.prior.refused.startswith(code)
    assert found.prior.expected is None
    assert not found.shift
    assert (found.fan, found.visits) == (without.fan, without.visits)
    assert found.reasons[0].startswith("prior_not_moved: toy@abc")


def test_a_patient_without_a_forecast_has_nothing_of_what_was_expected() -> None:
    other = replace(known_population(), cancer="NSCLC")
    for population, cancer, sizes in (
        (other, "BRCA", [80.0, 60, 50, 52]),
        (replace(other, horizon_days=100.0), "NSCLC", [80.0, 60, 50, 52]),
        (other, "NSCLC", [80.0, 4, 300, 9]),
    ):
        four = series("P1", np.array([-7.0, 42, 84, 126]), np.array(sizes))
        found = twin_record(four, population, cancer=cancer, prior=SAID)
        assert found.kind == "refused"
        assert found.prior is None
        assert "expects" not in " ".join(found.reasons)


def test_old_bundles_have_no_line_and_say_so() -> None:
    old = SizeResiduals(bias=0.1, sd=0.2, n_patients=40, n_courses=40, median=0.0)
    assert distrust(old).startswith("error_not_known")
    assert distrust(None).startswith("error_not_known")
