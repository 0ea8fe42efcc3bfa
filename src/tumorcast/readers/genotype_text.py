"""Sample columns of many VCF records at once: text to alleles and dosages, by arrays instead of by cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.genotypes import MISSING, MOST_ALLELES, NO_STRAND
from tumorcast.domain.errors import InputError

_TAB, _COLON, _COMMA, _DOT, _SLASH, _BAR, _ZERO, _NINE = (ord(sign) for sign in "\t:,./|09")
_OPEN = _DOT ^ _ZERO
_MOST_DIGITS = 15
"""Decimals longer than this go Python's slow way; shorter ones are exact."""


@dataclass(frozen=True)
class Cells:
    """Where pieces of text begin and end: [n] each; an empty piece is not there."""

    text: NDArray[np.uint8]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def words(self, rows: NDArray[np.int64]) -> list[str]:
        """Some of them as text."""
        return [self.text[self.start[n] : self.end[n]].tobytes().decode("ascii", "replace") for n in rows]

    def byte(self, offset: int) -> NDArray[np.uint8]:
        """The byte at an offset from each start; past the text's end its last one."""
        return self.text[np.minimum(self.start + offset, len(self.text) - 1)]


def sample_cells(rests: Sequence[bytes], n_samples: int) -> Cells:
    """Cells of all samples of all records, in order; [n_records * n_samples].

    Raises:
        InputError: a record has more or fewer columns than there are samples.
    """
    text = np.frombuffer(b"\t".join(rests) + b"\t", np.uint8)
    ends = np.flatnonzero(text == _TAB)
    if len(ends) != len(rests) * n_samples or any(one.count(b"\t") != n_samples - 1 for one in rests):
        wrong = next(one.count(b"\t") + 1 for one in rests if one.count(b"\t") + 1 != n_samples)
        raise InputError(
            "a record has another number of samples than the header", got=wrong, expected=n_samples
        )
    return Cells(text, np.concatenate([[0], ends[:-1] + 1]), ends)


def part(cells: Cells, number: int) -> Cells:
    """The part of that number between the cells' colons; empty where a cell ends before it."""
    cut = _cuts(cells, _COLON)
    start = cells.start if number == 0 else np.minimum(cut(number - 1) + 1, cells.end)
    return Cells(cells.text, start, np.maximum(cut(number), start))


def _cuts(cells: Cells, sign: int) -> Callable[[int], NDArray[np.int64]]:
    """Where the n-th sign of each cell stands, its end where it has fewer."""
    at = np.flatnonzero(cells.text == sign)
    n_cells = len(cells.start)
    each = len(at) // n_cells
    if each and len(at) == each * n_cells:
        table = at.reshape(n_cells, each)
        if np.all(table[:, 0] >= cells.start) and np.all(table[:, -1] < cells.end):
            return lambda n: table[:, n] if n < each else cells.end
    first = np.searchsorted(at, cells.start)
    at = np.append(at, len(cells.text))
    return lambda n: np.minimum(at[np.minimum(first + n, len(at) - 1)], cells.end)


def plain_alleles(rests: Sequence[bytes], n_samples: int) -> tuple[NDArray[np.int8], NDArray[np.int8]] | None:
    """Both strands' alleles [n_records, n_samples] where every cell is a diploid genotype of three characters.

    A cell and its tab are one number of four bytes: of these, less what every plain one has (the sign, the tab, the
    upper half of a digit), the bits that are left anywhere tell whether all are plain. A dot leaves 30: its bit of 16
    turned into 32 and taken off makes it `MISSING`.
    """
    if not n_samples or any(len(one) != 4 * n_samples - 1 for one in rests):
        return None
    text = b"\t".join(rests) + b"\t"
    cells = np.frombuffer(text, "<u4") ^ np.frombuffer(b"0" + text[1:2] + b"0\t", "<u4")
    left = int(np.bitwise_or.reduce(cells)).to_bytes(4, "little")
    if text[1] not in (_BAR, _SLASH) or left[1] or left[3] or (left[0] | left[2]) > _OPEN | 15:
        return None
    parts = cells.view(np.uint8).reshape(len(rests), n_samples, 4)
    first, second = (parts[..., n].copy().view(np.int8) for n in (0, 2))
    if (left[0] | left[2]) > 9:
        for one in (first, second):
            one -= (one & 16) << 1
            if one.max() > 9 or one.min() < MISSING or (one == MISSING + 1).any():
                return None
    return first, second


def alleles(cells: Cells) -> tuple[NDArray[np.int8], NDArray[np.int8]]:
    """Both strands' alleles [n] of genotypes; a haploid call has `NO_STRAND` second; more than two are not read.

    Raises:
        InputError: what is no genotype.
    """
    width = cells.end - cells.start
    one, sign, two = (cells.byte(offset) for offset in range(3))
    is_one, is_two = width == 1, (width == 3) & ((sign == _BAR) | (sign == _SLASH))
    first, second = (np.full(len(width), MISSING, np.int8) for _ in range(2))
    ok = is_one | is_two | (width == 0)
    for found, which, byte in ((first, is_one | is_two, one), (second, is_two, two)):
        is_digit = (byte >= _ZERO) & (byte <= _NINE)
        np.copyto(found, (byte - np.uint8(_ZERO)).view(np.int8), where=which & is_digit)
        ok &= ~which | is_digit | (byte == _DOT)
    second[is_one & (one != _DOT)] = NO_STRAND
    rows = np.flatnonzero(~ok)
    for row, word in zip(rows, cells.words(rows), strict=True):
        first[row], second[row] = _slow_alleles(word)
    return first, second


def _slow_alleles(word: str) -> tuple[int, int]:
    words = re.split(r"[/|]", word.lstrip("/|"))
    if not all(one == "." or one.isdigit() for one in words):
        raise InputError("a genotype cannot be read", got=word[:20], expected="0/1, 0|1, 1, ./.")
    codes = [int(one) if one.isdigit() and int(one) < MOST_ALLELES else MISSING for one in words]
    if len(codes) == 1:
        return codes[0], NO_STRAND if codes[0] != MISSING else MISSING
    return (codes[0], codes[1]) if len(codes) == 2 else (MISSING, MISSING)


def decimals(cells: Cells) -> NDArray[np.float64]:
    """Numbers [n], NaN where there is none; exact as Python's `float`.

    Raises:
        InputError: what is no number.
    """
    width = cells.end - cells.start
    value, n_after = np.zeros(len(width)), np.zeros(len(width), np.int64)
    dots, ok = np.zeros(len(width), np.int64), (width > 0) & (width <= _MOST_DIGITS)
    for offset in range(min(int(width.max(initial=0)), _MOST_DIGITS)):
        byte, is_in = cells.byte(offset), offset < width
        is_digit, is_dot = is_in & (byte >= _ZERO) & (byte <= _NINE), is_in & (byte == _DOT)
        value = np.where(is_digit, value * 10.0 + (byte.astype(np.float64) - _ZERO), value)
        n_after += is_digit & (dots > 0)
        dots += is_dot
        ok &= ~is_in | is_digit | is_dot
    is_alone = (width == 1) & (dots == 1)
    value = np.where(is_alone | (width == 0), np.nan, value / 10.0**n_after)
    rows = np.flatnonzero(~(ok & (dots <= 1)) & (width > 0))
    for row, word in zip(rows, cells.words(rows), strict=True):
        value[row] = _slow_decimal(word)
    return value


def _slow_decimal(word: str) -> float:
    if word.lower() in (".", "nan", "na"):
        return float("nan")
    try:
        return float(word)
    except ValueError:
        raise InputError("a dosage cannot be read", got=word[:20], expected="a number, or .") from None


def listed(cells: Cells, most: int) -> list[NDArray[np.float64]]:
    """Numbers separated by commas: `most` arrays [n], NaN where a list ends before; longer ones are read up to there.

    Raises:
        InputError: what is no number, or a list where one is expected.
    """
    if most == 1:
        return [decimals(cells)]
    cut = _cuts(cells, _COMMA)
    found, start = [], cells.start
    for n in range(most):
        end = np.maximum(cut(n), start)
        found.append(decimals(Cells(cells.text, start, end)))
        start = np.minimum(end + 1, cells.end)
    return found
