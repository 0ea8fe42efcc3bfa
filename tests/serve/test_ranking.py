"""Candidates through the guards of every prediction; what a ranking refuses to say, each with its failing input."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.biology._tables import read_table
from tumorcast.biology.drugs import Agent, normalise_agents
from tumorcast.biology.regimens.advice import UNWANTED
from tumorcast.biology.regimens.formulary import Formulary
from tumorcast.cli.main import main
from tumorcast.clinic.ranking.html import html_of
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import from_json, json_schema, read_ranking, text_of
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.ranking.words import NO_SYNERGY
from tumorcast.clinic.ranking.write import write_ranking
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.causal.overlap import Verdict
from tumorcast.evaluation.survival_curves import SurvivalRecord
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.candidates import CandidateAnswers, predict_candidates
from tumorcast.serve.population import TreatmentCount
from tumorcast.serve.predict import predict_with
from tumorcast.serve.ranking import RankingRequest, make_ranking
from tumorcast.serve.ranking_batch import write_rankings
from tumorcast.serve.ranking_facts import facts_of, parse_facts
from tumorcast.serve.request import Request

OWN = """
sources:
  Trial: {cite: "Doe et al., J Trials 2025", date: 2025}
agents:
  newmab: {class: anti-PD-1, targets: [PDCD1]}
  othermab: {class: anti-PD-1, targets: [PDCD1]}
  newctla: {class: anti-CTLA-4, targets: [CTLA4]}
  strangemab: {class: never heard of, targets: [CLDN18]}
regimens:
- {name: New, drugs: {newmab: 1 mg/kg}, cancers: [MEL], setting: metastatic, source: Trial}
- {name: CTLA, drugs: [newctla], cancers: [MEL], setting: metastatic, source: Trial}
- {name: New and nivolumab, drugs: {nivolumab: "", newmab: ""}, cancers: [MEL], setting: metastatic, source: Trial}
- {name: CTLA and nivolumab, drugs: {nivolumab: "", newctla: ""}, cancers: [MEL], setting: metastatic, source: Trial,
   cost: {text: 9000 EUR a cycle, source: a price list, date: 2026-01}}
- {name: Other, drugs: {othermab: ""}, cancers: [MEL], setting: metastatic, source: Trial}
- {name: Strange, drugs: {strangemab: ""}, cancers: [MEL], setting: metastatic, source: Trial}
"""
NUMBERS = ("response", "risk", "time", "reference", "group")


def count(agents: str, n: int, cancer: str = "Melanoma") -> TreatmentCount:
    return TreatmentCount(cancer=cancer, agents=tuple(sorted(agents.split(" + "))), n=n)


@pytest.fixture
def opened(lab) -> Bundle:
    return load_bundle(lab.bundle)


def trained_on(bundle: Bundle, *counts: TreatmentCount) -> Bundle:
    """The bundle as if these patients had trained it."""
    population = bundle.manifest.population.model_copy(update={"treatments": counts})
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"population": population}))


@pytest.fixture
def ask(lab, tmp_path):
    """ask(bundle, ...) -> ranking of P4 for melanoma with the own formulary too."""
    own = tmp_path / "own.yaml"
    own.write_text(OWN, encoding="utf-8")

    def made(bundle: Bundle, patient: str = "P4", study: Path | None = None, **fields: object) -> Ranking:
        asked = {"cancer": "MEL", "formulary": Formulary.embedded().with_files([own]), **fields}
        predict = asked.pop("predict", Request(tmp_path, features=lab.features))
        return make_ranking(bundle, read_study(study or lab.study), patient, RankingRequest(predict, **asked))

    return made


@pytest.fixture
def demonstrated(lab, tmp_path) -> Request:
    """Guards that only flag: drugs that the toy bundle never saw have numbers."""
    return Request(tmp_path, features=lab.features, demonstrate=True)


def of(ranking: Ranking, key: str):
    return next(one for one in ranking.candidates if one.key == key)


def outputs(ranking: Ranking) -> list[str]:
    return [text_of(ranking), table_text(ranking), html_of(ranking)]


def test_the_recorded_treatment_gets_the_number_of_every_prediction(lab, opened, tmp_path) -> None:
    study, request = read_study(lab.study), Request(tmp_path, features=lab.features)
    said = {row.patient_id: row.probability for row in predict_with(opened, study, request).rows}
    for patient in ("P0", "P4", "P9"):
        found = predict_candidates(opened, study, patient, [normalise_agents("Nivolumab")], request)
        assert found.answers["nivolumab"].row.probability == pytest.approx(said[patient], abs=1e-6)


def test_order_of_candidates_and_drugs_changes_nothing(lab, opened, tmp_path) -> None:
    study, request = read_study(lab.study), Request(tmp_path, features=lab.features)
    sets = [normalise_agents("nivolumab + relatlimab"), normalise_agents("pembrolizumab")]
    one = predict_candidates(opened, study, "P4", sets, request)
    other = predict_candidates(opened, study, "P4", [sets[1], sets[0][::-1]], request)
    assert list(one.answers) == list(other.answers) == ["nivolumab + relatlimab", "pembrolizumab"]
    for key, answer in one.answers.items():
        assert answer.row == other.answers[key].row
    assert one.interaction is not None


def test_other_drugs_give_other_numbers(lab, opened, tmp_path) -> None:
    study, request = read_study(lab.study), Request(tmp_path, features=lab.features)
    sets = [normalise_agents(text) for text in ("nivolumab", "pembrolizumab", "nivolumab + ipilimumab")]
    found = predict_candidates(opened, study, "P4", sets, request)
    assert len({round(answer.raw, 9) for answer in found.answers.values()}) == 3


def test_a_strange_drug_is_refused_by_the_guard_of_every_prediction(lab, opened, tmp_path) -> None:
    study, request = read_study(lab.study), Request(tmp_path, features=lab.features)
    found = predict_candidates(opened, study, "P4", [(Agent("strangemab", "odd"),)], request)
    row = found.answers["strangemab"].row
    assert "treatment_not_seen" in row.flags
    assert row.probability is None


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


def test_a_model_of_survival_alone_says_why_it_compares_nothing(ask, opened, monkeypatch) -> None:
    def of_survival(*given: object) -> CandidateAnswers:
        found = predict_candidates(*given)
        answers = {
            key: replace(one, row=replace(one.row, probability=None, risk=0.3), raw=float("nan"))
            for key, one in found.answers.items()
        }
        return replace(found, answers=answers)

    monkeypatch.setattr("tumorcast.serve.ranking.predict_candidates", of_survival)
    bundle = trained_on(opened, count("nivolumab", 60), count("newmab", 60))
    bundle = replace(bundle, manifest=bundle.manifest.model_copy(update={"heads": ("survival",)}))
    ranking = ask(bundle)
    assert ranking.status == "no_order"
    assert ranking.reason == "the model has no response head: regimens are not compared"
    assert (of(ranking, "nivolumab").risk, of(ranking, "nivolumab").response) == (0.3, None)


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


def test_no_text_of_the_formulary_or_of_cautions_advises() -> None:
    told = [repr(regimen) for regimen in Formulary.embedded().regimens]
    told += ["\t".join(row.values()) for row in read_table("drug_cautions").rows]
    assert not [text for text in told if UNWANTED.search(text)]


def test_no_output_advises(ask, opened, changed_study) -> None:
    made = [
        ask(trained_on(opened, count("nivolumab", 60), count("newmab", 60))),
        ask(trained_on(opened, count("nivolumab", 60))),
        ask(trained_on(opened), study=changed_study(origin="real")),
    ]
    for cancer in ("LUAD", "DLBCLNOS"):
        made.append(ask(trained_on(opened, count("nivolumab", 60)), cancer=cancer))
    for ranking in made:
        for text in outputs(ranking):
            assert not UNWANTED.search(text), UNWANTED.search(text)
            assert "research use only" in text.lower() or text.startswith("{")


def test_contraindications_are_named_with_their_state(ask, opened) -> None:
    facts = parse_facts(["neutrophils=1.0", "solid organ transplant"])
    ranking = ask(trained_on(opened, count("nivolumab", 60)), facts=facts)
    found = {one.flag: one.state for one in of(ranking, "nivolumab").cautions}
    assert found["solid organ transplant: rejection"] == "present"
    assert found["pregnancy: embryo-fetal toxicity"] == "not known"
    assert "CAUTION: nivolumab: solid organ transplant" in table_text(ranking)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("neutrophil=1", "did you mean 'neutrophils'"),
        ("neutrophils=few", "not understood"),
        ("neutrophils=nan", "0 to 200 10"),
        ("neutrophils=1200", "0 to 200 10"),
        ("neutrophils=-5", "0 to 200 10"),
        ("neutrophils=yes", "0 to 200 10"),
        ("pregnancy=nan", "yes or no"),
        ("pregnancy=0.3", "yes or no"),
        ("luck", "no caution"),
    ],
)
def test_facts_that_nothing_turns_on_are_refused(given: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        parse_facts([given])


@pytest.mark.parametrize(
    ("value", "told"), [("1200", "InputError"), ("-5", "InputError"), ("n/a", None), ("1.2", 1.2)]
)
def test_a_column_with_an_impossible_number_is_no_fact(lab, value: str, told: object) -> None:
    study = read_study(lab.study)
    study = replace(study, patients=study.patients.assign(NEUTROPHILS=value))
    if told == "InputError":
        with pytest.raises(InputError, match="column NEUTROPHILS"):
            facts_of(study, "P4", {})
    else:
        assert facts_of(study, "P4", {})[0].get("neutrophils") == told


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"cancer": "MELL"}, "did you mean"),
        ({"cancer": None}, "give --cancer"),
        ({"line": 7}, "no course of line 7"),
        ({"only": ("nivolumb",)}, "did you mean 'nivolumab'"),
        ({"only": ("nivolumab",), "exclude": ("nivolumab",)}, "no candidate regimen"),
    ],
)
def test_mistakes_are_named(ask, opened, fields, told) -> None:
    with pytest.raises(InputError, match=told):
        ask(opened, **fields)


def test_only_and_exclude_are_told(ask, opened) -> None:
    bundle = trained_on(opened, count("nivolumab", 60))
    ranking = ask(bundle, only=("immunotherapy",), exclude=("relatlimab",))
    assert {one.kind for one in ranking.candidates} == {"immunotherapy"}
    assert "nivolumab + relatlimab" in ranking.left_out


def test_the_record_comes_back_and_has_a_schema(ask, opened, tmp_path) -> None:
    ranking = ask(trained_on(opened, count("nivolumab", 60), count("newmab", 60)))
    write_ranking(ranking, tmp_path / "out")
    assert read_ranking(tmp_path / "out" / "ranking.json") == ranking
    assert {"ranking.json", "ranking.txt", "ranking.html", "ranking.svg", "ranking.pdf"} <= {
        path.name for path in (tmp_path / "out").iterdir()
    }
    assert set(json_schema()["properties"]) == set(json.loads(text_of(ranking)))
    with pytest.raises(InputError, match="another schema version"):
        from_json({**json.loads(text_of(ranking)), "schema": "x"})
    page = html_of(ranking)
    assert "<script" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_one_bad_patient_never_sinks_the_others(lab, opened, changed_study, tmp_path) -> None:
    study = changed_study(
        lambda own: replace(own, samples=own.samples.assign(CANCER_TYPE=["Melanoma"] * 11 + ["Nonsense"]))
    )
    request = RankingRequest(
        Request(tmp_path, features=lab.features), only=("nivolumab", "talimogene laherparepvec")
    )
    rows, _ = write_rankings(opened, read_study(study), ["P4", "P11"], tmp_path / "out", request)
    assert [row.status for row in rows] == ["no_order", "failed"]
    assert "give --cancer" in rows[1].reason
    table = pd.read_csv(tmp_path / "out" / "rankings.csv", keep_default_na=False).set_index("regimen")
    own = table.loc["ipilimumab + nivolumab"]
    assert "metastatic" in own["setting"].split("; ")
    assert len(own["setting"].split("; ")) == len(own["biomarker"].split("; "))
    assert "[not known]" in table.loc["talimogene laherparepvec", "contraindications"]


def test_the_command_prints_a_table_or_the_record(lab, tmp_path, capsys) -> None:
    words = ["rank", str(lab.bundle), str(lab.study), "--patient", "P4", "--features", str(lab.features)]
    assert main([*words, "--cancer", "MEL"]) == 0
    assert "Guideline standards" in capsys.readouterr().out
    assert main([*words, "--cancer", "MEL", "--json", "--out", str(tmp_path / "out")]) == 0
    assert json.loads(capsys.readouterr().out)["subject"]["patient_id"] == "P4"
    assert (tmp_path / "out" / "ranking.html").is_file()
    assert main(words) == 2
    assert "--cancer" in capsys.readouterr().err


def test_the_documented_schema_is_that_of_the_record() -> None:
    documented = Path(__file__).parents[2] / "docs" / "ranking_schema.json"
    assert json.loads(documented.read_text(encoding="utf-8")) == json_schema()


def test_a_record_cannot_hold_what_was_abstained_from(ask, opened) -> None:
    ranking = ask(trained_on(opened, count("nivolumab", 60), count("newmab", 60)))
    one = of(ranking, "nivolumab")
    with pytest.raises(InputError, match="no number"):
        replace(one, has_number=False, reason="no number: asked")
    with pytest.raises(InputError, match="only a ranking that compares"):
        replace(ranking, status="no_order", reason="none")


def test_medians_stand_beside_where_the_bundle_has_curves(ask, opened) -> None:
    days = tuple(float(day) for day in range(0, 731, 10))
    steps = tuple(day * 0.004 for day in days)
    record = SurvivalRecord(
        "PFS", 90, 60, -0.5, 1.0, 0.1, days, steps, ((1.0, steps), (1.0, tuple(1.2 * one for one in steps))), 730.0, ()
    )  # fmt: skip
    bundle = replace(trained_on(opened, count("nivolumab", 60), count("newmab", 60)), survival=record)
    ranking = ask(bundle)
    time = of(ranking, "nivolumab").time
    assert (time.endpoint, of(ranking, "othermab").time) == ("PFS", None)
    assert time.low <= time.median <= time.high
    assert all("median PFS" in text or "Median PFS" in text for text in outputs(ranking)[1:])


def test_a_cancer_that_the_study_contradicts_is_told(ask, opened, changed_study) -> None:
    study = changed_study(lambda own: replace(own, samples=own.samples.assign(CANCER_TYPE="Melanoma")))
    bundle = trained_on(opened, count("nivolumab", 60))
    ranking = ask(bundle, cancer="LUAD", study=study)
    assert "the study declares Melanoma" in ranking.subject.told
    assert all("the study declares Melanoma" in text for text in outputs(ranking))
    assert ask(bundle, study=study).subject.told == "given"
