"""Weighted sums of effect alleles over blocks of genotypes, for all scores and samples at once, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.dosage import NONE, DosagePolicy, EffectRows, effect_dosages
from tumorcast.biology.pgs.genotypes import GenotypeBlock, Record
from tumorcast.biology.pgs.matching import (
    MATCHED,
    NO_RECORD,
    NOT_READ,
    OTHER_ALLELES,
    Match,
    MatchPolicy,
    match_place,
)  # fmt: skip
from tumorcast.biology.pgs.open_x import OpenX
from tumorcast.biology.pgs.places import PlacedRows
from tumorcast.biology.pgs.score import X

_MOST_CELLS = 1 << 21
"""Rows times samples that are worked on at once."""
_MOST_KNOWN = 100_000


@dataclass
class RowOutcomes:
    """What became of every row of `PlacedRows`: [n_rows] each.

    Attributes:
        reason: a code of `matching.REASONS`. names: (REF, ALT) of the record, None without one.
        n_missing: samples not read. frequency: of the effect allele among the samples.
    """

    reason: NDArray[np.int8]
    is_flipped: NDArray[np.bool_]
    is_ambiguous: NDArray[np.bool_]
    is_multiallelic: NDArray[np.bool_]
    n_missing: NDArray[np.int64]
    frequency: NDArray[np.float64]
    names: NDArray[np.object_]

    @classmethod
    def of_none(cls, n: int) -> RowOutcomes:
        """No row has met a record."""
        return cls(
            np.full(n, NO_RECORD, np.int8), np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool),
            np.zeros(n, np.int64), np.full(n, np.nan), np.full(n, None, object),
        )  # fmt: skip


class ScoreSums:
    """Takes blocks, holds sums.

    Attributes:
        sums: [n_scores, n_samples]; `of_score` corrects them when all was read.
        missing_weight: [n_scores, n_samples], absolute weight of matched rows that a sample was not read at.
        outcomes: of every row. n_nan: dosages written as no number.
    """

    def __init__(self, rows: PlacedRows, n_samples: int, matching: MatchPolicy, dosage: DosagePolicy) -> None:
        self._rows, self._matching, self._dosage = rows, matching, dosage
        self._effect, self._other = rows.column("effect"), rows.column("other")
        self._weight, self._chromosome = rows.column("weight"), rows.column("chromosome")
        self._effect_type, self._frequency = rows.column("effect_type"), rows.column("frequency")
        self.sums = np.zeros((len(rows.scores), n_samples))
        self.missing_weight = np.zeros((len(rows.scores), n_samples))
        self.outcomes = RowOutcomes.of_none(len(rows.row))
        self.n_nan = 0
        self._names: dict[tuple[str, str], tuple[str, str]] = {}
        self._known: dict[tuple[object, ...], list[Match]] = {}
        is_halved = dosage.haploid_x == 1 and dosage.missing != NONE
        self._open_x = OpenX(*self.sums.shape) if is_halved else None

    def of_score(self, score: int) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(sums, whether missing genotypes on X leave them unknown: of one strand or of two); [n_samples]."""
        if self._open_x is None:
            return self.sums[score], np.zeros(self.sums.shape[1], bool)
        return self.sums[score] - self._open_x.surplus(score), self._open_x.is_unknown(score)

    def add(self, block: GenotypeBlock) -> None:
        """Match the block's places, count and sum."""
        self.n_nan += block.n_nan
        found: list[tuple[int, int, int]] = []
        mates: dict[int, tuple[int, ...]] = {}
        start = 0
        records = block.records
        while start < len(records):
            end = start + 1
            while end < len(records) and records[end].place == records[start].place:
                end += 1
            site = records[start:end]
            numbers = self._rows.at(site[0].place)
            for number, match in zip(numbers, self._match(site, numbers), strict=True):
                if match.reason == MATCHED:
                    if len(site) > 1 and (same := _split_mates(site, match.record)):
                        mates[len(found)] = tuple(start + n for n in same)
                    found.append((number, start + match.record, match.allele))
            start = end
        at_once = max(1, _MOST_CELLS // max(1, self.sums.shape[1]))
        for first in range(0, len(found), at_once):
            part = np.array(found[first : first + at_once], np.int64)
            here = {n - first: one for n, one in mates.items() if first <= n < first + at_once}
            self._sum(block, part, here)

    def _match(self, records: Sequence[Record], numbers: range) -> list[Match]:
        if len(numbers) == len(records) == 1:
            matches = self._match_one(records, numbers.start)
        else:
            rows = [(int(self._rows.score[n]), self._effect[n], self._other[n]) for n in numbers]
            matches = match_place(rows, records, self._matching)
        told = self.outcomes
        for n, match in zip(numbers, matches, strict=True):
            told.reason[n] = match.reason
            if match.is_flipped or match.is_ambiguous:
                told.is_flipped[n], told.is_ambiguous[n] = match.is_flipped, match.is_ambiguous
            record = records[max(match.record, 0)]
            if len(record.alts) > 1 and match.reason != OTHER_ALLELES:
                told.is_multiallelic[n] = True
            name = (record.ref, ",".join(record.alts) or ".")
            told.names[n] = self._names.setdefault(name, name)
        return matches

    def _match_one(self, records: Sequence[Record], number: int) -> list[Match]:
        """As `match_place` of one row and record, which most are, remembered by their alleles."""
        effect, other = self._effect[number], self._other[number]
        key = effect, other, records[0].ref, records[0].alts
        if (found := self._known.get(key)) is None:
            found = match_place([(0, effect, other)], records, self._matching)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = found
        return found

    def _sum(self, block: GenotypeBlock, part: NDArray[np.int64], mates: dict[int, tuple[int, ...]]) -> None:
        number, record, allele = part.T
        rows = EffectRows(
            record,
            allele,
            self._chromosome[number],
            self._effect_type[number],
            self._frequency[number],
            mates,
        )
        made = effect_dosages(block, rows, self._dosage)
        usable = made.is_usable
        self.outcomes.reason[number[~usable]] = NOT_READ
        self.outcomes.n_missing[number] = made.n_missing()
        self.outcomes.frequency[number] = made.frequency
        score, weight = self._rows.score[number], np.where(usable, self._weight[number], 0.0)
        present, which = np.unique(score, return_inverse=True)
        weights = np.zeros((len(present), len(score)))
        weights[which, np.arange(len(score))] = weight
        with np.errstate(over="ignore", invalid="ignore"):
            self.sums[present] += weights @ made.dosage
        if made.missing is not None:
            row, sample = made.missing
            for one, mine in zip(present, np.abs(weights), strict=True):
                self.missing_weight[one] += np.bincount(sample, mine[row], self.sums.shape[1])
        if self._open_x is not None and (at := np.flatnonzero(rows.chromosome == X)).size:
            is_missing = made.is_missing()[at]
            self._open_x.add(
                present, weights[:, at], made.dosage[at], is_missing, block.strands(rows.record[at])
            )


def _split_mates(records: Sequence[Record], mine: int) -> tuple[int, ...]:
    """Other records of one site of single bases whose alternates were split."""
    own = records[mine]
    if len(own.ref) != 1 or len(own.alts) != 1 or len(own.alts[0]) != 1:
        return ()
    return tuple(
        n
        for n, one in enumerate(records)
        if n != mine
        and one.ref == own.ref
        and len(one.alts) == 1
        and len(one.alts[0]) == 1
        and one.alts != own.alts
    )
