"""Weighted sums of effect alleles over blocks of genotypes, for all scores and samples at once, in bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.pgs.dosage import DosagePolicy, EffectRows, effect_dosages
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
from tumorcast.biology.pgs.places import PlacedRows

_MOST_CELLS = 1 << 21
"""Rows times samples that are worked on at once."""


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
    names: dict[int, tuple[str, str]] = field(default_factory=dict)


class ScoreSums:
    """Takes blocks, holds sums.

    Attributes:
        sums: [n_scores, n_samples].
        missing_weight: [n_scores, n_samples], absolute weight of matched rows that a sample was not read at.
        outcomes: of every row.
    """

    def __init__(self, rows: PlacedRows, n_samples: int, matching: MatchPolicy, dosage: DosagePolicy) -> None:
        self._rows, self._matching, self._dosage = rows, matching, dosage
        scores = rows.scores
        take = [(scores[n], int(row)) for n, row in zip(rows.score, rows.row, strict=True)]
        self._effect = [str(score.effect[row]) for score, row in take]
        self._other = [score.other[row] for score, row in take]
        self._weight = np.array([score.weight[row] for score, row in take], np.float64)
        self._chromosome = np.array([score.chromosome[row] for score, row in take], np.int64)
        self._effect_type = np.array([score.effect_type[row] for score, row in take], np.int8)
        self._frequency = np.array([score.frequency[row] for score, row in take], np.float64)
        n = len(take)
        self.sums = np.zeros((len(scores), n_samples))
        self.missing_weight = np.zeros((len(scores), n_samples))
        self.outcomes = RowOutcomes(
            np.full(n, NO_RECORD, np.int8), np.zeros(n, bool), np.zeros(n, bool), np.zeros(n, bool),
            np.zeros(n, np.int64), np.full(n, np.nan),
        )  # fmt: skip

    def add(self, block: GenotypeBlock) -> None:
        """Match the block's places, count and sum."""
        found: list[tuple[int, int, int]] = []
        mates: dict[int, tuple[int, ...]] = {}
        start = 0
        records = block.records
        while start < len(records):
            end = start + 1
            while end < len(records) and records[end].place == records[start].place:
                end += 1
            for number, match in self._match(records[start:end], records[start].place):
                if match.reason == MATCHED:
                    if end - start > 1 and (same := _split_mates(records[start:end], match.record)):
                        mates[len(found)] = tuple(start + n for n in same)
                    found.append((number, start + match.record, match.allele))
            start = end
        at_once = max(1, _MOST_CELLS // max(1, self.sums.shape[1]))
        for first in range(0, len(found), at_once):
            part = np.array(found[first : first + at_once], np.int64)
            here = {n - first: one for n, one in mates.items() if first <= n < first + at_once}
            self._sum(block, part, here)

    def _match(self, records: Sequence[Record], place: int) -> list[tuple[int, Match]]:
        numbers = self._rows.at(place)
        rows = [(int(self._rows.score[n]), self._effect[n], self._other[n]) for n in numbers]
        matches = match_place(rows, records, self._matching)
        told = self.outcomes
        for n, match in zip(numbers, matches, strict=True):
            told.reason[n] = match.reason
            told.is_flipped[n], told.is_ambiguous[n] = match.is_flipped, match.is_ambiguous
            record = records[max(match.record, 0)]
            if match.reason != OTHER_ALLELES:
                told.is_multiallelic[n] = len(record.alts) > 1
            told.names[n] = (record.ref, ",".join(record.alts) or ".")
        return list(zip(numbers, matches, strict=True))

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
        if made.is_missing is not None:
            self.outcomes.n_missing[number] = made.is_missing.sum(axis=1)
        self.outcomes.frequency[number] = made.frequency
        score, weight = self._rows.score[number], np.where(usable, self._weight[number], 0.0)
        for n in np.unique(score):
            mine = score == n
            self.sums[n] += weight[mine] @ made.dosage[mine]
            if made.is_missing is not None and made.is_missing[mine].any():
                gone = mine & made.is_missing.any(axis=1)
                self.missing_weight[n] += np.abs(weight[gone]) @ made.is_missing[gone]


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
