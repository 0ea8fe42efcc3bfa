"""Why a gene may work less well than its call says, for readers of guidance that follows the call."""

from __future__ import annotations

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.loss import LOSS
from tumorcast.biology.pgx.phenotypes import INDETERMINATE, NO_CALL, UNCHARACTERISED

_SHOWN = 4


def limits_of(call: GeneCall) -> tuple[str, ...]:
    """One reason each; () where there is none, or where nothing is told that guidance could follow."""
    if call.phenotype in (NO_CALL, INDETERMINATE, UNCHARACTERISED):
        return ()
    told = []
    if lost := [one.name for one in call.others if one.kind == LOSS]:
        told.append(f"loss-of-function or structural variants outside the named alleles: {_some(lost)}")
    if call.missing_key:
        told.append(f"key positions were not typed: {_some(call.missing_key)}")
    if any("was not read and" in note for note in call.notes):
        told.append("one strand was not read at a position with a variant")
    if call.alternatives:
        told.append(f"not ruled out without phase: {_some(call.alternatives)}")
    return tuple(told)


def _some(names: tuple[str, ...] | list[str]) -> str:
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    return f"{', '.join(names[:_SHOWN])}{more}"
