"""Published numbers: Claret's typical patient, Zecchin's, survival by time to growth, Kuznetsov's constants."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.biology.dynamics.curves import Stein
from tumorcast.biology.dynamics.derived import (
    nadir,
    ratio_to_start,
    time_to_growth,
    time_to_growth_stein,
    time_to_progression,
)
from tumorcast.biology.dynamics.immune import Kuznetsov
from tumorcast.biology.dynamics.log_linear import claret
from tumorcast.biology.dynamics.population import (
    full_schedule,
    population,
    populations,
    typical,
    virtual_patients,
)
from tumorcast.biology.dynamics.schedule import Exposed, Schedule
from tumorcast.biology.dynamics.simulate import simulate
from tumorcast.biology.dynamics.survival_link import motesanib_survival
from tumorcast.domain.errors import InputError

MOTESANIB = population("motesanib_nsclc")
DAYS = np.arange(0.0, 731.0)


def test_claret_s_typical_patient() -> None:
    model, plan = typical(MOTESANIB), full_schedule(MOTESANIB)
    assert simulate(model, [56, 84, 365], plan)[0] == pytest.approx([67.164, 64.168, 78.034], abs=5e-4)
    assert ratio_to_start(model, plan)[0] == pytest.approx(0.7463, abs=5e-5)
    values = {name: one.value for name, one in MOTESANIB.values.items()}
    assert time_to_growth(values["growth"], values["kill"], values["resistance"])[0] == pytest.approx(
        117.33, abs=5e-3
    )
    lowest = nadir(DAYS, simulate(model, DAYS, plan))
    assert lowest.size_mm[0] == pytest.approx(63.251, abs=5e-4)
    assert lowest.day[0] == 117


def test_the_transposed_table_gives_numbers_that_the_paper_does_not() -> None:
    """The printed table has kill and resistance transposed; a library that copied it would answer these."""
    transposed = claret(90, 0.00107, kill=0.0193, resistance=0.0103)
    assert time_to_growth(0.00107, 0.0193, 0.0103)[0] == pytest.approx(280.8, abs=0.05)
    assert ratio_to_start(transposed, Schedule.always("drug"))[0] == pytest.approx(0.467, abs=5e-4)
    assert MOTESANIB.values["kill"].value < MOTESANIB.values["resistance"].value


def test_claret_s_typical_patient_progresses_by_recist_from_the_nadir() -> None:
    sizes = simulate(typical(MOTESANIB), DAYS, full_schedule(MOTESANIB))
    exact = time_to_progression(DAYS, sizes, is_between=True)[0]
    goal = simulate(typical(MOTESANIB), [exact], full_schedule(MOTESANIB))[0, 0]
    assert goal == pytest.approx(1.2 * 63.251, abs=2e-3)
    scans = np.arange(0.0, 731.0, 56.0)
    seen = time_to_progression(scans, simulate(typical(MOTESANIB), scans, full_schedule(MOTESANIB)))[0]
    assert exact <= seen <= exact + 56


@pytest.mark.parametrize(("levels", "size"), [((5.0, 0.0), 73.50), ((4.0, 10.0), 64.31)])
def test_zecchin_s_patient_at_84_days(levels: tuple[float, float], size: float) -> None:
    plan = Schedule(
        exposed=(Exposed("carboplatin", level=levels[0]), Exposed("gemcitabine", level=levels[1]))
    )
    model = typical(population("carboplatin_gemcitabine_ovarian"))
    assert simulate(model, [84], plan)[0, 0] == pytest.approx(size, abs=5e-3)


@pytest.mark.parametrize(("growth_day", "median"), [(93.0, 445), (125.0, 517)])
def test_survival_of_an_asian_ever_smoker_by_time_to_growth(growth_day: float, median: float) -> None:
    survival = motesanib_survival(90.0, growth_day, True, True)
    assert round(survival.median_days[0]) == median
    assert survival.survival([survival.median_days[0]])[0, 0] == pytest.approx(0.5)
    assert survival.scale == pytest.approx(np.exp(-0.24))
    assert np.all(np.diff(survival.survival([0.0, 100.0, 500.0, 2000.0])[0]) < 0)


def test_survival_is_unknown_where_the_formula_ends() -> None:
    assert np.isnan(motesanib_survival(90.0, [-100.0, 50.0], False, False).median_days).tolist() == [
        True,
        False,
    ]


def test_oak_s_typical_patient_has_no_time_to_growth() -> None:
    oak = population("oak_nsclc")
    growth, shrink = oak.values["growth"].value, oak.values["shrink"].value
    assert time_to_growth_stein(growth, shrink)[0] < 0
    assert simulate(typical(oak, 80.0), [0.0], full_schedule(oak))[0, 0] == pytest.approx(80.0)
    with pytest.raises(InputError, match="no baseline size"):
        typical(oak)


def test_stein_s_time_to_growth_is_where_the_curve_is_lowest() -> None:
    days = np.linspace(0, 300, 300_001)
    lowest = nadir(days, simulate(Stein(70, 0.002, 0.01), days)).day[0]
    assert lowest == pytest.approx(time_to_growth_stein(0.002, 0.01)[0], abs=2e-3)


def test_kuznetsov_s_constants_without_dimension_are_the_paper_s() -> None:
    """sigma, rho, eta, mu, delta, alpha, beta at E0 = T0 = 10^6 cells."""
    model, unit = Kuznetsov(1e6, 1e6), 1e6
    rate = float(model.killing) * unit  # type: ignore[arg-type]
    got = (
        model.influx / (rate * unit), model.recruitment / rate, model.half_recruitment / unit,
        model.inactivation / model.killing, model.death / rate, model.growth / rate, model.inverse_capacity * unit,
    )  # fmt: skip
    assert got == pytest.approx((0.1181, 1.131, 20.19, 0.00311, 0.3743, 1.636, 0.002), rel=2e-3)


def test_every_entry_says_where_it_comes_from_and_what_it_is_not() -> None:
    for entry in populations().values():
        assert entry.doi.startswith("10.")
        assert all((entry.caveat, entry.source, entry.drugs))
        assert entry.verification.startswith("compared with ")
        assert entry.additive_mm > 0
        assert all(one.value > 0 and one.log_sd > 0 for one in entry.values.values())


def test_virtual_patients_have_the_published_middle_and_spread() -> None:
    rng = np.random.default_rng(3)
    model = virtual_patients(MOTESANIB, 20_000, rng)
    base = np.log(simulate(model, [0.0])[:, 0])
    assert np.exp(np.median(base)) == pytest.approx(90, rel=0.02)
    assert base.std() == pytest.approx(0.683, abs=0.01)
    fixed = virtual_patients(MOTESANIB, 50, rng, base_mm=60.0)
    assert np.allclose(simulate(fixed, [0.0]), 60.0)


def test_one_random_effect_is_shared_by_both_drugs_of_zecchin() -> None:
    entry = population("carboplatin_gemcitabine_ovarian")
    model = virtual_patients(entry, 100, np.random.default_rng(1))
    first, second = model.drugs  # type: ignore[attr-defined]
    ratio = entry.values["kill_gemcitabine"].value / entry.values["kill_carboplatin"].value
    assert np.allclose(second.kills / first.kills, ratio)
