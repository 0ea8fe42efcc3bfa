"""Rows of a scoring file as arrays: which are complex, which damaged, which cannot be matched, each by name."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.pgs.score import ADDITIVE, DOMINANT, EFFECT_TYPES, RECESSIVE, chromosome_code
from tumorcast.readers.scoring_head import ScoringHead

_SEQUENCE = re.compile(r"[ACGT]+")
_PLAIN = re.compile(r"[0-9]+(\.0*)?")
_SEVERAL = re.compile(r"[ACGT]+([/,;|][ACGT]*)+")
_NOT_GIVEN = frozenset({"", ".", "NA", "NAN", "NR", "NONE", "UNKNOWN"})
_CODED = frozenset({"I", "D", "R", "P", "N", "-", "+", ".", "0", "*"})
"""Alleles that say of a change only that there is one (or of an HLA type that it is present); not to be matched."""
EXTRA = "(more cells than columns)"
"""Name of what stands behind the last column."""
_TRUE, _FALSE = ("true", "1", "t", "yes"), ("false", "0", "f", "no", "")
_FLAGS = {"is_haplotype": "haplotype", "is_diplotype": "diplotype", "is_interaction": "interaction"}


@dataclass
class ScoringRows:
    """Columns of all rows. Keys of the three mappings are rows, from 0; values name the row and say why."""

    line: NDArray[np.int64]
    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]
    effect: NDArray[np.object_]
    other: NDArray[np.object_]
    weights: dict[str, NDArray[np.float64]]
    frequency: NDArray[np.float64]
    effect_type: NDArray[np.int8]
    accession: NDArray[np.object_] | None
    complex: dict[int, str] = field(default_factory=dict)
    malformed: dict[int, str] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)

    @classmethod
    def joined(cls, parts: Sequence[ScoringRows]) -> ScoringRows:
        """One after the other; none: no rows."""
        if not parts:
            none = np.zeros(0)
            ints, words = none.astype(np.int64), none.astype(object)
            return cls(ints, ints, ints, words, words, {}, none, none.astype(np.int8), None)
        names = ("line", "chromosome", "position", "effect", "other", "frequency", "effect_type")
        whole: dict[str, Any] = {
            name: np.concatenate([getattr(one, name) for one in parts]) for name in names
        }
        weights = {word: np.concatenate([one.weights[word] for one in parts]) for word in parts[0].weights}
        owners = [one.accession for one in parts if one.accession is not None]
        result = cls(**whole, weights=weights, accession=np.concatenate(owners) if owners else None)
        for one in parts:
            result.complex |= one.complex
            result.malformed |= one.malformed
            result.left_out |= one.left_out
        return result


def check_rows(table: pd.DataFrame, head: ScoringHead, first: int) -> ScoringRows:
    """Text cells -> arrays.

    Args:
        table: stripped text, indexed by line. first: number of its first row among all rows.
    """
    effect = _alleles(table, "effect_allele")
    other = _alleles(table, "other_allele")
    if head.is_harmonised and "hm_inferOtherAllele" in table:
        other = np.where(other == "", _alleles(table, "hm_inferOtherAllele"), other)
    chromosome_name = _column(table, "hm_chr" if head.is_harmonised else "chr_name")
    codes = {name: chromosome_code(str(name).removesuffix(".0")) for name in set(chromosome_name)}
    position, is_number = _positions(_column(table, "hm_pos" if head.is_harmonised else "chr_position"))
    rows = ScoringRows(
        table.index.to_numpy(np.int64), np.array([codes[one] for one in chromosome_name], np.int64), position,
        effect, _single(other), _weights(table), _frequencies(table),
        _effect_types(table), _column(table, "accession") if "accession" in table else None,
    )  # fmt: skip
    names = _Names(table, chromosome_name, effect)
    named = {
        "complex": _complex(table, effect),
        "malformed": _without_place(rows, chromosome_name, head) | _malformed(rows, table, is_number),
        "left_out": _left_out(rows, table, head),
    }
    for kind, found in named.items():
        setattr(rows, kind, {first + row: f"{names[row]}: {reason}" for row, reason in found.items()})
    for row in rows.complex:
        rows.malformed.pop(row, None)
        rows.left_out.pop(row, None)
    return rows


class _Names:
    """How a row is called in a message: its line, rs number or place, and effect allele."""

    def __init__(
        self, table: pd.DataFrame, chromosome: NDArray[np.object_], effect: NDArray[np.object_]
    ) -> None:
        self._line, self._rs = table.index, _column(table, "rsID")
        self._chromosome, self._effect = chromosome, _column(table, "effect_allele")

    def __getitem__(self, row: int) -> str:
        words = (
            self._rs[row],
            self._chromosome[row] and f"chromosome {self._chromosome[row]}",
            self._effect[row],
        )
        return f"line {self._line[row]} {' '.join(word for word in words if word)}".rstrip()


def _column(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    return table[name].to_numpy(object) if name in table else np.full(len(table), "", object)


def _alleles(table: pd.DataFrame, name: str) -> NDArray[np.object_]:
    if name not in table:
        return np.full(len(table), "", object)
    cells = table[name].to_numpy(object)
    known = {text: sys.intern(str(text).upper()) for text in set(cells)}
    return np.array([known[text] for text in cells], object)


def _single(other: NDArray[np.object_]) -> NDArray[np.object_]:
    """None where no allele is given, or several (the PGS Catalog Calculator does the same); codes (I, D, -) stay."""
    known = {text: None if text in _NOT_GIVEN or _SEVERAL.fullmatch(text) else text for text in set(other)}
    return np.array([known[text] for text in other], object)


def _positions(cells: NDArray[np.object_]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(position, 0 where there is none; whether the cell is empty or a position in digits, `.0` behind them or not)."""
    found = _numbers(cells)
    is_plain = np.array([_PLAIN.fullmatch(text) is not None for text in cells], bool)
    is_whole = is_plain & (found > 0) & (found < 2**31)
    position = np.where(is_whole, np.nan_to_num(found, posinf=0, neginf=0), 0).astype(np.int64)
    return position, is_whole | (cells == "")


def _numbers(cells: NDArray[np.object_]) -> NDArray[np.float64]:
    return pd.to_numeric(pd.Series(cells), errors="coerce").to_numpy(np.float64)


def _frequencies(table: pd.DataFrame) -> NDArray[np.float64]:
    """Effect alleles' frequencies, NaN where there is none between 0 and 1."""
    found = _numbers(_column(table, "allelefrequency_effect"))
    return np.where((found >= 0) & (found <= 1), found, np.nan)


def _weights(table: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    wide = [name for name in table if str(name).startswith("effect_weight_")]
    names = (
        {str(name).removeprefix("effect_weight_"): str(name) for name in wide}
        if wide
        else {"": "effect_weight"}
    )
    return {word: _numbers(_column(table, name)) for word, name in names.items()}


def _is_true(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    if name not in table:
        return np.zeros(len(table), bool)
    return table[name].str.lower().isin(_TRUE).to_numpy(bool)


def _effect_words(table: pd.DataFrame) -> NDArray[np.object_]:
    return np.array([text.lower() for text in _column(table, "effect_type")], object)


def _effect_types(table: pd.DataFrame) -> NDArray[np.int8]:
    word = _effect_words(table)
    dominant = _is_true(table, "is_dominant") | (word == "dominant")
    recessive = _is_true(table, "is_recessive") | (word == "recessive")
    return np.where(recessive, RECESSIVE, np.where(dominant, DOMINANT, ADDITIVE)).astype(np.int8)


def _unreadable_flags(table: pd.DataFrame) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in (*_FLAGS, "is_dominant", "is_recessive"):
        cells = _column(table, name)
        for row in np.flatnonzero([text.lower() not in (*_TRUE, *_FALSE) for text in cells]):
            found[int(row)] = f"{name} is neither true nor false ({cells[row]})"
    return found


def _complex(table: pd.DataFrame, effect: NDArray[np.object_]) -> dict[int, str]:
    found: dict[int, str] = {}
    is_sequence = {text: bool(_SEQUENCE.fullmatch(text)) or text in _CODED for text in set(effect)}
    for row in np.flatnonzero([bool(text) and not is_sequence[text] for text in effect]):
        found[int(row)] = "the effect allele is no sequence of A, C, G, T"
    for column, word in _FLAGS.items():
        for row in np.flatnonzero(_is_true(table, column)):
            found[int(row)] = word
    for row in np.flatnonzero(_column(table, "variant_type") != ""):
        found[int(row)] = str(table["variant_type"].iloc[row]).replace("_", " ")
    for row in np.flatnonzero(_column(table, "inclusion_criteria") != ""):
        found[int(row)] = f"counted under a condition ({table['inclusion_criteria'].iloc[row]})"
    is_bare = _column(table, "effect_weight") == ""
    for row in np.flatnonzero(is_bare & (_column(table, "dosage_0_weight") != "")):
        found[int(row)] = "weights by genotype (dosage_0_weight) instead of one weight"
    for row in np.flatnonzero([word not in ("", *EFFECT_TYPES) for word in _effect_words(table)]):
        found[int(row)] = f"neither additive, dominant nor recessive ({table['effect_type'].iloc[row]})"
    return found


def _malformed(rows: ScoringRows, table: pd.DataFrame, is_number: NDArray[np.bool_]) -> dict[int, str]:
    found = _unreadable_flags(table)
    word = _effect_words(table)
    dominant, recessive = _is_true(table, "is_dominant"), _is_true(table, "is_recessive")
    no_allele = rows.effect == ""
    no_weight = np.any([~np.isfinite(one) for one in rows.weights.values()], axis=0)
    reasons: Mapping[str, NDArray[np.bool_]] = {
        "dominant and recessive at once": dominant & recessive,
        "effect_type says otherwise than is_dominant or is_recessive": (
            (dominant & (word != "") & (word != "dominant"))
            | (recessive & (word != "") & (word != "recessive"))
        ),
        "the position is not a whole number above 0": ~is_number,
        "no effect allele": no_allele,
        "more cells than columns": _column(table, EXTRA) != "",
        "the weight is not a number": no_weight,
    }
    for reason, which in reasons.items():
        found |= {int(row): reason for row in np.flatnonzero(which)}
    return found


def _without_place(rows: ScoringRows, chromosome: NDArray[np.object_], head: ScoringHead) -> dict[int, str]:
    """Rows that do not say where they lie, in a file that was not harmonised and should say it of every row."""
    if head.may_lack_places or not head.has_places:
        return {}
    is_bare = np.array([str(name).upper() in _NOT_GIVEN for name in chromosome], bool)
    found = {int(row): "no chromosome" for row in np.flatnonzero(is_bare)}
    return found | {int(row): "no position" for row in np.flatnonzero(rows.position == 0)}


def _left_out(rows: ScoringRows, table: pd.DataFrame, head: ScoringHead) -> dict[int, str]:
    """Rows that are whole but cannot be matched; they count as not matched."""
    found: dict[int, str] = {}
    for row in np.flatnonzero([text in _CODED for text in rows.effect]):
        found[int(row)] = f"effect allele {rows.effect[row]} is no sequence"
    is_sequence = {text: text is None or bool(_SEQUENCE.fullmatch(text)) for text in set(rows.other)}
    for row in np.flatnonzero([not is_sequence[text] for text in rows.other]):
        found[int(row)] = f"other allele {rows.other[row]} is no sequence"
    for row in np.flatnonzero((rows.effect == rows.other) & (rows.effect != "")):
        found[int(row)] = "effect and other allele are the same"
    for row in np.flatnonzero((rows.position > 0) & (rows.chromosome == 0)):
        found[int(row)] = "not on a chromosome 1 to 22, X, Y or MT"
    source = _column(table, "hm_source")
    for row in np.flatnonzero(rows.position == 0):
        is_failed = head.is_harmonised and str(source[row]).lower() in ("unknown", "")
        found[int(row)] = "harmonisation failed: no position" if is_failed else "no position"
    return found
