"""The formulary: every row sourced and dated, every drug known, nothing twice; users' YAML with errors that mend."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tumorcast.biology._tables import read_table
from tumorcast.biology.drugs import UNKNOWN_CLASS, agent_names
from tumorcast.biology.regimens.access import availability_of
from tumorcast.biology.regimens.cancers import above, are_related, check_code, code_of, codes
from tumorcast.biology.regimens.cautions import cautions_of, facts_asked
from tumorcast.biology.regimens.formulary import Formulary, _place
from tumorcast.biology.regimens.parse import parse_formulary, read_formulary
from tumorcast.biology.regimens.regimen import NOT_VERIFIED, TYPED, verification
from tumorcast.domain.errors import InputError

REGIMENS = Formulary.embedded().regimens
OWN = """
sources:
  Trial: {cite: "Doe et al., J Trials 2025", date: 2025-03}
agents:
  newmab: {class: anti-PD-1, targets: [PDCD1]}
regimens:
- {name: New, drugs: {newmab: 100 mg, carboplatin: AUC 5}, cancers: [LUAD], setting: metastatic, source: Trial}
"""


def test_every_row_has_source_and_date() -> None:
    for regimen in REGIMENS:
        for source in filter(None, (regimen.source, regimen.standard)):
            assert source.citation
            assert source.doi
            assert re.fullmatch(r"(19|20)\d\d", source.date)


def test_every_row_says_with_what_it_was_compared_or_that_it_was_not() -> None:
    said = re.compile(rf"compared with \S.+, 20\d\d-\d\d-\d\d|{TYPED}")
    for regimen in REGIMENS:
        checks = [source.check for source in (regimen.source, regimen.standard) if source]
        assert all(said.fullmatch(verification(check)) for check in (*checks, regimen.doses_check))
    assert {verification(None, "own.yaml"), verification(None)} == {NOT_VERIFIED, TYPED}


def test_the_documented_counts_are_those_of_the_rows() -> None:
    sources = {(s.key, s.doi): s.check for r in REGIMENS for s in (r.source, r.standard) if s}.values()
    page = (Path(__file__).parents[2] / "docs" / "formulary.md").read_text(encoding="utf-8")
    for name, checks in (
        ("citations", list(sources)),
        ("doses and cycle", [r.doses_check for r in REGIMENS]),
    ):
        compared = sum(check is not None for check in checks)
        (row,) = re.findall(rf"^\| {name} .*\| (\d+) \| (\d+) \|$", page, re.MULTILINE)
        assert row == (str(compared), str(len(checks) - compared))
        for against, n in Counter(check.against for check in checks if check).items():
            assert f"| {against} | {n} |" in page


def test_every_drug_is_known_and_named_by_its_own_name() -> None:
    for regimen in REGIMENS:
        assert regimen.agents
        assert {agent.name for agent in regimen.agents} <= {*agent_names()}
        assert UNKNOWN_CLASS not in {agent.cls for agent in regimen.agents}


def test_no_row_stands_twice_and_no_doi_has_two_dates() -> None:
    assert len({_place(regimen) for regimen in REGIMENS}) == len(REGIMENS)
    dates = {(source.doi, source.date) for r in REGIMENS for source in filter(None, (r.source, r.standard))}
    assert len({doi for doi, _ in dates}) == len(dates)


@pytest.mark.parametrize(
    "code",
    ["LUAD", "LUSC", "SCLC", "MEL", "BLCA", "CCRCC", "BRCA", "COADREAD", "STAD", "ESCC", "PAAD", "HGSOC", "CESC",
     "UCEC", "HNSC", "HCC", "GB", "DLBCLNOS", "FL", "CHL"],
)  # fmt: skip
def test_common_cancers_have_several_regimens(code: str) -> None:
    assert len({regimen.key for regimen in Formulary.embedded().of(code)}) >= 2


@pytest.mark.parametrize(
    "code", ["LUAD", "MEL", "BLCA", "CCRCC", "COADREAD", "STAD", "PAAD", "HNSC", "HCC", "CESC"]
)
def test_first_line_has_a_guideline_standard(code: str) -> None:
    assert any(regimen.standard for regimen in Formulary.embedded().of(code, 1, "metastatic"))


def test_line_and_setting_restrict() -> None:
    formulary = Formulary.embedded()
    second = {regimen.key for regimen in formulary.of("LUAD", 2, "metastatic")}
    assert "docetaxel + ramucirumab" in second
    assert "carboplatin + pembrolizumab + pemetrexed" not in second
    assert {regimen.setting for regimen in formulary.of("BRCA", setting="neoadjuvant")} == {"neoadjuvant"}


def test_kinds() -> None:
    kinds = {regimen.name: regimen.kind for regimen in REGIMENS}
    assert kinds["Pembrolizumab + pemetrexed + carboplatin"] == "immunotherapy + chemotherapy"
    assert kinds["Axicabtagene ciloleucel"] == "cell therapy"
    assert kinds["FOLFIRINOX"] == "chemotherapy"
    assert kinds["R-CHOP"] == "chemotherapy + targeted therapy"


def test_cancer_types() -> None:
    assert all(row["parent"] in {"", *codes()} for row in read_table("cancer_types").rows)
    assert code_of("Non-Small Cell Lung Cancer") == "NSCLC"
    assert code_of("clear cell renal cell carcinoma") == "CCRCC"
    assert code_of("no such thing") is None
    assert above("LUAD") == ("LUAD", "NSCLC", "LUNG")
    assert are_related("LUNG", "LUAD")
    assert not are_related("LUAD", "LUSC")
    with pytest.raises(InputError, match="did you mean 'LUAD'"):
        check_code("LUADD")


def test_order_of_drugs_does_not_matter() -> None:
    turned = OWN.replace("{newmab: 100 mg, carboplatin: AUC 5}", "{carboplatin: AUC 5, newmab: 100 mg}")
    assert parse_formulary(turned, "x") == parse_formulary(OWN, "x")


def test_own_drugs_and_own_rows_stand_instead(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN, encoding="utf-8")
    (new,) = read_formulary(path)
    assert new.key == "carboplatin + newmab"
    assert new.origin == "own.yaml"
    assert new.agents[1].targets == ("PDCD1",)
    formulary = Formulary.embedded().with_files([path, path])
    assert len(formulary.regimens) == len(REGIMENS) + 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("carboplatin:", "carboplatn:", "did you mean 'carboplatin'"),
        ("carboplatin:", "newdrug:", "describe it under"),
        ("[LUAD]", "[LUDA]", "did you mean"),
        ("source: Trial", "source: Trail", "did you mean 'Trial'"),
        (", source: Trial", "", "`source` is missing"),
        ("cancers:", "cancer:", "did you mean 'cancers'"),
        (", date: 2025-03", "", "date is missing"),
        ("date: 2025-03", "date: March", "date is missing or no date"),
        ("metastatic", "metastasis", "did you mean 'metastatic'"),
        ("{newmab: 100 mg, carboplatin: AUC 5}", "{FOLFOX: x}", "one drug a line"),
        ("{newmab: 100 mg, carboplatin: AUC 5}", "{carboplatin: x, Paraplatin: y}", "named twice"),
        ("source: Trial}", "source: Trial, lines: [0]}", "whole number"),
        ("source: Trial}", "source: Trial, cost: {text: much}}", "needs `text`, `source`"),
        ("date: 2025-03", "date: 2025-03, checked: {date: 2026-01-02}", "checked: `against` is missing"),
        ("date: 2025-03", "date: 2025-03, checked: {against: x, date: 2026-01}", "this is not a day"),
        ("date: 2025-03", "date: 2025-03, checked: yes", "must be a mapping"),
        ("source: Trial}", "source: Trial, doses_checked: {against: x, day: 2026-01-02}}", "unknown field"),
        ("class: anti-PD-1, ", "", "`class` is missing"),
        ("regimens:", "regimens: [", "not valid YAML"),
    ],
)
def test_mistakes_are_named(old: str, new: str, told: str) -> None:
    assert old in OWN
    with pytest.raises(InputError, match=re.escape(told)):
        parse_formulary(OWN.replace(old, new), "own.yaml")


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        (
            "name: New",
            "name: 'Recommended first choice: New'",
            "own.yaml, regimen 1 (Recommended first choice: New): `name`",
        ),
        ("100 mg,", "the optimal 100 mg,", "own.yaml, regimen 1 (New): `drugs`"),
        (
            "source: Trial}",
            "source: Trial, biomarker: those who should be given it}",
            "regimen 1 (New): `biomarker`",
        ),
        (
            "source: Trial}",
            "source: Trial, cost: {text: superior value, source: x, date: 2026}}",
            "(New): `cost`",
        ),
        (
            "source: Trial}",
            "source: Trial, availability: {text: x, source: Best buys, date: 2026}}",
            "`availability`",
        ),
        ("Doe et al.", "Doe et al. recommend it", "own.yaml, source 'Trial': `cite`"),
        ("class: anti-PD-1", "class: the preferred anti-PD-1", "own.yaml, agent 'newmab': `class`"),
    ],
)
def test_words_of_advice_are_refused_by_field(old: str, new: str, field: str) -> None:
    assert old in OWN
    with pytest.raises(InputError, match=re.escape(f"{field} holds a word of advice")):
        parse_formulary(OWN.replace(old, new), "own.yaml")


def test_a_link_is_no_advice() -> None:
    assert parse_formulary(OWN.replace("date: 2025-03", "date: 2025-03, url: https://x.org/best"), "own.yaml")


def test_yaml_runs_nothing() -> None:
    with pytest.raises(InputError, match="not valid YAML"):
        parse_formulary("regimens: !!python/object/apply:os.getcwd []", "own.yaml")


def test_cautions_know_three_states() -> None:
    regimen = next(r for r in REGIMENS if r.key == "docetaxel")
    found = {c.caution.flag: c.state for c in cautions_of(regimen, {"neutrophils": 1.0})}
    assert found["neutrophils below 1.5 x 10^9/L"] == "present"
    assert found["hypersensitivity to polysorbate 80"] == "not known"
    assert cautions_of(regimen, {"neutrophils": 3.0})[1].caution.kind == "contraindication"
    assert "absent" in {c.state for c in cautions_of(regimen, {"neutrophils": 3.0})}


def test_cautions_are_of_known_drugs_and_dated() -> None:
    classes = {f"class:{agent.cls}" for regimen in REGIMENS for agent in regimen.agents}
    for row in read_table("drug_cautions").rows:
        assert row["drug"] in {*agent_names(), *classes}
        assert row["kind"] in ("toxicity", "caution", "contraindication")
        assert row["source"]
        assert re.fullmatch(r"20\d\d", row["date"])
    assert "neutrophils" in facts_asked()


def test_access_says_what_is_known() -> None:
    by_key = {regimen.key: availability_of(regimen) for regimen in REGIMENS}
    assert by_key["cisplatin + gemcitabine"][0].text == "essential medicines: all of its drugs"
    assert by_key["sotorasib"] == ()
    assert "authorised centres" in by_key["lifileucel"][0].text
    assert {row["drug"] for row in read_table("essential_medicines").rows} <= {*agent_names()}
