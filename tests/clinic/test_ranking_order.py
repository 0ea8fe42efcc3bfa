"""An order only where intervals tell candidates apart: ties, groups, and what few patients leave open."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tumorcast.biology.regimens.advice import UNWANTED
from tumorcast.clinic.ranking.order import Compared, contrasts_of, count_reach, tie_groups
from tumorcast.clinic.ranking.words import contrast_text

_ONE = st.tuples(st.floats(0.01, 0.99), st.integers(20, 5000))


def _compared(values: list[tuple[float, int]]) -> list[Compared]:
    return [Compared(f"regimen {k}", probability, n) for k, (probability, n) in enumerate(values)]


@given(st.lists(_ONE, min_size=2, max_size=7))
def test_groups_differ_only_where_every_pair_across_is_told_apart(values: list[tuple[float, int]]) -> None:
    compared = _compared(values)
    contrasts = contrasts_of(compared)
    groups = tie_groups(compared, contrasts)
    assert sorted(key for group in groups for key in group) == sorted(one.key for one in compared)
    ties = {frozenset((c.first, c.second)) for c in contrasts if c.is_tie}
    for place, group in enumerate(groups):
        for later in groups[place + 1 :]:
            assert not any(frozenset(pair) in ties for pair in product(group, later))


@given(st.lists(_ONE, min_size=2, max_size=6), st.randoms(use_true_random=False))
def test_order_of_candidates_changes_nothing(values, random) -> None:
    compared = _compared(values)
    turned = compared[:]
    random.shuffle(turned)
    assert contrasts_of(turned) == contrasts_of(compared)
    assert tie_groups(turned, contrasts_of(turned)) == tie_groups(compared, contrasts_of(compared))


def test_a_tie_with_a_small_arm_keeps_a_far_pair_together() -> None:
    """A and C are told apart; B, of few patients, ties with both: no order among the three."""
    compared = [Compared("A", 0.6, 3000), Compared("B", 0.5, 20), Compared("C", 0.4, 3000)]
    contrasts = contrasts_of(compared)
    assert [c.is_tie for c in contrasts if {c.first, c.second} == {"A", "C"}] == [False]
    assert tie_groups(compared, contrasts) == (("A", "B", "C"),)


def test_large_arms_far_apart_are_in_order() -> None:
    compared = [Compared("A", 0.2, 2000), Compared("B", 0.6, 2000)]
    assert tie_groups(compared, contrasts_of(compared)) == (("B",), ("A",))


def test_candidates_whose_shown_intervals_overlap_tie() -> None:
    """Of thousands of patients, but with wide calibration: .60 [.50, .70] and .42 [.32, .52]."""
    wide = [Compared("A", 0.6, 5000, 0.5, 0.7), Compared("B", 0.42, 5000, 0.32, 0.52)]
    (contrast,) = contrasts_of(wide)
    assert contrast.is_tie
    assert (contrast.low, contrast.high) == (pytest.approx(-0.02), pytest.approx(0.38))
    assert tie_groups(wide, (contrast,)) == (("A", "B"),)
    apart = [wide[0], Compared("B", 0.42, 5000, 0.32, 0.49)]
    assert tie_groups(apart, contrasts_of(apart)) == (("A",), ("B",))


def test_more_candidates_widen_every_contrast() -> None:
    pair = contrasts_of(_compared([(0.5, 100), (0.4, 100)]))[0]
    wide = contrasts_of(_compared([(0.5, 100), (0.4, 100), (0.3, 100)]))[0]
    assert wide.low < pair.low < pair.high < wide.high


def test_one_candidate_has_no_contrast() -> None:
    assert contrasts_of(_compared([(0.5, 100)])) == ()


@pytest.mark.parametrize("probability", [0.0, 0.5, 1.0])
def test_few_patients_leave_much_open_even_at_the_ends(probability: float) -> None:
    assert count_reach(probability, 10) > count_reach(probability, 100) > 0


def test_the_interval_holds_as_often_as_it_says() -> None:
    """Two arms of the same truth: a difference is claimed in at most 5% of trials."""
    import numpy as np

    random, claimed = np.random.default_rng(0), 0
    for _ in range(2000):
        first, second = random.binomial(60, 0.3, 2) / 60
        claimed += not contrasts_of([Compared("A", first, 60), Compared("B", second, 60)])[0].is_tie
    assert claimed / 2000 <= 0.06


def test_words() -> None:
    (tie,) = contrasts_of(_compared([(0.5, 30), (0.4, 30)]))
    assert contrast_text(tie).endswith(": tie")
    assert UNWANTED.search("the best one")
    assert UNWANTED.search("Recommended")
    assert UNWANTED.search("will benefit from it")
    assert not UNWANTED.search("outcome among patients who received it")
