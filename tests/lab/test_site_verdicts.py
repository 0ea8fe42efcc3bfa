"""Criteria, their ledger and verdicts: fixed before a look, and told where they were not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorcast.domain.errors import InputError
from tumorcast.lab.site.criteria import DEFAULT, Criteria, Criterion, criteria_text, read_criteria
from tumorcast.lab.site.figures import Own, share
from tumorcast.lab.site.ledger import LEDGER_NAME, changed_by, fix, looked, note_look, standing
from tumorcast.lab.site.plan import assumed, chance_to_pass, plan_table
from tumorcast.lab.site.verdicts import Cases, judge, overall
from tumorcast.metrics.intervals import Interval

BUNDLE, COPY = ("m", "seal"), ("m", "seal of a recalibrated copy")
_MANY = Cases(200, 80, 120)
_OWN = Own(100, Interval(0.75, 0.6, 0.85), 0.2, Interval(0, -0.3, 0.3), 0.4, 0.9, (0.2, 0.6))


def _one(**limits: object) -> Criteria:
    return Criteria(criteria=(Criterion(**{"measure": "auroc", **limits}),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("interval", "verdict"),
    [
        (Interval(0.7, 0.65, 0.75), "pass"),
        (Interval(0.7, 0.55, 0.85), "not enough cases"),
        (Interval(0.4, 0.3, 0.5), "fail"),
        (Interval(1.0, np.nan, np.nan), "not enough cases"),
    ],
)
def test_a_verdict_is_of_the_whole_interval(interval: Interval, verdict: str) -> None:
    (judged,) = judge(_one(at_least=0.6), {"auroc": interval}, None, _MANY)
    assert judged.verdict == verdict


def test_too_few_patients_of_a_kind_never_pass_and_never_fail() -> None:
    figures = {"auroc": Interval(0.9, 0.85, 0.95)}
    (judged,) = judge(_one(at_least=0.6), figures, None, Cases(200, 19, 181))
    assert judged.verdict == "not enough cases"
    assert "19 and 181" in judged.why_not


def test_a_limit_relative_to_the_bundle_s_own_figure() -> None:
    criteria = _one(at_least=-0.1, base="own")
    (judged,) = judge(criteria, {"auroc": Interval(0.8, 0.7, 0.9)}, _OWN, _MANY)
    assert (judged.low, judged.verdict) == (pytest.approx(0.65), "pass")
    (unknown,) = judge(criteria, {"auroc": Interval(0.8, 0.7, 0.9)}, None, _MANY)
    assert unknown.verdict == "not judged"


@given(st.lists(st.sampled_from([0.3, 0.5, 0.7]), min_size=1, max_size=5))
def test_one_failed_requirement_fails_all(found: list[float]) -> None:
    criteria = Criteria(criteria=tuple(Criterion(measure="auroc", at_least=value) for value in found))
    judged = judge(criteria, {"auroc": Interval(0.5, 0.45, 0.55)}, None, _MANY)
    expected = "fail" if 0.7 in found else "not enough cases" if 0.5 in found else "pass"
    assert overall(judged) == expected


def test_what_is_not_required_decides_nothing() -> None:
    criteria = Criteria(
        criteria=(
            Criterion(measure="auroc", at_least=0.9, is_required=False),
            Criterion(measure="answered", at_least=0.5),
        )
    )
    judged = judge(criteria, {"auroc": Interval(0.6, 0.5, 0.7), "answered": share(190, 200)}, None, _MANY)
    assert [one.verdict for one in judged] == ["fail", "pass"]
    assert overall(judged) == "pass"


def test_criteria_survive_their_file(tmp_path: Path) -> None:
    path = tmp_path / "criteria.yaml"
    path.write_text(criteria_text(DEFAULT), encoding="utf-8")
    assert read_criteria(path) == DEFAULT
    assert read_criteria(path).sha256 == DEFAULT.sha256
    path.write_text("# a remark\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert read_criteria(path).sha256 == DEFAULT.sha256


@pytest.mark.parametrize(
    "text",
    ["criteria: []", "criteria: [{measure: auroc}]", "criteria: [{measure: luck, at_least: 1}]", "{", "- 1"],
)
def test_criteria_that_say_nothing_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        read_criteria(tmp_path / "c.yaml")


def test_criteria_changed_after_a_look_are_told(tmp_path: Path) -> None:
    ledger, other = tmp_path / LEDGER_NAME, _one(at_least=0.5)
    assert standing(ledger, DEFAULT, BUNDLE).changed is None
    note_look(ledger, looked(BUNDLE, DEFAULT, "abc", 50))
    again = standing(ledger, DEFAULT, BUNDLE)
    assert (again.changed, len(again.earlier)) == (None, 1)
    changed = standing(ledger, other, BUNDLE).changed
    assert changed is not None
    assert changed.cases == 50
    assert changed_by(ledger, other, ("another model", "seal")) is None


def test_a_recalibrated_copy_has_criteria_and_looks_of_its_own(tmp_path: Path) -> None:
    ledger, other = tmp_path / LEDGER_NAME, _one(at_least=0.5)
    first = fix(ledger, DEFAULT, BUNDLE)
    note_look(ledger, looked(BUNDLE, DEFAULT, "abc", 50))
    of_copy = standing(ledger, other, COPY)
    assert (of_copy.changed, of_copy.earlier, of_copy.of_copies) == (None, (), 1)
    assert of_copy.fixed.seal == COPY[1] != first.seal
    note_look(ledger, looked(COPY, other, "abc", 50))
    assert standing(ledger, DEFAULT, COPY).changed is not None
    assert standing(ledger, DEFAULT, BUNDLE).changed is None


def test_fixing_twice_keeps_the_first_date(tmp_path: Path) -> None:
    ledger = tmp_path / LEDGER_NAME
    first = fix(ledger, DEFAULT, BUNDLE)
    assert fix(ledger, DEFAULT, BUNDLE) == first


def test_a_damaged_ledger_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / LEDGER_NAME).write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="damaged"):
        standing(tmp_path / LEDGER_NAME, DEFAULT, BUNDLE)


def test_narrower_intervals_need_more_cases() -> None:
    table = plan_table(assumed(_OWN, None, None))
    for column in ("auroc_cases", "coverage_cases", "in_the_large_cases"):
        assert table[column].is_monotonic_increasing


def test_a_good_model_passes_more_often_with_more_cases() -> None:
    expected = assumed(_OWN, 0.8, 0.4)
    chances = [chance_to_pass(expected, DEFAULT, cases, _OWN, runs=60) for cases in (60, 300)]
    for name in chances[0]:
        assert chances[0][name] < chances[1][name] or chances[1][name] == 1


def test_expectations_out_of_range_are_refused() -> None:
    with pytest.raises(InputError):
        assumed(None, None, None)
    with pytest.raises(InputError):
        assumed(_OWN, 0.4, None)
