"""iRECIST: rows of its table, confirmation, the reset of the bar, best response and dates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toy_lesions import Cell, patient
from tumorcast.biology.recist.best import ResponseRules
from tumorcast.biology.recist.immune import immune_best_response, immune_points
from tumorcast.biology.recist.progression import FollowUp, immune_progression_free, progression_free

Row = dict[str, Cell]


def responses(*rows: Row, gap: float = 42.0) -> list[str]:
    """Responses after baseline."""
    return [one.response for one in immune_points(patient(*rows, gap=gap))]


BASE: Row = {"T1": 50, "X1": "present"}
GROWN: Row = {"T1": 62, "X1": "present"}
CASES = [
    ("target grows 5 mm more", [GROWN, {"T1": 67, "X1": "present"}], ["iUPD", "iCPD"]),
    (
        "target grows 5 mm more in two steps",
        [{"T1": 60, "X1": "present"}, {"T1": 64, "X1": "present"}, {"T1": 66, "X1": "present"}],
        ["iUPD", "iUPD", "iCPD"],
    ),
    ("target grows less than 5 mm more", [GROWN, {"T1": 66.9, "X1": "present"}], ["iUPD", "iUPD"]),
    ("unchanged", [GROWN, GROWN, GROWN], ["iUPD", "iUPD", "iUPD"]),
    ("smaller but still progressive", [GROWN, {"T1": 60, "X1": "present"}], ["iUPD", "iUPD"]),
    ("stable again: the bar is reset", [GROWN, {"T1": 55, "X1": "present"}], ["iUPD", "iSD"]),
    ("partial response after progression", [GROWN, {"T1": 30, "X1": "present"}], ["iUPD", "iPR"]),
    ("complete response after progression", [GROWN, {"T1": 0, "X1": "absent"}], ["iUPD", "iCR"]),
    (
        "after a reset progression has to come again, and be confirmed",
        [GROWN, {"T1": 55, "X1": "present"}, {"T1": 63, "X1": "present"}, {"T1": 69, "X1": "present"}],
        ["iUPD", "iSD", "iUPD", "iCPD"],
    ),
    (
        "after a reset it counts from the nadir",
        [GROWN, {"T1": 30, "X1": "present"}, {"T1": 38, "X1": "present"}],
        ["iUPD", "iPR", "iUPD"],
    ),
    ("progression of another kind confirms", [GROWN, {"T1": 62, "X1": "progressed"}], ["iUPD", "iCPD"]),
    ("a new lesion confirms", [GROWN, {"T1": 62, "X1": "present", "W1": 8}], ["iUPD", "iCPD"]),
    ("non-target: still progressed", [{"T1": 50, "X1": "progressed"}] * 2, ["iUPD", "iUPD"]),
    (
        "non-target: increased further",
        [{"T1": 50, "X1": "progressed"}, {"T1": 50, "X1": "increased"}],
        ["iUPD", "iCPD"],
    ),
    (
        "non-target: target shrinks meanwhile",
        [{"T1": 50, "X1": "progressed"}, {"T1": 30, "X1": "progressed"}],
        ["iUPD", "iUPD"],
    ),
    (
        "new lesion grows 5 mm",
        [{"T1": 50, "X1": "present", "W1": 8}, {"T1": 50, "X1": "present", "W1": 13}],
        ["iUPD", "iCPD"],
    ),
    (
        "new lesion unchanged while the target responds",
        [{"T1": 50, "X1": "present", "W1": 8}, {"T1": 20, "X1": "present", "W1": 8}],
        ["iUPD", "iUPD"],
    ),
    (
        "more new lesions",
        [{"T1": 50, "X1": "present", "W1": 8}, {"T1": 50, "X1": "present", "W1": 8, "W2": 6}],
        ["iUPD", "iCPD"],
    ),
    (
        "unmeasured new lesion increases",
        [{"T1": 50, "X1": "present", "W1": "present"}, {"T1": 50, "X1": "present", "W1": "increased"}],
        ["iUPD", "iCPD"],
    ),
    (
        "new lesion gone",
        [{"T1": 50, "X1": "present", "W1": 8}, {"T1": 50, "X1": "present", "W1": "absent"}],
        ["iUPD", "iSD"],
    ),
    ("not evaluable in between", [GROWN, {}, {"T1": 70, "X1": "present"}], ["iUPD", "NE", "iCPD"]),
    (
        "an unmeasured target cannot be grown from",
        [{"T1": 62, "T2": None, "X1": "present"}, {"T1": 62, "T2": 20, "X1": "present"}],
        ["iUPD", "iUPD"],
    ),
]


@pytest.mark.parametrize(("rows", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_responses_over_time(rows: list[Row], expected: list[str]) -> None:
    base = BASE if "T2" not in rows[0] else {"T1": 30, "T2": 20, "X1": "present"}
    assert responses(base, *rows) == expected


@pytest.mark.parametrize(
    ("target", "non_target", "expected"),
    [
        (0, "absent", "iCR"), (0, "present", "iPR"), (30, "present", "iPR"), (30, "absent", "iPR"),
        (50, "present", "iSD"), (None, "present", "NE"), (70, "present", "iUPD"), (50, "progressed", "iUPD"),
    ],
)  # fmt: skip
def test_first_assessment(target: Cell, non_target: Cell, expected: str) -> None:
    assert responses(BASE, {"T1": target, "X1": non_target}) == [expected]


def test_growth_within_four_weeks_does_not_confirm_and_after_eight_is_told() -> None:
    rows = (BASE, GROWN, {"T1": 70, "X1": "present"})
    early = immune_points(patient(*rows, gap=21))
    assert [one.response for one in early] == ["iUPD", "iUPD"]
    assert "28 are needed" in early[1].why
    late = immune_points(patient(*rows, gap=84))
    assert late[1].response == "iCPD"
    assert "later than 8 weeks" in late[1].why


def test_progression_is_dated_to_the_iupd_that_was_confirmed() -> None:
    dropped = (
        BASE,
        GROWN,
        {"T1": 55, "X1": "present"},
        {"T1": 63, "X1": "present"},
        {"T1": 69, "X1": "present"},
    )
    free = immune_progression_free(immune_points(patient(*dropped)))
    assert (free.time_days, free.is_event, free.reason) == (126, True, "progression")
    open_end = immune_progression_free(immune_points(patient(BASE, GROWN, GROWN)))
    assert (open_end.time_days, open_end.is_event, open_end.reason) == (42, True, "unconfirmed_progression")
    reset = immune_progression_free(immune_points(patient(BASE, GROWN, {"T1": 50, "X1": "present"})))
    assert (reset.time_days, reset.is_event, reset.reason) == (84, False, "no_progression")


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([GROWN, {"T1": 30, "X1": "present"}], "iPR"),
        ([GROWN, {"T1": 52, "X1": "present"}], "iSD"),
        ([GROWN, GROWN], "iUPD"),
        ([GROWN, {}], "iUPD"),
        ([GROWN, {"T1": 70, "X1": "present"}], "iCPD"),
        ([{"T1": 30, "X1": "present"}, {"T1": 40, "X1": "present"}, {"T1": 50, "X1": "present"}], "iPR"),
        ([{}], "NE"),
    ],
)
def test_best_response(rows: list[Row], best: str) -> None:
    assert immune_best_response(immune_points(patient(BASE, *rows))).response == best


def test_an_iupd_of_non_target_lesions_that_were_not_evaluated_stays_open() -> None:
    rows: list[Row] = [{"T1": 50, "X1": cell} for cell in ("progressed", None, "increased")]
    points = immune_points(patient(BASE, *rows, gap=56))
    assert [one.response for one in points] == ["iUPD", "NE", "iCPD"]
    assert immune_progression_free(points).time_days == 56
    assert immune_best_response(points).day == 56


@pytest.mark.parametrize("later", [30, 70])
def test_scans_after_another_treatment_neither_drop_nor_confirm(later: float) -> None:
    points = immune_points(patient(BASE, GROWN, {"T1": later, "X1": "present"}))
    free = immune_progression_free(points, FollowUp(new_therapy_day=60))
    assert (free.time_days, free.is_event, free.reason) == (42, True, "unconfirmed_progression")


def test_an_iupd_that_was_dropped_is_no_best_response() -> None:
    points = immune_points(patient(BASE, GROWN, {"T1": 50, "X1": "present"}, gap=14))
    assert [one.response for one in points] == ["iUPD", "iSD"]
    assert immune_best_response(points).response == "NE"


def test_disease_back_after_complete_response_is_confirmed_by_growth_alone() -> None:
    gone: Row = {"T1": 0, "X1": "absent"}
    rows: list[Row] = [{"T1": size, "X1": "absent"} for size in (4, 5, 9.5)]
    assert responses(BASE, gone, *rows) == ["iCR", "iUPD", "iUPD", "iCPD"]
    assert responses(BASE, gone, *[{"T1": 0, "X1": "present"}] * 2) == ["iCR", "iUPD", "iUPD"]


def test_best_response_with_confirmation() -> None:
    points = immune_points(patient(BASE, GROWN, {"T1": 30, "X1": "present"}, {"T1": 30, "X1": "present"}))
    assert immune_best_response(points, ResponseRules(is_confirmed=True)).response == "iPR"
    assert immune_best_response(points[:2], ResponseRules(is_confirmed=True)).response == "iSD"


def test_after_confirmed_progression_nothing_counts() -> None:
    points = immune_points(patient(BASE, GROWN, {"T1": 70, "X1": "present"}, {"T1": 10, "X1": "present"}))
    assert [one.is_after_progression for one in points] == [False, False, True]
    assert immune_best_response(points).response == "iCPD"


SIZES = st.one_of(st.none(), st.just(0.0), st.integers(10, 1200).map(lambda n: n / 10))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "T1": SIZES, "T2": SIZES,
            "X1": st.sampled_from(["present", "absent", None, "progressed", "increased"]),
            "W1": st.sampled_from(["absent", "absent", "absent", "present", "increased", 8.0, 14.0, None]),
        }
    ),
    min_size=1, max_size=7,
)  # fmt: skip


@given(ROWS)
def test_progression_by_irecist_never_comes_before_that_by_recist(rows: list[Row]) -> None:
    points = immune_points(patient({"T1": 40.0, "T2": 25.0, "X1": "present"}, *rows))
    recist, immune = progression_free([one.point for one in points]), immune_progression_free(points)
    assert immune.time_days >= recist.time_days or not recist.is_event
    assert recist.is_event or not immune.is_event
    first = [k for k, one in enumerate(points) if one.point.overall == "PD"]
    assert [k for k, one in enumerate(points) if one.response in ("iUPD", "iCPD")][:1] == first[:1]


@given(ROWS, st.sampled_from([14.0, 42.0]))
def test_confirmed_progression_follows_an_iupd_four_weeks_before_and_rests_on_grounds(
    rows: list[Row], gap: float
) -> None:
    points = immune_points(patient({"T1": 40.0, "T2": 25.0, "X1": "present"}, *rows, gap=gap))
    for k, one in enumerate(points):
        if one.response != "iCPD" or one.is_after_progression:
            continue
        day = one.progression_day
        assert day is not None
        assert one.point.assessment.first_day - day >= 28
        (start,) = [p for p in points[:k] if p.point.assessment.first_day == day]
        assert start.response == "iUPD"
        between = [p.response for p in points[:k] if p.point.assessment.first_day > day]
        assert set(between) <= {"iUPD", "NE"}, "nothing that resets the bar"
