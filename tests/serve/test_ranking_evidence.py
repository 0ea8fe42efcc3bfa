"""On what evidence a ranking compares, and what it refuses to say, each with its failing input."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from asked_ranking import NUMBERS, count, curves, of, outputs, trained_on
from tumorcast.clinic.ranking.html import html_of
from tumorcast.clinic.ranking.record import Outcome
from tumorcast.clinic.ranking.record_json import from_json, text_of
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.ranking.words import NO_SYNERGY
from tumorcast.clinic.report.panel_ranking import ranking_panel
from tumorcast.evaluation.causal.overlap import Verdict
from tumorcast.readers.lesion_units import DAYS_PER_MONTH
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.candidates import CandidateAnswers, predict_candidates
from tumorcast.serve.population import TreatmentCount
from tumorcast.serve.request import Request


def test_single_arm_data_give_no_contrast_and_say_so(ask, opened) -> None:
    ranking = ask(trained_on(opened, count("nivolumab", 500)))
    assert ranking.status == "no_order"
    assert "single arm" in ranking.reason
    assert ranking.contrasts == ()
    assert ranking.tie_groups == ()
    assert ranking.prognosis is None
    assert [one.key for one in ranking.candidates if one.has_number] == ["nivolumab"]
    assert all(one.group is None for one in ranking.candidates)
    assert "NO ORDER" in table_text(ranking)
    assert "single arm" in html_of(ranking)


@pytest.mark.parametrize(
    "counts",
    [
        (count("nivolumab", 500), count("ipilimumab", 1)),
        (count("nivolumab", 500, "unknown"),),
        (count("nivolumab", 500, "unknown"), count("ipilimumab", 3)),
        (count("nivolumab", 9),),
    ],
)
def test_a_few_stray_patients_make_no_second_arm(ask, opened, counts) -> None:
    ranking = ask(trained_on(opened, *counts))
    assert {one.key for one in ranking.candidates if one.has_number} == {"nivolumab"}
    assert ranking.status == "no_order"
    assert "single arm" in ranking.reason


def test_a_simulated_bundle_gives_nothing_for_a_real_study(ask, opened, changed_study) -> None:
    real = changed_study(origin="real")
    ranking = ask(trained_on(opened, count("nivolumab", 90), count("newmab", 90)), study=real)
    assert ranking.status == "refused"
    assert "simulated" in ranking.reason
    for one in json.loads(text_of(ranking))["candidates"]:
        assert [one[name] for name in NUMBERS] == [None] * len(NUMBERS)
        assert not one["has_number"]
    assert ranking.contrasts == ()
    assert "%" not in table_text(ranking).split("Guideline standards")[1].split("- The model")[0]


def test_a_demonstration_is_watermarked_everywhere(ask, opened, changed_study, lab, tmp_path) -> None:
    real = changed_study(origin="real")
    asked = Request(tmp_path, features=lab.features, demonstrate=True)
    ranking = ask(trained_on(opened, count("nivolumab", 90), count("newmab", 90)), study=real, predict=asked)
    assert ranking.watermark
    for text in outputs(ranking):
        assert ranking.watermark in text
    assert html_of(ranking).count(ranking.watermark) >= 2


def test_two_arms_are_compared_and_standards_stand_first(ask, opened) -> None:
    bundle = trained_on(opened, count("nivolumab", 60), count("newmab", 60), count("pembrolizumab", 12))
    ranking = ask(bundle)
    assert ranking.status == "compared"
    assert {key for group in ranking.tie_groups for key in group} == {"nivolumab", "newmab"}
    standards = [one.is_standard for one in ranking.candidates]
    assert standards == sorted(standards, reverse=True)
    assert of(ranking, "nivolumab").tier == "seen_here"
    assert of(ranking, "pembrolizumab").overlap.support == "too_few"
    assert of(ranking, "pembrolizumab").group is None
    assert of(ranking, "othermab").tier == "extrapolated"
    assert of(ranking, "othermab").response.low is None
    assert of(ranking, "strangemab").reason.startswith("no number")
    assert ranking.prognosis.low <= ranking.prognosis.mean <= ranking.prognosis.high
    response = of(ranking, "nivolumab").response
    assert 0 <= response.low < response.value < response.high <= 1


def test_the_same_numbers_of_a_few_patients_have_no_order(ask, opened) -> None:
    ranking = ask(trained_on(opened, count("nivolumab", 19), count("newmab", 19)))
    assert ranking.status == "no_order"
    assert "no contrast is supported" in ranking.reason
    assert ranking.contrasts == ()


def test_other_cancers_support_no_contrast(ask, opened) -> None:
    counts = (count("nivolumab", 300, "Lung Adenocarcinoma"), count("newmab", 300, "unknown"))
    ranking = ask(trained_on(opened, *counts))
    assert ranking.status == "no_order"
    assert of(ranking, "nivolumab").tier == "seen_elsewhere"
    assert of(ranking, "nivolumab").n_elsewhere == 300


@pytest.fixture
def of_survival(monkeypatch) -> None:
    """As if the model had a survival head alone: the more a treatment's drugs, the lower the risk."""

    def answered(*given: object) -> CandidateAnswers:
        found = predict_candidates(*given)
        answers = {
            key: replace(
                one,
                row=replace(one.row, probability=None, risk=0.3 - 0.5 * len(one.agents)),
                raw=float("nan"),
            )
            for key, one in found.answers.items()
        }
        return replace(found, answers=answers)

    monkeypatch.setattr("tumorcast.serve.ranking.predict_candidates", answered)


def survival_alone(bundle: Bundle, *counts: TreatmentCount) -> Bundle:
    made = trained_on(bundle, *counts)
    return replace(made, manifest=made.manifest.model_copy(update={"heads": ("survival",)}))


def test_a_log_risk_without_curves_is_not_compared(ask, opened, of_survival) -> None:
    ranking = ask(survival_alone(opened, count("nivolumab", 60), count("newmab", 60)))
    assert ranking.status == "no_order"
    assert "a log-risk alone is not compared" in ranking.reason
    assert (of(ranking, "nivolumab").risk, of(ranking, "nivolumab").number) == (pytest.approx(-0.2), None)


def test_a_model_of_survival_alone_compares_shares_without_the_event(ask, opened, of_survival) -> None:
    counts = (count("nivolumab", 60), count("newmab", 60), count("newmab + nivolumab", 900))
    bundle = replace(survival_alone(opened, *counts), survival=curves())
    ranking = ask(bundle)
    assert (ranking.status, ranking.outcome) == ("compared", Outcome("PFS", 12.0))
    one, pair = of(ranking, "nivolumab"), of(ranking, "newmab + nivolumab")
    assert one.response is None
    told = curves().curve(one.risk).at(12 * DAYS_PER_MONTH)
    assert one.event_free.value == pytest.approx(told[0])
    assert one.event_free.low < told[1]
    assert one.event_free.high > told[2]
    assert pair.event_free.value > one.event_free.value
    assert pair.event_free.high - pair.event_free.low < one.event_free.high - one.event_free.low
    assert {key for group in ranking.tie_groups for key in group} == {one.key, pair.key, "newmab"}
    assert of(ranking, "othermab").event_free.low is None
    assert of(ranking, "othermab").group is None
    for text in outputs(ranking)[1:]:
        assert "FS at month 12" in text
    assert "FS at month 12" in str(ranking_panel(ranking).tables)
    assert from_json(json.loads(text_of(ranking))) == ranking


def test_fewer_events_seen_leave_more_open(ask, opened, of_survival) -> None:
    made = survival_alone(opened, count("nivolumab", 60), count("newmab", 60))
    many, few = (of(ask(replace(made, survival=curves(n))), "nivolumab").event_free for n in (70, 25))
    assert few.high - few.low > many.high - many.low


class NoOverlap:
    """As if hardly any training patient like this one had received it."""

    counts: dict[str, int] = {}  # noqa: RUF012

    def judge(self, numbers, treatment) -> Verdict:
        assert len(numbers) > 1
        if treatment != "PD-1/PD-L1 inhibitor":
            return Verdict("too_few", None, None, 0, "no training patients received it")
        return Verdict(
            "none", 0.001, 0.02, 90, "of training patients like this one 0.1% received it (limit 2.0%)"
        )


def test_without_overlap_there_is_no_number(ask, opened) -> None:
    bundle = replace(trained_on(opened, count("nivolumab", 90), count("newmab", 90)), overlap=NoOverlap())
    ranking = ask(bundle)
    assert not of(ranking, "nivolumab").has_number
    assert "no overlap" in of(ranking, "nivolumab").reason
    assert of(ranking, "nivolumab").response is None
    family = [
        one for one in ranking.candidates if {drug.cls for drug in one.drugs} <= {"anti-PD-1", "anti-PD-L1"}
    ]
    assert {"pembrolizumab", "othermab"} <= {one.key for one in family}
    assert not [one.key for one in family if one.has_number]
    assert ranking.contrasts == ()


def test_a_combination_not_seen_stands_beside_independent_action(ask, opened, lab, tmp_path) -> None:
    asked = Request(tmp_path, features=lab.features, demonstrate=True)
    ranking = ask(trained_on(opened, count("nivolumab", 90), count("newctla", 90)), predict=asked)
    both, parts = of(ranking, "newctla + nivolumab"), ("newctla", "nivolumab")
    assert both.tier == "extrapolated"
    assert both.reference.parts == parts
    assert both.reference.words == NO_SYNERGY
    alone = [of(ranking, key).response.value for key in parts]
    assert max(alone) < both.reference.low < both.reference.value < both.reference.high
    assert both.reference.high == pytest.approx(1 - (1 - alone[0]) * (1 - alone[1]), abs=1e-6)
    assert both.response.value <= both.reference.high
    assert both.group is None
    assert all(NO_SYNERGY in text for text in outputs(ranking))
    assert both.cost[0].text == "9000 EUR a cycle"


def test_drugs_of_one_class_do_not_act_independently(ask, opened) -> None:
    ranking = ask(trained_on(opened, count("nivolumab", 90), count("newmab", 90)))
    assert of(ranking, "newmab + nivolumab").reference is None


def test_an_unseen_combination_without_a_reference_has_no_number(ask, opened, demonstrated) -> None:
    counts = (count("nivolumab", 90), count("newmab", 90), count("ipilimumab", 5))
    ranking = ask(trained_on(opened, *counts), predict=demonstrated)
    for key in ("newmab + nivolumab", "ipilimumab + nivolumab"):
        one = of(ranking, key)
        assert (one.tier, one.has_number, one.response, one.risk) == ("extrapolated", False, None, None)
        assert "independent action of its parts has no number" in one.reason
    assert of(ranking, "othermab").has_number


def test_a_higher_number_of_an_unseen_combination_is_not_shown(
    ask, opened, demonstrated, monkeypatch
) -> None:
    def boosted(*given: object) -> CandidateAnswers:
        found = predict_candidates(*given)
        both = found.answers["newctla + nivolumab"]
        high = replace(both, row=replace(both.row, probability=0.999))
        return replace(found, answers={**found.answers, both.key: high})

    monkeypatch.setattr("tumorcast.serve.ranking.predict_candidates", boosted)
    bundle = trained_on(opened, count("nivolumab", 90), count("newctla", 90))
    shown = of(ask(bundle, predict=demonstrated), "newctla + nivolumab")
    assert shown.response.value == shown.reference.value < 0.999
    assert NO_SYNERGY in shown.response.method


def test_a_combination_that_was_seen_needs_no_reference(ask, opened) -> None:
    counts = (count("nivolumab", 90), count("newmab", 90), count("newmab + nivolumab", 90))
    assert of(ask(trained_on(opened, *counts)), "newmab + nivolumab").reference is None


def test_medians_stand_beside_where_the_bundle_has_curves(ask, opened) -> None:
    bundle = replace(trained_on(opened, count("nivolumab", 60), count("newmab", 60)), survival=curves())
    ranking = ask(bundle)
    time = of(ranking, "nivolumab").time
    assert (time.endpoint, of(ranking, "othermab").time) == ("PFS", None)
    assert time.low <= time.median <= time.high
    assert all("median PFS" in text or "Median PFS" in text for text in outputs(ranking)[1:])
