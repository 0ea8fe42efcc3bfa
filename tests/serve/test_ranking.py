"""Candidates through the guards of every prediction; a ranking's record, words and files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from asked_ranking import count, of, outputs, trained_on
from tumorcast.biology._tables import read_table
from tumorcast.biology.drugs import Agent, normalise_agents
from tumorcast.biology.regimens.advice import UNWANTED
from tumorcast.biology.regimens.formulary import Formulary
from tumorcast.cli.main import main
from tumorcast.clinic.ranking.html import html_of
from tumorcast.clinic.ranking.record_json import from_json, json_schema, read_ranking, text_of
from tumorcast.clinic.ranking.table import table_text
from tumorcast.clinic.ranking.write import write_ranking
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.candidates import predict_candidates
from tumorcast.serve.predict import predict_with
from tumorcast.serve.ranking import RankingRequest
from tumorcast.serve.ranking_batch import write_rankings
from tumorcast.serve.ranking_facts import facts_of, parse_facts
from tumorcast.serve.request import Request


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


def test_a_cancer_that_the_study_contradicts_is_told(ask, opened, changed_study) -> None:
    study = changed_study(lambda own: replace(own, samples=own.samples.assign(CANCER_TYPE="Melanoma")))
    bundle = trained_on(opened, count("nivolumab", 60))
    ranking = ask(bundle, cancer="LUAD", study=study)
    assert "the study declares Melanoma" in ranking.subject.told
    assert all("the study declares Melanoma" in text for text in outputs(ranking))
    assert ask(bundle, study=study).subject.told == "given"
