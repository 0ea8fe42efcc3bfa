"""Cells of VCFs read by arrays are what they are when read one by one; pieces of a file are the file."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tumorcast.biology.pgs.genotypes import MISSING, NO_STRAND
from tumorcast.domain.errors import InputError
from tumorcast.readers.genotype_text import alleles, decimals, listed, part, plain_alleles, sample_cells
from tumorcast.readers.whole_lines import line_pieces

NUMBER = st.one_of(
    st.floats(0, 2, allow_subnormal=False).map(lambda x: f"{x:.3f}"),
    st.floats(0, 2, allow_subnormal=False).map(repr),
    st.integers(0, 20).map(str),
    st.just("."),
)
STRAND = st.sampled_from([".", "0", "1", "2", "9", "12"])
CELLS = ("0/0", "0/1", "1|1", "./.", "9/.", "2|0", "0:1", "1/x", ":/0", "-/1", "1//", "./ ")
GENOTYPE = st.one_of(STRAND, st.tuples(STRAND, st.sampled_from("/|"), STRAND).map("".join))


def code(word: str) -> int:
    return MISSING if word == "." else int(word)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(GENOTYPE, NUMBER, st.booleans()), min_size=1, max_size=12))
def test_cells_one_by_one(cells: list[tuple[str, str, bool]]) -> None:
    text = "\t".join(gt if is_short else f"{gt}:{number}" for gt, number, is_short in cells).encode()
    found = sample_cells([text, text], len(cells))
    first, second = alleles(part(found, 0))
    values = decimals(part(found, 1))
    for n, (gt, number, is_short) in enumerate([*cells, *cells]):
        words = gt.replace("|", "/").split("/")
        assert first[n] == code(words[0])
        expected = code(words[1]) if len(words) == 2 else NO_STRAND if words[0] != "." else MISSING
        assert second[n] == expected
        if is_short or number == ".":
            assert np.isnan(values[n])
        else:
            assert values[n] == float(number)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(NUMBER, min_size=1, max_size=4), min_size=1, max_size=8))
def test_lists(cells: list[list[str]]) -> None:
    found = listed(sample_cells(["\t".join(map(",".join, cells)).encode()], len(cells)), 3)
    for n, cell in enumerate(cells):
        for at in range(3):
            word = cell[at] if at < len(cell) else "."
            assert np.isnan(found[at][n]) if word == "." else found[at][n] == float(word)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.sampled_from(CELLS),
        min_size=1,
        max_size=9,
    )
)
def test_the_fast_way_is_the_slow_one_or_none(cells: list[str]) -> None:
    text = "\t".join(cells).encode()
    fast = plain_alleles([text], len(cells))
    is_plain = all(cell[1] in "/|" and {cell[0], cell[2]} <= set("0129.") for cell in cells)
    if not is_plain or len({cell[1] for cell in cells}) > 1:
        assert fast is None
        return
    assert fast is not None
    slow = alleles(sample_cells([text], len(cells)))
    assert fast[0].ravel().tolist() == slow[0].tolist()
    assert fast[1].ravel().tolist() == slow[1].tolist()


def test_damage_is_told() -> None:
    with pytest.raises(InputError, match="number of samples"):
        sample_cells([b"0/1\t0/0\t1/1", b"0/1"], 2)
    with pytest.raises(InputError, match="genotype cannot be read"):
        alleles(sample_cells([b"0/a\t0/1"], 2))
    with pytest.raises(InputError, match="dosage cannot be read"):
        decimals(sample_cells([b"1.2.3\t0"], 2))


@pytest.mark.parametrize("packing", ["plain", "one member", "many members"])
@pytest.mark.parametrize("size", [1, 50, 10_000])
def test_pieces_are_the_file(tmp_path: Path, packing: str, size: int) -> None:
    lines = [b"x" * (n % 97) + b"\n" for n in range(800)]
    text = b"".join(lines) + b"the end"
    path = tmp_path / "a.vcf"
    if packing == "plain":
        path.write_bytes(text)
    elif packing == "one member":
        path.write_bytes(gzip.compress(text))
    else:
        path.write_bytes(
            b"".join(gzip.compress(line) for line in lines) + gzip.compress(b"the end") + gzip.compress(b"")
        )
    pieces = list(line_pieces(path, size))
    assert b"".join(pieces) == text
    assert all(piece.endswith(b"\n") for piece in pieces[:-1])


def test_reading_may_stop_early(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf.gz"
    path.write_bytes(gzip.compress(b"line\n" * 200_000))
    assert next(line_pieces(path, 100))
