"""Matching by place and alleles is what the PGS Catalog Calculator's manual says, on any rows and records."""

from __future__ import annotations

import itertools

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tumorcast.biology.pgs.genotypes import Record
from tumorcast.biology.pgs.matching import (
    AMBIGUOUS,
    FLIPPED,
    MATCHED,
    OTHER_ALLELES,
    TWICE,
    MatchPolicy,
    match_place,
)

ALLELE = st.sampled_from(["A", "C", "G", "T", "GA", "AT"])
ROW = st.tuples(ALLELE, st.none() | ALLELE).filter(lambda row: row[0] != row[1])
RECORD = st.tuples(ALLELE, ALLELE).filter(lambda pair: pair[0] != pair[1])


def other_strand(word: str) -> str:
    return "".join(dict(zip("ACGT", "TGCA"))[base] for base in word)


def kind(effect: str, other: str | None, ref: str, alt: str) -> int | None:
    """Place in the order refalt, altref, refalt_flip, altref_flip, no_oa_ref, no_oa_alt, and these two flipped."""
    if other is None:
        words = (effect, effect, other_strand(effect), other_strand(effect))
        return next((4 + n for n, word in enumerate(words) if word == (ref, alt)[n % 2]), None)
    turned = other_strand(effect), other_strand(other)
    pairs = ((effect, other), (other, effect), turned, turned[::-1])
    return next((n for n, pair in enumerate(pairs) if pair == (ref, alt)), None)


def expected(
    rows: list[tuple[str, str | None]], records: list[tuple[str, str]], policy: MatchPolicy
) -> list[tuple[int, int | None, int | None]]:
    """(reason, record, effect allele's number) a row, by the manual's order."""
    best: list[tuple[int, int] | None] = []
    for effect, other in rows:
        kinds = [(kind(effect, other, *record), n) for n, record in enumerate(records)]
        known = [(one, n) for one, n in kinds if one is not None and (one < 6 or policy.accept_flips)]
        assume(sum(one == min(known)[0] for one, _ in known) <= 1 if known else True)
        best.append(min(known) if known else None)
    found: list[tuple[int, int | None, int | None]] = []
    for one in best:
        if one is None:
            found.append((OTHER_ALLELES, None, None))
            continue
        ref, alt = records[one[1]]
        is_ambiguous = len(ref) == len(alt) == 1 and other_strand(ref) == alt
        where = one[1], int(one[0] % 2)
        same = [m for m, two in enumerate(best) if two is not None and two[1] == one[1]]
        if is_ambiguous and not policy.keep_ambiguous:
            found.append((AMBIGUOUS, *where))
        elif one[0] in (2, 3, 6, 7) and not policy.accept_flips:
            found.append((FLIPPED, *where))
        elif len(same) > 1 and not policy.keep_first:
            found.append((TWICE, *where))
        else:
            found.append((MATCHED, *where))
    return found


@settings(max_examples=400, deadline=None)
@given(
    st.lists(ROW, min_size=1, max_size=3),
    st.lists(RECORD, min_size=1, max_size=3, unique=True),
    st.booleans(),
    st.booleans(),
)
def test_as_the_manual_says(
    rows: list[tuple[str, str | None]], records: list[tuple[str, str]], ambiguous: bool, flips: bool
) -> None:
    assume(len({ref for ref, _ in records}) == len(records))
    policy = MatchPolicy(keep_ambiguous=ambiguous, accept_flips=flips)
    found = match_place([(0, *row) for row in rows], [Record(0, ref, (alt,)) for ref, alt in records], policy)
    for match, (reason, record, allele) in zip(found, expected(rows, records, policy), strict=True):
        assert match.reason == reason
        if record is not None:
            assert (match.record, match.allele) == (record, allele)


def test_all_pairs_of_bases_on_one_record() -> None:
    policy = MatchPolicy(keep_ambiguous=True, accept_flips=True)
    record = Record(0, "A", ("G",))
    fits = {
        (effect, other): match_place([(0, effect, other)], [record], policy)[0]
        for effect, other in itertools.permutations("ACGT", 2)
    }
    assert {pair: match.allele for pair, match in fits.items() if match.reason == MATCHED} == {
        ("A", "G"): 0, ("G", "A"): 1, ("T", "C"): 0, ("C", "T"): 1,
    }  # fmt: skip


def test_a_row_turned_to_another_rows_variant_excludes_both() -> None:
    rows = [(0, "G", "A"), (0, "C", "T"), (1, "G", "A")]
    record = [Record(0, "A", ("G",))]
    strict = match_place(rows, record, MatchPolicy())
    assert [match.reason for match in strict] == [TWICE, FLIPPED, MATCHED]
    turned = match_place(rows, record, MatchPolicy(accept_flips=True))
    assert [match.reason for match in turned] == [TWICE, TWICE, MATCHED]
    first = match_place(rows, record, MatchPolicy(keep_first=True))
    assert [match.reason for match in first] == [MATCHED, FLIPPED, MATCHED]


def test_symbolic_alternates_are_typed_only_where_they_are_any_allele() -> None:
    for alts, is_typed in (
        (("<NON_REF>",), True),
        ((), True),
        (("<DEL>",), False),
        (("*",), False),
        (("N",), False),
    ):
        for row in ((0, "A", "G"), (0, "G", "A"), (0, "A", None)):
            (match,) = match_place([row], [Record(0, "A", alts)], MatchPolicy())
            assert (match.reason == MATCHED) == is_typed, (alts, row)
