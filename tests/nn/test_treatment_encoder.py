"""The treatment as a set of drugs: order and batch do not matter, a drug not seen lives by its class and targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_courses import MODALITIES, toy_course, toy_drugs, toy_preprocessor
from tumorcast.batches.batch import CourseInputs, inputs_from
from tumorcast.cohort.arrays import CourseArrays, DrugArrays
from tumorcast.cohort.drugs import Drug
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.nn.agent_dropout import drawn_for_agents, hide_agents
from tumorcast.nn.build import build_predictor
from tumorcast.nn.losses import response_loss
from tumorcast.nn.predictor import Predictor
from tumorcast.training.inference import narrowed

NIVOLUMAB = Drug("nivolumab", "anti-PD-1", ("PDCD1",))
TWIN = replace(NIVOLUMAB, name="neverheardofimab")
PLATINUM = Drug("carboplatin", "platinum")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    torch.manual_seed(0)
    made = build_predictor(ModelConfig(heads=("response", "survival")), toy_preprocessor())
    with torch.no_grad():  # away from the zeros that some layers start from
        for parameter in made.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval()


def score(predictor: Predictor, *courses: CourseArrays) -> np.ndarray:
    with torch.inference_mode():
        return predictor(packed(courses)).scores.numpy()


def packed(courses: Sequence[CourseArrays]) -> CourseInputs:
    return inputs_from(pack(courses), tuple(courses[0].layers))


def given_drugs(course: CourseArrays, *drugs: Drug, altered: tuple[str, ...] | None = ()) -> CourseArrays:
    return replace(course, drugs=toy_drugs().arrays([drug.to_text() for drug in drugs], altered))


def rows(drugs: DrugArrays, order: np.ndarray) -> DrugArrays:
    return DrugArrays(drugs.agent[order], drugs.features[order], drugs.reach[order])


def test_names_of_drugs_are_learned_and_that_of_an_unseen_drug_stays_nothing():
    torch.manual_seed(0)
    fresh = build_predictor(ModelConfig(heads=("response",), anchors=False), toy_preprocessor())
    inputs = packed([toy_course(n) for n in range(8)])
    optimiser = torch.optim.SGD(fresh.parameters(), lr=1.0)
    for _ in range(3):
        optimiser.zero_grad()
        response_loss(fresh(inputs).scores[:, 0], torch.arange(8) % 2.0).backward()
        optimiser.step()
    learned = fresh.treatment.agent.weight.abs().amax(dim=1)
    given = inputs.drug_agent.unique()
    assert (learned[given[given > 0]] > 0).all()
    assert learned[0] == 0


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(6)))
def test_order_of_the_drugs_does_not_matter(predictor, order):
    course = toy_course(2)
    six = rows(course.drugs, np.arange(6) % len(course.drugs.agent))
    six = replace(six, features=six.features + np.arange(6, dtype=np.float32)[:, None] / 6)
    ours = score(predictor, replace(course, drugs=six))
    np.testing.assert_allclose(
        ours, score(predictor, replace(course, drugs=rows(six, np.array(order)))), atol=1e-5
    )


def test_a_drug_named_twice_is_one_drug(predictor):
    course = toy_course(3)
    once, twice = (
        given_drugs(course, NIVOLUMAB, PLATINUM),
        given_drugs(course, PLATINUM, NIVOLUMAB, NIVOLUMAB),
    )
    np.testing.assert_array_equal(score(predictor, once), score(predictor, twice))


def test_a_combination_is_more_than_either_and_no_drug_is_finite(predictor):
    course = toy_course(3)
    regimens = [(), (NIVOLUMAB,), (PLATINUM,), (NIVOLUMAB, PLATINUM)]
    courses = [given_drugs(course, *drugs) for drugs in regimens]
    together = score(predictor, *courses)
    assert np.isfinite(together).all()
    assert min(np.abs(a - b).max() for i, a in enumerate(together) for b in together[:i]) > 1e-3
    alone = np.concatenate([score(predictor, each) for each in courses])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_drug_not_seen_is_predicted_like_its_twin_and_unlike_one_of_another_class():
    """Trained where immunotherapy works and platinum does not, with names hidden now and then."""
    torch.manual_seed(0)
    net = build_predictor(ModelConfig(dropout=0.0), toy_preprocessor().narrowed(("clinical",)))
    drugs = [(NIVOLUMAB, PLATINUM)[n % 2] for n in range(24)]
    inputs = packed([given_drugs(of_clinic(n), drug) for n, drug in enumerate(drugs)])
    response = torch.tensor([float(drug is NIVOLUMAB) for drug in drugs])
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    for step in range(80):
        draw = drawn_for_agents(0, step, 24)
        agents = hide_agents(inputs.drug_agent, inputs.drug_course, draw, ModelConfig().agent_dropout)
        loss = response_loss(net(inputs._replace(drug_agent=agents)).scores[:, 0], response)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    seen, twin, other = (
        score(net.eval(), given_drugs(of_clinic(99), drug)).item() for drug in (NIVOLUMAB, TWIN, PLATINUM)
    )
    assert seen > 1 > -1 > other
    assert abs(seen - twin) < 0.2 * (seen - other)


def of_clinic(number: int) -> CourseArrays:
    return narrowed(toy_course(number), MODALITIES, ("clinical",))


def test_what_targets_have_to_do_with_altered_genes_counts_only_where_mutations_are_shown(predictor):
    drug, without = NIVOLUMAB, toy_course(5, present=("slide", "expression", "clinical"))
    hit, missed = ({"altered": genes} for genes in (("PDCD1",), ("G0",)))
    with_mutations = [score(predictor, given_drugs(toy_course(5), drug, **genes)) for genes in (hit, missed)]
    assert np.abs(with_mutations[0] - with_mutations[1]).max() > 1e-3
    hidden = [score(predictor, given_drugs(without, drug, **genes)) for genes in (hit, missed)]
    np.testing.assert_array_equal(*hidden)


def test_a_class_that_training_does_not_show_says_nothing_before_training():
    encoder = build_predictor(ModelConfig(), toy_preprocessor()).treatment.eval()
    courses = [given_drugs(toy_course(1), drug) for drug in (NIVOLUMAB, PLATINUM)]
    inputs = packed(courses)
    with torch.inference_mode():
        condition = encoder(inputs, inputs.is_present[:, 1]).condition
    torch.testing.assert_close(condition[0], condition[1])


def test_names_are_hidden_course_by_course_and_draw_by_draw():
    agent, course = torch.tensor([1, 2, 1, 2]), torch.tensor([0, 0, 1, 2])
    draw = torch.tensor([0.1, 0.5, 0.9])
    assert hide_agents(agent, course, draw, 0.3).tolist() == [0, 0, 1, 2]
    assert hide_agents(agent, course, draw, 0.0).tolist() == agent.tolist()
    numbers = drawn_for_agents(5, 2, 40)
    torch.testing.assert_close(numbers, drawn_for_agents(5, 2, 40))
    assert not torch.equal(numbers, drawn_for_agents(5, 3, 40))
