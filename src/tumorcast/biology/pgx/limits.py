"""Why a gene may work less well than its call says, for readers of guidance that follows the call."""

from __future__ import annotations

from collections.abc import Iterable

from tumorcast.biology.pgx.beside_vcf import VCF_SAYS
from tumorcast.biology.pgx.call import HALF_READ, LOST, STRANGE, GeneCall
from tumorcast.biology.pgx.notes import KEY, PROTEIN, UNPHASED, notes_of
from tumorcast.biology.pgx.outside import GIVEN_LOWER
from tumorcast.biology.pgx.phenotypes import INDETERMINATE, NO_CALL, UNCHARACTERISED

_BEGINNINGS = {
    LOST: "loss-of-function or structural variants outside the named alleles: ",
    PROTEIN: "variants of unknown effect that change the protein: ",
    KEY: "key positions were not typed: ",
    UNPHASED: "not ruled out without phase: ",
    STRANGE: STRANGE,
    VCF_SAYS: VCF_SAYS,
    GIVEN_LOWER: "the call made elsewhere contradicts itself: ",
}
"""How a note begins -> how the limit does."""


def limits_of(call: GeneCall) -> tuple[str, ...]:
    """One reason each; () where there is none, or where nothing is told that guidance could follow."""
    return limits_in(notes_of(call), call.phenotype)


def limits_in(notes: Iterable[str], phenotype: str) -> tuple[str, ...]:
    """The same from the notes of a call as its files hold them."""
    if phenotype in (NO_CALL, INDETERMINATE, UNCHARACTERISED):
        return ()
    return tuple(dict.fromkeys(told for note in notes if (told := _limit(note))))


def _limit(note: str) -> str:
    """What a note says of a lower function, "" nothing."""
    for begins, told in _BEGINNINGS.items():
        if note.startswith(begins):
            return told + note.removeprefix(begins)
    return "a variant at a known position could not be read" if HALF_READ in note else ""
