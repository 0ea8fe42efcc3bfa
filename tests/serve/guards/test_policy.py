"""What a lab may decide, and what it may not; every guard is told in the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.serve.findings import Finding, flags, reasons
from tumorcast.serve.guards.table import RULES
from tumorcast.serve.policy import STRICT, Policy, read_policy

DOCS = Path(__file__).resolve().parents[3] / "docs" / "safety.md"


def test_every_guard_stands_in_the_docs_as_it_is():
    lines = [
        line
        for line in DOCS.read_text(encoding="utf-8").splitlines()
        if re.match(r"\| \d+ \| `\w+` \|", line)
    ]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    told = {code.strip("`"): (int(point), action, may) for _, point, code, action, may, *_ in rows}
    assert set(told) == set(RULES)
    for code, rule in RULES.items():
        point, action, may = told[code]
        assert point == rule.point
        assert action.replace("leave out", "leave_out").startswith(rule.action)
        assert action.endswith("*d*") == rule.is_shown
        assert tuple(filter(None, may.split(", "))) == rule.may


def test_every_guard_is_tested_by_its_code():
    own = [path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    tests = "".join(path.read_text(encoding="utf-8") for path in own)
    assert [code for code in RULES if code not in tests] == []


def test_a_policy_is_read_and_settles_levels(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text("actions: {scanner_not_seen: warn, pattern_not_validated: refuse}\nleast_purity: 0.3\n")
    policy = read_policy(path)
    assert policy.least_purity == 0.3
    found = Finding("scanner_not_seen", "a scanner", layer="slide")
    assert STRICT.settled(found).level == "refusal"
    assert (policy.settled(found).level, policy.settled(found).leaves_out) == ("warning", False)
    assert policy.settled(Finding("pattern_not_validated", "x")).level == "refusal"
    out = Policy(actions={"scanner_not_seen": "leave_out"}).settled(found)
    assert (out.level, out.leaves_out) == ("warning", True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("actions: {simulated_model: warn}", "cannot be set to warn"),
        ("actions: {not_he: warn}", "it may be refuse, leave_out"),
        ("actions: {no_tumor: warn}", "did you mean 'no_tumour'"),
        ("actions: {sex_contradiction: ignore}", "actions.sex_contradiction"),
        ("least_megabases: 0.1", "least_megabases"),
        ("most_purity: 1", "most_purity"),
        ("[1, 2", "cannot be read"),
    ],
)
def test_what_a_lab_may_not_decide_is_refused(tmp_path, text, told):
    path = tmp_path / "policy.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=told):
        read_policy(path)


def test_a_demonstration_relaxes_whom_the_model_knows_and_nothing_else():
    for code, rule in RULES.items():
        level = STRICT.settled(Finding(code, "x"), demonstrate=True).level
        assert (level == "refusal") == (rule.action == "refuse" and not rule.is_shown)


def test_reasons_are_those_of_the_worst_level_and_flags_name_all():
    found = [
        Finding("date_unknown", "undated", level="note"),
        Finding("low_purity", "impure", "5%", "20% or more", "give another", level="refusal"),
        Finding("scanner_not_declared", "no scanner", level="warning"),
    ]
    assert reasons(found) == "impure (found 5%, expected 20% or more)"
    assert flags(found) == "refusal:low_purity warning:scanner_not_declared note:date_unknown"
    assert found[1].sentence == "impure (found 5%, expected 20% or more). To mend: give another."
    assert reasons(found[::2]) == "no scanner"
