"""Cox models averaged: planted effects are found, useless layers are not let in, bad input is told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.elastic_net import Outcome
from tumorcast.evaluation.tabular_survival import event_losses, fit_survival
from tumorcast.metrics.survival import concordance

N, GENES = 300, 120


def _cohort(second_matters: bool) -> tuple[pd.DataFrame, dict[str, pd.DataFrame], np.ndarray, np.ndarray]:
    random = np.random.default_rng(3)
    programme = random.normal(size=N)
    genes = random.normal(size=(N, GENES))
    genes[:, :40] += programme[:, None]
    other = random.normal(size=(N, 60))
    cause = random.normal(size=N)
    other[:, :30] += cause[:, None]
    age = random.normal(60, 10, N)
    clinical = pd.DataFrame({"age": age, "kind": random.choice(["a", "b"], N)})
    risk = 0.6 * programme + 0.03 * (age - 60) + (0.9 * cause if second_matters else 0)
    time = random.exponential(np.exp(-risk))
    censored = random.exponential(2.0, N)
    layers = {
        "expression": pd.DataFrame(genes, columns=[f"g{i}" for i in range(GENES)]),
        "other": pd.DataFrame(other, columns=[f"o{i}" for i in range(60)]),
    }
    return clinical, layers, np.minimum(time, censored), (time <= censored).astype(float)


def _halves(second_matters: bool) -> tuple[float, list[str]]:
    clinical, layers, time, event = _cohort(second_matters)
    inside, outside = np.arange(N) < 200, np.arange(N) >= 200
    names = [f"p{i}" for i in range(N)]
    model = fit_survival(
        clinical[inside], {k: v[inside] for k, v in layers.items()}, time[inside], event[inside], names[:200]
    )
    risk = model.predict(clinical[outside], {k: v[outside] for k, v in layers.items()})
    return concordance(time[outside], event[outside] == 1, risk), [part.name for part in model.members]


def test_a_layer_that_matters_is_let_in_and_its_effect_found() -> None:
    reached, members = _halves(second_matters=True)
    assert reached > 0.69
    assert any("other" in name for name in members)


def test_a_layer_of_noise_stays_out() -> None:
    reached, members = _halves(second_matters=False)
    assert reached > 0.6
    assert not any("other" in name for name in members)


def test_unknown_values_and_absent_columns_give_risks() -> None:
    clinical, layers, time, event = _cohort(second_matters=False)
    own = {"expression": layers["expression"].mask(np.random.default_rng(0).random((N, GENES)) < 0.1)}
    model = fit_survival(clinical, own, time, event, [str(i) for i in range(N)])
    risk = model.predict(clinical.drop(columns="kind"), {"expression": own["expression"].iloc[:, 5:]})
    assert np.isfinite(risk).all()
    assert concordance(time, event == 1, risk) > 0.65


def test_without_layers_the_clinical_columns_stand_alone() -> None:
    clinical, _, time, event = _cohort(second_matters=False)
    model = fit_survival(clinical, {}, time, event, [str(i) for i in range(N)])
    assert [part.name for part in model.members] == ["clinical"]
    assert concordance(time, event == 1, model.predict(clinical, {})) > 0.55


def test_too_few_events_are_told() -> None:
    clinical, layers, time, _ = _cohort(second_matters=False)
    with pytest.raises(InputError, match="too few events"):
        fit_survival(clinical, layers, time, np.arange(N) < 9, [str(i) for i in range(N)])


def test_losses_of_events_sum_to_the_partial_likelihood() -> None:
    random = np.random.default_rng(1)
    time, event = random.integers(1, 9, 40).astype(float), (random.random(40) < 0.6).astype(float)
    risk = random.normal(size=40)
    outcome = Outcome(event, time)
    assert event_losses(outcome, risk).sum() / 40 == pytest.approx(outcome.loss(risk), abs=1e-12)
    by_hand = [np.log(np.exp(risk[time >= time[i]]).sum()) - risk[i] for i in range(40) if event[i]]
    assert sorted(event_losses(outcome, risk)) == pytest.approx(sorted(by_hand), abs=1e-12)
