"""RECIST 1.1: every row of its tables, its edge cases, and what must hold for any patient."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from toy_lesions import Cell, patient
from tumorcast.biology.recist.best import Dated, ResponseRules, best_of, best_response
from tumorcast.biology.recist.checks import baseline_problems
from tumorcast.biology.recist.lesions import Finding
from tumorcast.biology.recist.overall import overall_response
from tumorcast.biology.recist.points import TimePoint, time_points
from tumorcast.biology.recist.progression import FollowUp, progression_free
from tumorcast.biology.recist.series import sum_series

NON = "NON-CR/NON-PD"


def responses(*rows: dict[str, Cell]) -> list[str]:
    """Overall responses after baseline."""
    return [point.overall for point in time_points(patient(*rows))]


TABLE_1 = [
    ("CR", "CR", False, "CR"),
    ("CR", None, False, "CR"),
    ("CR", NON, False, "PR"),
    ("CR", "NE", False, "PR"),
    ("PR", "CR", False, "PR"),
    ("PR", NON, False, "PR"),
    ("PR", "NE", False, "PR"),
    ("SD", "CR", False, "SD"),
    ("SD", NON, False, "SD"),
    ("SD", "NE", False, "SD"),
    ("NE", "CR", False, "NE"),
    ("NE", NON, False, "NE"),
    ("NE", "NE", False, "NE"),
    *[("PD", other, new, "PD") for other in ("CR", NON, "NE", "PD", None) for new in (False, True)],
    *[(target, "PD", new, "PD") for target in ("CR", "PR", "SD", "NE") for new in (False, True)],
    *[
        (target, other, True, "PD")
        for target in ("CR", "PR", "SD", "NE")
        for other in ("CR", NON, "NE", None)
    ],
]
TABLE_2 = [
    ("CR", False, "CR"), (NON, False, NON), ("NE", False, "NE"), ("PD", False, "PD"), ("PD", True, "PD"),
    ("CR", True, "PD"), (NON, True, "PD"), ("NE", True, "PD"),
]  # fmt: skip


@pytest.mark.parametrize(("target", "non_target", "has_new", "overall"), TABLE_1)
def test_table_1_with_target_lesions(
    target: str, non_target: str | None, has_new: bool, overall: str
) -> None:
    assert overall_response(target, non_target, has_new) == overall  # type: ignore[arg-type]


@pytest.mark.parametrize(("non_target", "has_new", "overall"), TABLE_2)
def test_table_2_without_target_lesions(non_target: str, has_new: bool, overall: str) -> None:
    assert overall_response(None, non_target, has_new) == overall  # type: ignore[arg-type]


EARLY, LATE = 30.0, 60.0
TABLE_3 = [
    (("CR", "CR"), EARLY, "CR"),
    (("CR", "PD"), LATE, "SD"), (("CR", "PD"), EARLY, "PD"),
    (("CR", "SD"), LATE, "SD"),
    (("CR", "NE"), LATE, "SD"), (("CR", "NE"), EARLY, "NE"),
    (("PR", "CR"), EARLY, "PR"),
    (("PR", "PR"), EARLY, "PR"),
    (("PR", "SD"), EARLY, "SD"),
    (("PR", "PD"), LATE, "SD"), (("PR", "PD"), EARLY, "PD"),
    (("PR", "NE"), LATE, "SD"), (("PR", "NE"), EARLY, "NE"),
    (("NE", "NE"), LATE, "NE"),
    (("CR", "NE", "CR"), EARLY, "CR"),
    (("PR", "NE", "PR"), EARLY, "PR"),
]  # fmt: skip


@pytest.mark.parametrize(("pair", "first_day", "best"), TABLE_3)
def test_table_3_where_responses_need_confirmation(
    pair: tuple[str, ...], first_day: float, best: str
) -> None:
    """Minimum duration of stable disease 6 weeks; the second assessment four weeks after the first."""
    dated = [Dated(response, first_day + 28 * k) for k, response in enumerate(pair)]
    words = ("CR", "PR", "SD", NON, "PD")
    assert best_of(dated, ResponseRules(is_confirmed=True), words).response == best


def test_confirmation_under_four_weeks_does_not_count() -> None:
    words = ("CR", "PR", "SD", NON, "PD")
    dated = [Dated("PR", 42), Dated("PR", 69)]
    assert best_of(dated, ResponseRules(is_confirmed=True), words).response == "SD"
    assert best_of(dated, ResponseRules(), words).response == "PR"
    between = [Dated("PR", 42), Dated("SD", 84), Dated("PR", 126)]
    assert best_of(between, ResponseRules(is_confirmed=True), words).response == "SD"


def test_the_thresholds_are_inclusive() -> None:
    assert responses({"T1": 100}, {"T1": 70}) == ["PR"]
    assert responses({"T1": 100}, {"T1": 70.1}) == ["SD"]
    assert responses({"T1": 100}, {"T1": 120}) == ["PD"]
    assert responses({"T1": 100}, {"T1": 119.9}) == ["SD"]
    assert responses({"T1": 33.3}, {"T1": 33.3 * 1.2}) == ["PD"], "no rounding error at the border"


def test_20_percent_without_5_mm_is_no_progression() -> None:
    assert responses({"T1": 20}, {"T1": 12}, {"T1": 16.9}) == ["PR", "SD"]
    assert responses({"T1": 20}, {"T1": 12}, {"T1": 17}) == ["PR", "PD"]
    assert "less than 5 mm" in time_points(patient({"T1": 20}, {"T1": 15}, {"T1": 18.5}))[1].why


def test_progression_counts_from_the_nadir_which_the_baseline_is_part_of() -> None:
    assert responses({"T1": 100}, {"T1": 50}, {"T1": 60}) == ["PR", "PD"]
    assert responses({"T1": 50}, {"T1": 55}, {"T1": 60}) == ["SD", "PD"], "nadir is the baseline"


def test_an_incomplete_sum_is_no_nadir() -> None:
    rows = ({"T1": 40, "T2": 40}, {"T1": 20, "T2": None}, {"T1": 38, "T2": 38})
    assert responses(*rows) == ["NE", "SD"]


def test_nodes_are_normal_below_10_mm_and_complete_response_needs_no_sum_of_zero() -> None:
    first, second = time_points(patient({"T1": 30, "N1": 20}, {"T1": 0, "N1": 9.9}, {"T1": 0, "N1": 10}))
    assert (first.overall, first.sums and first.sums.sum_mm) == ("CR", 9.9)
    assert second.overall == "PR", "10 mm is not normal; +0.1 mm is no progression"
    assert responses({"N1": 18, "N2": 16}, {"N1": 4, "N2": 4}, {"N1": 9, "N2": 9}) == ["CR", "CR"]
    assert responses({"N1": 18}, {"N1": 6}, {"N1": 12}) == ["CR", "PD"], "+100% and 6 mm"


def test_disease_seen_again_after_complete_response_is_progression_however_small() -> None:
    assert responses({"T1": 30}, {"T1": "absent"}, {"T1": 3}) == ["CR", "PD"]
    assert responses({"T1": 30, "X1": "present"}, {"T1": 0, "X1": "absent"}, {"T1": 0, "X1": "present"}) == [
        "CR",
        "PD",
    ]
    rows = ({"T1": 30, "X1": "present"}, {"T1": 0, "X1": "present"}, {"T1": 3, "X1": "present"})
    assert responses(*rows) == ["PR", "PR"], "never an overall complete response: by the sum alone"


def test_too_small_to_measure_counts_5_mm_and_keeps_from_complete_response() -> None:
    point = time_points(patient({"T1": 30}, {"T1": "too_small"}))[0]
    assert (point.overall, point.sums and point.sums.sum_mm) == ("PR", 5.0)
    assert responses({"T1": 30}, {"T1": 2}) == ["PR"], "measurable below 5 mm: the measurement"


def test_a_missing_target_is_not_evaluable_unless_the_others_suffice_for_progression() -> None:
    base: dict[str, Cell] = {"T1": 30, "T2": 20}
    assert responses(base, {"T1": 30}) == ["NE"]
    assert responses(base, {"T1": 61, "T2": None}) == ["PD"]
    assert responses(base, {"T1": 5, "T2": None}) == ["NE"], "the missing one could be any size"
    assert responses(base, {"T1": None, "W1": 12}) == ["PD"]


def test_non_target_disease_alone() -> None:
    assert responses({"X1": "present"}, {"X1": "present"}, {"X1": "absent"}) == [NON, "CR"]
    assert responses({"X1": "present", "X2": "present"}, {"X1": "absent", "X2": None}) == ["NE"]
    assert responses({"X1": "present"}, {"X1": "progressed"}) == ["PD"]
    assert responses({"XN1": 13}, {"XN1": 8}) == ["CR"], "a node below 10 mm is gone"
    assert responses({"XN1": 13, "X1": "present"}, {"XN1": "too_small", "X1": "absent"}) == ["CR"]
    assert responses({"X1": "present"}, {"X1": "too_small"}) == [NON]
    best = best_response(time_points(patient({"X1": "present"}, {"X1": "present"})))
    assert best.response == NON


def test_an_equivocal_new_lesion_is_progression_only_once_confirmed_and_then_from_the_first_day() -> None:
    base: dict[str, Cell] = {"T1": 30}
    assert responses(base, {"T1": 30, "W1": "equivocal"}, {"T1": 30, "W1": "absent"}) == ["SD", "SD"]
    points = time_points(patient(base, {"T1": 30, "W1": "equivocal"}, {"T1": 30, "W1": 12}))
    assert [p.overall for p in points] == ["PD", "PD"]
    assert progression_free(points).time_days == 42


def test_an_equivocal_new_lesion_that_is_gone_before_it_is_certain_was_none() -> None:
    rows = [{"T1": 30, "W1": cell} for cell in ("equivocal", None, "absent", 12)]
    assert responses({"T1": 30}, *rows) == ["SD", "SD", "SD", "PD"]
    rows = [{"T1": 30, "W1": cell} for cell in ("equivocal", "equivocal", None, 12)]
    assert responses({"T1": 30}, *rows) == ["PD", "PD", "SD", "PD"]


def test_a_larger_non_target_lesion_is_no_unequivocal_progression() -> None:
    assert responses({"T1": 30, "X1": "present"}, {"T1": 30, "X1": "increased"}) == ["SD"]
    assert responses({"X1": "present"}, {"X1": "increased"}) == [NON]


def test_a_target_that_is_judged_by_eye_too_keeps_its_size() -> None:
    base = patient({"T1": 40}, {"T1": 60})
    for state in ("increased", "progressed"):
        seen = replace(base.assessments[1], findings={"T1": Finding(state, 60.0)})
        (point,) = time_points(replace(base, assessments=(base.assessments[0], seen)))
        assert (point.overall, point.sums and point.sums.sum_mm) == ("PD", 60)


def test_a_non_target_node_that_grows_back_after_complete_response() -> None:
    base: dict[str, Cell] = {"T1": 30, "XN1": 14}
    assert responses(base, {"T1": 0, "XN1": 6}, {"T1": 0, "XN1": 12}) == ["CR", "PD"]
    assert responses(base, {"T1": 0, "XN1": 9}, {"T1": 0, "XN1": 11}) == ["CR", "PR"], (
        "may be one normal node"
    )
    assert responses(base, {"T1": 0, "XN1": "absent"}, {"T1": 0, "XN1": "present"}) == ["CR", "PD"]


def test_a_new_node_below_10_mm_is_none() -> None:
    assert responses({"T1": 30}, {"T1": 30, "WN1": 9}, {"T1": 30, "WN1": 10}) == ["SD", "PD"]


def test_merged_lesions_are_not_missing() -> None:
    assert responses({"T1": 20, "T2": 20}, {"T1": 35, "T2": "merged"}) == ["SD"]


def test_progression_free_survival_and_why_it_is_censored() -> None:
    points = time_points(patient({"T1": 50}, {"T1": 50}, {"T1": None}, {"T1": 70}))
    assert progression_free(points).reason == "progression"
    assert progression_free(points).time_days == 126
    other = progression_free(points, FollowUp(new_therapy_day=60))
    assert (other.time_days, other.is_event, other.reason) == (42, False, "new_therapy")
    gap = progression_free(points, longest_gap_days=80)
    assert (gap.time_days, gap.is_event, gap.reason) == (42, False, "missed_assessments")
    death = progression_free(points[:2], FollowUp(death_day=100))
    assert (death.time_days, death.is_event, death.reason) == (100, True, "death")
    early = progression_free(points, FollowUp(death_day=100))
    assert (early.time_days, early.reason) == (100, "death"), "dead before the day of the progression"
    alive = progression_free(points[:2], FollowUp(start_day=2))
    assert (alive.time_days, alive.is_event, alive.reason) == (40, False, "no_progression")
    assert progression_free(()).reason == "no_assessment_after_baseline"


def test_progression_is_dated_to_the_first_scan_and_response_to_the_last() -> None:
    base = patient({"T1": 50}, {"T1": 20}, {"T1": 60})
    wide = tuple(replace(one, last_day=one.first_day + 5) for one in base.assessments)
    points = time_points(replace(base, assessments=wide))
    assert best_response(points).day == 47
    assert progression_free(points).time_days == 84


def test_what_follows_progression_does_not_count() -> None:
    points = time_points(patient({"T1": 50}, {"T1": 70}, {"T1": 10}))
    assert [p.overall for p in points] == ["PD", "PR"]
    assert points[1].is_after_progression
    assert best_response(points).response == "PD"


def test_baseline_rules_are_told_and_refused_where_strict() -> None:
    crowded = patient({f"T{k}": 12 for k in range(6)} | {"N1": 12}, {})
    codes = {one.code: one.is_refused for one in baseline_problems(crowded)}
    assert codes == {"more_than_5_targets": False, "node_below_15_mm": False}
    assert all(one.is_refused for one in baseline_problems(crowded, is_strict=True))
    same = tuple(replace(one, organ="Liver") for one in patient({"T1": 20, "T2": 20, "T3": 20}).lesions)
    organs = replace(patient({"T1": 20, "T2": 20, "T3": 20}, {}), lesions=same)
    assert [one.code for one in baseline_problems(organs)] == ["more_than_2_in_organ"]
    assert baseline_problems(patient({"T1": 3.0, "T2": 4.1}, {}))[0].code == "targets_below_10_mm"
    assert baseline_problems(patient({"T1": 30, "T2": None}, {}))[0].is_refused


def test_the_series_of_sums_says_what_is_incomplete_and_what_is_censored() -> None:
    rows = (
        {"T1": 30, "T2": 20, "X1": "present"},
        {"T1": 12, "T2": "too_small"},
        {"T1": 14, "T2": None},
        {"T1": 0, "T2": 0},
    )
    series = sum_series(patient(*rows))
    assert series.days.tolist() == [0, 42, 84, 126]
    assert series.is_complete.tolist() == [True, True, False, True]
    assert series.is_censored.tolist() == [False, True, False, False]
    assert series.sum_mm[[0, 1, 3]].tolist() == [50, 17, 0]
    assert series.low_mm[[0, 1, 3]].tolist() == [50, 12, 0]
    assert len(sum_series(patient({"X1": "present"})).days) == 0


SIZES = st.one_of(st.none(), st.just(0.0), st.integers(10, 1200).map(lambda n: n / 10))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "T1": SIZES, "T2": SIZES, "N1": SIZES,
            "X1": st.sampled_from(["present", "absent", None, "progressed"]),
            "W1": st.sampled_from(["absent"] * 8 + ["present", "equivocal"]),
        }
    ),
    min_size=1, max_size=6,
)  # fmt: skip
BASE: dict[str, Cell] = {"T1": 40.0, "T2": 25.0, "N1": 18.0, "X1": "present"}


def _points(rows: list[dict[str, Cell]]) -> tuple[TimePoint, ...]:
    return time_points(patient(BASE, *rows))


@given(ROWS, st.sampled_from([1.5, 2.0, 3.0]))
def test_scaling_all_sizes_keeps_the_response_unless_a_limit_in_mm_bites(
    rows: list[dict[str, Cell]], factor: float
) -> None:
    small = _points(rows)
    scaled = [{n: c * factor if isinstance(c, float) else c for n, c in row.items()} for row in [BASE, *rows]]
    large = time_points(patient(*scaled))
    for row in [BASE, *rows]:
        node = row["N1"]
        assume(not isinstance(node, float) or (node < 10) == (node * factor < 10))
    for one in small:
        mm = (
            one.mm_from_nadir
            if one.sums and not one.sums.missing
            else one.sums and one.sums.sum_mm - one.nadir_mm
        )
        assume(mm is None or (mm >= 5 - 1e-6) == (mm * factor >= 5 - 1e-6))
        share = (one.sums.sum_mm if one.sums else 0) / one.nadir_mm if one.nadir_mm else 0
        assume(abs(share - 1.2) > 1e-6)
        assume(abs((one.sums.sum_mm if one.sums else 0) / one.baseline_mm - 0.7) > 1e-6)
    assert [p.overall for p in large] == [p.overall for p in small]


@given(ROWS)
def test_the_order_of_lesions_does_not_matter(rows: list[dict[str, Cell]]) -> None:
    whole = patient(BASE, *rows)
    turned = replace(whole, lesions=whole.lesions[::-1])
    assert [p.overall for p in time_points(turned)] == [p.overall for p in time_points(whole)]


@given(ROWS)
def test_nothing_after_progression_changes_the_best_response_or_pfs(rows: list[dict[str, Cell]]) -> None:
    points = _points(rows)
    first = next((k for k, p in enumerate(points) if p.overall == "PD"), None)
    assume(first is not None)
    cut = points[: (first or 0) + 1]
    for rules in (ResponseRules(), ResponseRules(is_confirmed=True)):
        assert best_response(points, rules) == best_response(cut, rules)
    assert progression_free(points) == progression_free(cut)
    assert progression_free(points).is_event


@given(ROWS)
def test_a_confirmed_best_response_is_never_better_than_an_unconfirmed_one(
    rows: list[dict[str, Cell]],
) -> None:
    order = ["NE", "PD", NON, "SD", "PR", "CR"]
    points = _points(rows)
    strict = best_response(points, ResponseRules(is_confirmed=True)).response
    assert order.index(strict) <= order.index(best_response(points).response)


@given(ROWS, st.integers(0, 5))
def test_a_new_lesion_is_always_progression(rows: list[dict[str, Cell]], k: int) -> None:
    assume(k < len(rows))
    rows[k]["W1"] = "present"
    assert _points(rows)[k].overall == "PD"


@given(ROWS)
def test_every_response_has_its_grounds(rows: list[dict[str, Cell]]) -> None:
    assert all(point.why for point in _points(rows))
