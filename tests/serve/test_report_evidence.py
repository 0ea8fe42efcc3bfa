"""What a report says beside the number: taken from the model by asking it again, and silent where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tumorcast.clinic.report.record import PatientReport
from tumorcast.evaluation.comparison import FEWEST, Comparison, Distribution, distribution
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.answer import Answer
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.evidence_parts import without_node
from tumorcast.serve.occlusion import score_of
from tumorcast.serve.population import Figure, PatternFigures
from tumorcast.serve.predict import Request, predict_with
from tumorcast.serve.report import ReportRequest, make_report


@pytest.fixture(scope="module")
def opened(lab) -> Bundle:
    return load_bundle(lab.bundle)


def report_of(lab, bundle: Bundle, who: str) -> PatientReport:
    (made,) = make_report(
        bundle, read_study(lab.study), who, ReportRequest(Request(lab.features, lab.features))
    )
    return made


def spread(n: int, values: tuple[float, ...] = ()) -> Distribution:
    return distribution(np.resize(values or (0.0,), n), np.arange(n))


def test_a_genes_effect_is_the_logit_with_it_less_the_logit_without(lab, opened):
    answers: list[Answer] = []
    predict_with(
        opened, read_study(lab.study).keep(["P4"]), Request(lab.features, lab.features), answers.append
    )
    (answer,) = answers
    genes = {one.gene: one for one in report_of(lab, opened, "P4").genes}
    assert opened.prepared.graph is not None
    names = [opened.prepared.graph.genes[k] for k in answer.course.graph.node_gene]
    assert set(genes) == set(names)
    for node, name in enumerate(names):
        rest = without_node(answer.course, node)
        assert name not in [opened.prepared.graph.genes[k] for k in rest.graph.node_gene]
        with_it, without_it = map(score_of, answer.predictor.predict([answer.course, rest]))
        assert genes[name].effect == pytest.approx(with_it - without_it, abs=1e-4)
        assert "missense" in genes[name].alteration
        assert genes[name].vaf == pytest.approx(0.3)


def test_programmes_are_those_of_the_bundle_and_nothing_without_expression(lab, opened):
    with_it = {one.name for one in report_of(lab, opened, "P5").programmes if one.layer == "expression"}
    assert with_it == {"interferon", "cytotoxic"}
    assert not [one for one in report_of(lab, opened, "P0").programmes if one.layer == "expression"]


def test_a_missing_layer_is_a_distribution_of_fifty_patients_or_nothing(lab, opened):
    (none,) = [one for one in report_of(lab, opened, "P0").missing if one.modality == "expression"]
    assert not none.quantiles
    assert "does not say" in none.note
    few = replace(opened, comparison=Comparison(contributions={"expression": spread(FEWEST - 1)}))
    (told,) = [one for one in report_of(lab, few, "P0").missing if one.modality == "expression"]
    assert not told.quantiles
    assert "fewer than 50" in told.note
    values = (-2.0, 0.0, 1.0)
    many = replace(opened, comparison=Comparison(contributions={"expression": spread(99, values)}))
    report = report_of(lab, many, "P0")
    (told,) = [one for one in report.missing if one.modality == "expression"]
    assert report.response is not None
    at = np.log(report.response.probability / (1 - report.response.probability)) + np.array(values)
    ends = 1 / (1 + np.exp(-at))
    assert told.n_drawn == 99
    assert told.quantiles[0] == pytest.approx(ends[0], abs=1e-5)
    assert told.quantiles[-1] == pytest.approx(ends[-1], abs=1e-5)
    assert list(told.quantiles) == sorted(told.quantiles)


def test_a_pattern_below_fifty_training_patients_is_not_validated(lab, opened):
    name = "+".join(report_of(lab, opened, "P0").contributions[k].modality for k in (1, 2, 4))
    assert name == "slide+mutations+clinical"
    layers = tuple(name.split("+"))
    true = {
        "observed_expected": Figure(value=1.1, low=0.8, high=1.4),
        "brier": Figure(value=0.2, low=0.1, high=0.3),
    }
    for count, is_validated in ((49, False), (50, True)):
        known = PatternFigures(layers=layers, n_training=count, calibration=true)
        population = opened.manifest.population.model_copy(update={"patterns": (known,)})
        bundle = replace(opened, manifest=opened.manifest.model_copy(update={"population": population}))
        pattern = report_of(lab, bundle, "P0").pattern
        assert pattern is not None
        assert pattern.is_validated is is_validated
        assert pattern.n_training == count
        assert ("not validated for this combination" in pattern.note) is not is_validated
        assert ("1.10 (95% interval 0.80 to 1.40)" in pattern.note) is is_validated


def test_percentiles_are_ranks_among_training_patients():
    uniform = distribution(np.arange(200), np.arange(200))
    assert uniform.percentile(100) == pytest.approx(50, abs=1)
    assert uniform.percentile(-5) == pytest.approx(0.5)
    assert uniform.percentile(1e9) == pytest.approx(99.5)
    assert distribution([3.0] * 49, range(49)).percentile(3) is None
    assert distribution([7.0] * 80, range(80)).percentile(7) == pytest.approx(50)
    assert distribution(np.arange(200), ["one"] * 200).n == 1


def test_tiles_are_shown_where_the_slide_is_and_attention_passed_its_check(lab, opened):
    passed = replace(opened, manifest=opened.manifest.model_copy(update={"attention_check": {"tile": 0.1}}))
    report = report_of(lab, passed, "P0")
    (slide,) = report.slides
    assert slide.image.startswith("/9j/")
    assert slide.side_px == pytest.approx(64)
    failed = replace(opened, manifest=opened.manifest.model_copy(update={"attention_check": {"tile": 0.9}}))
    report = report_of(lab, failed, "P0")
    assert not report.tiles
    assert not report.slides[0].heat
    assert "hidden" in report.slides[0].note
    assert not report_of(lab, opened, "P11").slides


def test_comparison_there_and_back():
    made = Comparison(
        {"slide": spread(60, (0.1, 0.2))},
        {"AGE": spread(3)},
        {},
        {"x": (0.1, 1.0)},
    )
    assert Comparison.from_json(made.to_json()) == made
