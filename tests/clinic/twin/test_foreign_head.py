"""A head of another population than the twin's: never past what it said, never away from it, never without guards."""

from __future__ import annotations

import numpy as np
import pytest

from clinic.twin.cohorts import series
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.prior_size import ModelPrior, PriorSize, SoftSize
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.unseen import unconditional
from tumorcast.clinic.twin.usual import soft_size
from tumorcast.readers.size_series import SizeSeries
from tumorcast.serve.manifest import SizeResiduals
from tumorcast.serve.size_prior import calibrated

POPULATIONS = {name: named_population(name) for name in ("oak_nsclc", "motesanib_nsclc")}
USUAL = {name: soft_size(one, PriorSize(0, 1, 0, 1), 0.0) for name, one in POPULATIONS.items()}
NONE = SizeSeries("P1", *(np.zeros(0),) * 3)


def moved(word: SoftSize, level: float = 0.5) -> float:
    weights = np.exp(word.log_weight(word.usual))
    return float(word.usual[np.searchsorted(np.cumsum(weights / weights.sum()), level)])


@pytest.mark.parametrize("name", POPULATIONS)
@pytest.mark.parametrize("wider", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("apart", [-0.3, 0.0, 0.3])
@pytest.mark.parametrize("left", [0.5, 0.9, 0.999, 1.2])
def test_the_median_stays_between_the_population_and_the_word(
    name: str, wider: float, apart: float, left: float
) -> None:
    usual = USUAL[name]
    mean, spread = usual.middle + apart, usual.spread * wider
    for far in (-1.5, -0.4, 0.0, 0.4, 1.5):
        said = PriorSize(mean + far * spread, left * spread, mean, spread)
        word = SoftSize(said, usual.usual)
        low, high = sorted((usual.middle, said.log_ratio))
        assert low - 0.03 <= moved(word) <= high + 0.03
        width = [moved(one, 0.84) - moved(one, 0.16) for one in (word, usual)]
        assert width[0] >= 0.4 * min(said.sd, usual.spread)
        assert word.width == 1 or word.width * usual.spread >= 0.99 * said.sd


def test_a_weak_word_moves_little_and_a_less_sure_one_no_further() -> None:
    weak = SizeResiduals(
        bias=0.0, sd=0.25, n_patients=40, n_courses=40, median=0.0, mean=0.0, spread=0.25, slope=0.8,
        slope_error=0.4, line_sd=0.24,
    )  # fmt: skip
    for name, one in POPULATIONS.items():
        said = calibrated(weak, -0.2)
        middle = [
            float(np.median(unconditional(one, np.array([42.0]), 0.0, said=each).true_mm))
            for each in (said, None)
        ]
        assert middle[0] == pytest.approx(middle[1], rel=0.2)
        shifts = [
            abs(
                SoftSize(
                    calibrated(weak.model_copy(update={"slope_error": error}), -0.2), USUAL[name].usual
                ).shift
            )
            for error in (0.1, 0.3, 0.5)
        ]
        assert shifts[0] >= shifts[1] >= shifts[2]


def test_what_is_said_is_what_the_weighed_virtual_patients_do() -> None:
    usual = USUAL["oak_nsclc"]
    said = PriorSize(usual.middle - 0.2, 0.6 * usual.spread, usual.middle, usual.spread)
    word = SoftSize(said, usual.usual)
    assert moved(word) == pytest.approx(said.log_ratio, abs=0.03)
    same = SoftSize(PriorSize(usual.middle, usual.spread, usual.middle, usual.spread), usual.usual)
    np.testing.assert_allclose(same.log_weight(usual.usual), 0, atol=1e-9)


def test_a_simulation_of_patients_ends_where_its_sizes_are_those_of_no_body() -> None:
    one = POPULATIONS["oak_nsclc"]
    heads = (None, PriorSize(0.22, 0.326, -0.1, 0.35), PriorSize(0.22, 0.2, 0.0, 0.3))
    for said in heads:
        prior = None if said is None else ModelPrior("toy@abc", said)
        found = twin_record(NONE, one, prior=prior)
        assert found.kind == "population_simulation"
        rows = [*found.fan, *found.visits]
        assert max(row.high_mm for row in rows) <= 1000
        assert found.horizon_day < 365
        assert any(reason.startswith("implausible_size") for reason in found.reasons)
        if found.prior is not None:
            assert max(row.high_mm for row in [*found.prior.fan, *found.prior.visits]) <= 1000


@pytest.mark.parametrize(("sd", "code"), [(0.005, "few_alike"), (0.05, "implausible_size")])
def test_a_word_that_few_virtual_patients_fit_or_no_body_is_set_aside(sd: float, code: str) -> None:
    usual = USUAL["oak_nsclc"]
    said = PriorSize(usual.middle + 0.8, sd, usual.middle, usual.spread)
    found = twin_record(NONE, POPULATIONS["oak_nsclc"], prior=ModelPrior("toy@abc", said))
    assert found.prior is not None
    assert found.prior.refused.startswith(code)
    assert not found.shift
    assert found.fan == twin_record(NONE, POPULATIONS["oak_nsclc"]).fan


def test_a_word_past_the_size_of_a_body_leaves_a_patient_the_forecast_without_it() -> None:
    scans = series("P1", np.array([-7.0, 7.0]), np.array([650.0, 663.0]))
    prior = ModelPrior("toy@abc", PriorSize(0.5, 0.15, 0.0, 0.3))
    found, plain = (twin_record(scans, POPULATIONS["oak_nsclc"], prior=one) for one in (prior, None))
    assert found.kind == "individual"
    assert found.prior is not None
    assert found.prior.refused.startswith("implausible_size")
    assert found.fan == plain.fan
