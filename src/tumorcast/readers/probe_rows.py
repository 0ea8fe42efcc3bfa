"""A table of methylation as it passes by: chosen probes are kept, the rest helps to tell the scale."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare
from tumorcast.readers.methylation_layout import CPG, floats_of
from tumorcast.readers.methylation_scale import SCALE_WORDS, ColumnSpans, Scale, Span, span_of, to_betas

_SUFFIX = re.compile(r"((?:cg|ch\.|rs).+?)_[A-Za-z]+\d+")
_EVERY = 16
"""Of the probes that were not asked for, one in so many is read to tell the scale."""
_CHUNK_CELLS = 2_000_000
_LARGE = 100_000

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PassedTable:
    """What was kept.

    Attributes:
        spans: of each sample's values as they stand in the file.
        names: probes of `values`, without suffixes; a name may stand there several times.
        values: [names, samples], as in the file.
        means, n_summed: scale -> [samples], mean beta of every CpG, and of how many, were the file on that scale;
            NaN and 0 where the whole file was not read.
    """

    samples: tuple[str, ...]
    spans: Sequence[Span]
    names: Sequence[str]
    values: Numbers
    means: Mapping[Scale, Numbers]
    n_summed: Mapping[Scale, NDArray[np.int64]]


class WantedProbes:
    """Which rows or columns of a table are read, and what was seen of it."""

    def __init__(self, probes: Sequence[str], is_whole: bool) -> None:
        self.places = {name: place for place, name in enumerate(probes)}
        self.is_whole = is_whole
        self.n_cpgs = 0
        self.has_suffixes = False
        self._left_out: Counter[str] = Counter()

    def takes(self, name: str) -> bool:
        """Whether a probe is read: asked for, or a CpG that helps to tell the scale."""
        is_cpg = CPG.fullmatch(name) is not None
        base = base_name(name)
        self.n_cpgs += is_cpg
        self.has_suffixes |= is_cpg and base != name
        if base in self.places or (is_cpg and (self.is_whole or crc32(base.encode()) % _EVERY == 0)):
            return True
        if not is_cpg:
            self._left_out[{"rs": "SNP (rs)", "ch": "not CpG (ch)"}.get(name[:2], "others")] += 1
        return False

    def tell(self, file: str, report: list[Exclusion]) -> None:
        """What was no CpG and not asked for."""
        if self._left_out:
            told = ", ".join(f"{count} {kind}" for kind, count in self._left_out.items())
            report.append(Exclusion("feature", file, "not_cpg", f"left out: {told}"))


def base_name(probe: str) -> str:
    """A probe's name without the suffix that EPICv2 gives its replicates."""
    found = _SUFFIX.fullmatch(probe)
    return found[1] if found else probe


def read_rows(
    path: Path,
    separator: str,
    n_above: int,
    width: int,
    columns: Mapping[str, int],
    wanted: WantedProbes,
    report: list[Exclusion],
) -> PassedTable:
    """Probes as rows; `columns`: sample -> place.

    Raises:
        InputError: a row that is not as long as the header.
    """
    counts, spans, sums = CellCounts(), ColumnSpans(len(columns)), _Sums(len(columns))
    kept_names, parts = list[str](), [np.empty((0, len(columns)))]
    most = max(1, _CHUNK_CELLS // width)
    try:
        with open_text(path) as file:
            for names, text in _blocks(islice(file, n_above, None), separator, width, wanted, most):
                block = pd.read_csv(
                    StringIO(text), sep=separator, header=None, na_values=NOT_AVAILABLE, dtype={0: str},
                    quoting=csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL,
                )  # fmt: skip
                values = np.asarray(floats_of(block[list(columns.values())], counts, np.float64), float)
                spans.add(values)
                is_kept = np.array([base_name(name) in wanted.places for name in names], bool)
                kept_names += [base_name(name) for name, kept in zip(names, is_kept, strict=True) if kept]
                parts.append(values[is_kept])
                if wanted.is_whole:
                    sums.add(values[[CPG.fullmatch(name) is not None for name in names]])
    except (ValueError, KeyError) as error:
        got = str(error).splitlines()[0]
        raise InputError(
            f"{path.name} is not a table", got=got, expected="rows as long as the header"
        ) from None
    counts.tell(path.name, report)
    all_spans = [spans[place] for place in range(len(columns))]
    return PassedTable(
        tuple(columns), all_spans, kept_names, np.concatenate(parts), sums.means(), sums.n_summed
    )


def _blocks(
    lines: Iterator[str], separator: str, width: int, wanted: WantedProbes, most: int
) -> Iterator[tuple[list[str], str]]:
    """(probes, text) of the rows that are read, `most` at a time."""
    names, kept = list[str](), list[str]()
    for line in lines:
        name = bare(line.split(separator, 1)[0])
        if not name or not wanted.takes(name):
            continue
        n_cells = line.count(separator) + 1
        if n_cells != width and '"' not in line:
            raise ValueError(f"{n_cells} cells in the row of {name}, {width} columns")
        kept.append(line if line.endswith("\n") else f"{line}\n")
        names.append(name)
        if len(kept) == most:
            yield names, "".join(kept)
            names, kept = [], []
    if kept:
        yield names, "".join(kept)


def read_columns(
    path: Path, separator: str, n_above: int, header: list[str], wanted: WantedProbes, report: list[Exclusion]
) -> PassedTable:
    """Probes as columns, a sample a row; the first row of a sample counts, others are reported.

    Raises:
        InputError: a row that is not as long as the header, or no row.
    """
    counts, spans, rows = CellCounts(), list[Span](), dict[str, Numbers]()
    places = [place for place, name in enumerate(header) if place and wanted.takes(name)]
    names = [base_name(header[place]) for place in places]
    is_kept = np.array([name in wanted.places for name in names], bool)
    is_cpg = np.array([CPG.fullmatch(header[place]) is not None for place in places], bool)
    sums = list[_Sums]()
    with open_text(path) as file:
        for cells in filter(None, csv.reader(islice(file, n_above, None), delimiter=separator)):
            sample = bare(cells[0])
            if len(cells) != len(header):
                got = f"{len(cells)} cells in the row of {sample}, {len(header)} columns"
                raise InputError(f"{path.name}: a row is not as long as the header", got=got)
            if sample in rows:
                report.append(Exclusion("sample", sample, "duplicate_row"))
                continue
            values = _numbers([cells[place] for place in places], counts)
            rows[sample] = values[is_kept]
            spans.append(span_of(values))
            sums.append(_Sums(1))
            if wanted.is_whole:
                sums[-1].add(values[is_cpg, None])
    counts.tell(path.name, report)
    if not rows:
        raise InputError(f"{path.name} holds no samples", expected="a row a sample")
    kept = [name for name, is_in in zip(names, is_kept, strict=True) if is_in]
    total = _Sums.joined(sums)
    return PassedTable(
        tuple(rows), spans, kept, np.stack(list(rows.values())).T, total.means(), total.n_summed
    )


def _numbers(cells: Sequence[str], counts: CellCounts) -> Numbers:
    known = [None if cell in NOT_AVAILABLE else cell for cell in cells]
    return np.asarray(
        floats_of(pd.DataFrame({0: pd.Series(known, dtype=object)}), counts, np.float64)[:, 0], float
    )


class _Sums:
    """Sums of betas, were the file on each scale."""

    def __init__(self, n_samples: int) -> None:
        self._sums: dict[Scale, Numbers] = {scale: np.zeros(n_samples) for scale in SCALE_WORDS}
        self.n_summed: dict[Scale, NDArray[np.int64]] = {
            scale: np.zeros(n_samples, np.int64) for scale in SCALE_WORDS
        }

    def add(self, values: Numbers) -> None:
        """[CpGs, samples]. A large block without any negative value is taken for no M-values."""
        lowest = np.fmin.reduce(values, axis=None) if values.size else np.nan
        for scale in SCALE_WORDS:
            if scale == "m" and values.size > _LARGE and lowest >= 0:
                continue
            betas = values.copy()
            to_betas(betas, scale)
            self._sums[scale] += np.nansum(betas, axis=0)
            self.n_summed[scale] += (~np.isnan(betas)).sum(axis=0)

    def means(self) -> dict[Scale, Numbers]:
        """[samples]; NaN of nothing."""
        return {
            scale: total / np.where(self.n_summed[scale] > 0, self.n_summed[scale], np.nan)
            for scale, total in self._sums.items()
        }

    @classmethod
    def joined(cls, sums: Sequence[_Sums]) -> _Sums:
        """Samples of several, one after another."""
        made = cls(0)
        for scale in SCALE_WORDS:
            made._sums[scale] = np.concatenate([one._sums[scale] for one in sums])
            made.n_summed[scale] = np.concatenate([one.n_summed[scale] for one in sums])
        return made
