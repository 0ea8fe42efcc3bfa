"""Whether calls can be used: a gene told twice, or against its own score or notes, is refused, never chosen among."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tumorcast.biology.pgx.call import LOST, GeneCall
from tumorcast.biology.pgx.levels import is_against_score
from tumorcast.biology.pgx.notes import KEY
from tumorcast.biology.pgx.phenotypes import NO_CALL, NORMAL
from tumorcast.domain.errors import InputError


def check_calls(calls: Sequence[GeneCall], notes: Sequence[Sequence[str]], file: str) -> None:
    """Raise `InputError` where the calls of one sample cannot all be true.

    Args:
        notes: of each call, as the file has them.
    """
    genes = [call.gene for call in calls]
    for gene in (gene for n, gene in enumerate(genes) if gene in genes[:n]):
        raise _refused(file, f"{gene} stands twice in a sample")
    for call, told in zip(calls, notes, strict=True):
        if why := _contradiction(call, told):
            raise _refused(file, f"{call.gene} {why}")


def _contradiction(call: GeneCall, notes: Sequence[str]) -> str:
    score = call.activity_score
    if score is not None and not (math.isfinite(score) and score >= 0):
        return "has an activity score that is no number from 0 on"
    if call.phenotype == NO_CALL and (call.diplotype or score is not None):
        return "was not called and has a result"
    if score is not None and is_against_score(call.gene, score, call.phenotype):
        return "has a phenotype that is not that of its activity score"
    if any(word in NORMAL for word in call.phenotype.split(" OR ")):
        if any(note.startswith(LOST) for note in notes):
            return "is told as normal beside a loss-of-function variant"
        if not call.is_outside and any(note.startswith(KEY) for note in notes):
            return "is told as normal and its key positions were not typed"
    return ""


def _refused(file: str, got: str) -> InputError:
    return InputError(
        f"{file} contradicts itself", got=got, expected="one call of a gene", fix="make it again"
    )
