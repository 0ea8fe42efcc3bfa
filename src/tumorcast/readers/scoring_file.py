"""Scoring files of polygenic scores: PGS Catalog (1.0, 2.0, harmonised), custom ones, plain or gzipped.

PGS Catalog, "Scoring file formats" (Lambert et al., Nature Genetics 2021, 53:420). A file with rows that are no single
variant, or that are damaged, is refused by the rows' names: leaving out what cannot be read makes another score.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO, cast

import numpy as np
import pandas as pd

from tumorcast.biology.pgs.score import DOMINANT, RECESSIVE, PolygenicScore
from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text
from tumorcast.readers.scoring_head import HARMONISED, PLACES, ScoringHead, need_build, read_head, score_name
from tumorcast.readers.scoring_rows import EXTRA, ScoringRows, check_rows

_ROWS_AT_ONCE = 100_000
_MOST_SHOWN = 5
_AROUND = ' \t\r\xa0"'
"""What may stand around a cell; a quotation mark of its own within a cell of a tabbed table is text."""
_LOGARITHMS = frozenset({"OR", "HR"})


def read_scoring_file(path: Path, skip_complex: bool = False) -> list[PolygenicScore]:
    """Its scores: one, or one each column `effect_weight_NAME` or value of `accession`.

    Args:
        skip_complex: rows that are no single variant are counted as not matched instead of refusing the file.

    Raises:
        InputError: no scoring file, complex or damaged rows, no places or none of a usable build.
    """
    head = read_head(path)
    rows = _read_rows(path, head)
    if rows.complex and not skip_complex:
        raise _refusal(
            path, rows.complex, "rows that are no single additive, dominant or recessive variant",
            "--skip-complex leaves them out and counts them as not matched; the sum is then another score",
        )  # fmt: skip
    if rows.malformed:
        raise _refusal(path, rows.malformed, "damaged rows", "download the file again, or mend these rows")
    if not len(rows.line):
        raise InputError(f"{path.name} holds no variant", got="a header alone")
    if not head.has_places:
        raise _refusal(
            path, rows.left_out, "no positions (no chr_name and chr_position, no hm_chr and hm_pos)",
            "rs numbers are not matched: take the harmonised file (PGS..._hmPOS_GRCh38.txt.gz)",
        )  # fmt: skip
    need_build(head, path)
    left_out = dict(rows.left_out) | rows.complex
    if len(left_out) == len(rows.line):
        raise _refusal(path, left_out, "no row that can be matched", "take the harmonised file of your build")
    return _scores(path, head, rows, left_out)


def _scores(
    path: Path, head: ScoringHead, rows: ScoringRows, left_out: Mapping[int, str]
) -> list[PolygenicScore]:
    notes = _notes(head, rows)
    name = score_name(head, path)
    if len(rows.weights) > 1:
        parts = [(word, np.arange(len(rows.line)), weight) for word, weight in rows.weights.items()]
    else:
        (weight,) = rows.weights.values()
        owners = rows.accession if rows.accession is not None else np.full(len(rows.line), name, object)
        parts = [(str(one), np.flatnonzero(owners == one), weight) for one in dict.fromkeys(owners)]
    return [
        PolygenicScore(
            word, head.build, rows.chromosome[at], rows.position[at], rows.effect[at], rows.other[at],
            weight[at], rows.frequency[at], rows.effect_type[at], rows.line[at],
            {n: left_out[row] for n, row in enumerate(at.tolist()) if row in left_out}, head.about, notes,
            _warnings(head, rows),
        )
        for word, at, weight in parts
    ]  # fmt: skip


def _read_rows(path: Path, head: ScoringHead) -> ScoringRows:
    parts = []
    first = 0
    for table in _tables(path, head):
        parts.append(check_rows(table, head, first))
        first += len(table)
    return ScoringRows.joined(parts)


def _tables(path: Path, head: ScoringHead) -> Iterator[pd.DataFrame]:
    """Pieces of the table as text, indexed by their line in the file; blank lines are left out."""
    names = [*head.columns, EXTRA]
    wanted = [n for n, name in enumerate(names) if _is_used(name, head)]
    try:
        with open_text(path) as text:
            for _ in range(head.n_lines):
                text.readline()
            numbers = head.separator.join(map(str, range(len(names))))
            whole = cast(TextIO, _Headed(numbers + "\n", text))
            pieces = pd.read_csv(
                whole, sep=head.separator, usecols=wanted, dtype=str, index_col=False,
                keep_default_na=False, chunksize=_ROWS_AT_ONCE, skip_blank_lines=False,
                quoting=csv.QUOTE_NONE if head.separator == "\t" else csv.QUOTE_MINIMAL,
            )  # fmt: skip
            for table in pieces:
                table.columns = [names[int(n)] for n in table.columns]
                table = table.fillna("").apply(lambda column: column.str.strip(_AROUND))
                table.index += head.n_lines + 1
                yield table[(table != "").any(axis=1)]
    except pd.errors.EmptyDataError:
        return
    except (pd.errors.ParserError, ValueError) as error:
        raise InputError(
            f"{path.name} is damaged", got=str(error).splitlines()[0],
            expected=f"{len(head.columns)} columns in every row",
        ) from None  # fmt: skip


class _Headed:
    """A text with another first line: as wide as any row may be, which pandas takes from there."""

    def __init__(self, head: str, text: TextIO) -> None:
        self._head, self._text = head, text

    def __iter__(self) -> Iterator[str]:
        return iter(self.read, "")

    def read(self, size: int = -1) -> str:
        """The head first, whatever the size."""
        head, self._head = self._head, ""
        return head or self._text.read(size)


_COLUMNS = frozenset(
    {
        "rsID", "effect_allele", "other_allele", "effect_weight", "effect_type", "is_haplotype", "is_diplotype",
        "is_interaction", "is_dominant", "is_recessive", "dosage_0_weight", "variant_type",
        "inclusion_criteria", "allelefrequency_effect", "hm_source", "hm_inferOtherAllele", "accession", EXTRA,
        *PLACES, *HARMONISED,
    }
)  # fmt: skip


def _is_used(name: str, head: ScoringHead) -> bool:
    if head.is_harmonised and name in PLACES:
        return False
    return name in _COLUMNS or name.startswith("effect_weight_")


def _refusal(path: Path, rows: Mapping[int, str], what: str, fix: str) -> InputError:
    shown = [rows[row] for row in sorted(rows)[:_MOST_SHOWN]]
    more = f"; and {len(rows) - _MOST_SHOWN} more" if len(rows) > _MOST_SHOWN else ""
    return InputError(
        f"{path.name} is refused: {what}", got=f"{len(rows)} rows: {'; '.join(shown)}{more}", fix=fix
    )


def _n_stated(head: ScoringHead) -> int:
    told = head.about.get("variants_number", "").replace(",", "").strip()
    return int(told) if told.isdecimal() else 0


def _warnings(head: ScoringHead, rows: ScoringRows) -> tuple[str, ...]:
    told, n = _n_stated(head), len(rows.line)
    if told <= n:
        return ()
    return (
        f"ATTENTION: the head says {told} variants, the file has {n} rows: it may be cut"
        " (the match rate is over its rows)",
    )


def _notes(head: ScoringHead, rows: ScoringRows) -> tuple[str, ...]:
    notes = []
    if head.build is None:
        notes.append("the file states no genome build: its positions are taken to be those of the genotypes")
    if 0 < (told := _n_stated(head)) < len(rows.line):
        notes.append(f"the head says {told} variants, the file has {len(rows.line)} rows")
    if head.about.get("weight_type", "").strip() in _LOGARITHMS:
        notes.append(f"weight_type={head.about['weight_type']}: the weights are summed as the file has them")
    for code, word in ((DOMINANT, "dominant"), (RECESSIVE, "recessive")):
        if n := int((rows.effect_type == code).sum()):
            notes.append(f"{n} {word} effects")
    return tuple(notes)
