"""What a reader of a call must know beside it."""

from __future__ import annotations

from collections.abc import Sequence

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.loss import LOSS, changes_protein

_SHOWN = 6
PROTEIN = "uncharacterised variants that change the protein, effect unknown: "
UNPHASED = "cannot be ruled out without phase: "
KEY = "key positions not typed, function may be lower: "


def notes_of(call: GeneCall) -> list[str]:
    """Everything that a reader of the call must know, most important first."""
    notes = list(call.notes)
    if call.alternatives:
        notes.append(f"{UNPHASED}{_some(call.alternatives)}")
    is_withheld = any(note.startswith("not told as") for note in call.notes)
    if call.is_called and call.missing_key and not is_withheld:
        notes.append(f"{KEY}{', '.join(call.missing_key)}")
    if call.is_called and call.missing and not call.is_outside:
        shown = ", ".join(call.missing[:_SHOWN]) + (" ..." if len(call.missing) > _SHOWN else "")
        notes.append(f"{len(call.missing)} of {call.n_positions} positions not typed: {shown}")
    lost = [one.name for one in call.others if one.kind == LOSS]
    if lost and not call.is_called:
        notes.append(f"loss-of-function or structural variants, uncharacterised: {', '.join(lost[:_SHOWN])}")
    unknown = [one for one in call.others if one.kind != LOSS]
    changing = [one.name for one in unknown if changes_protein(one.why)]
    rest = [one.name for one in unknown if not changes_protein(one.why)]
    if changing:
        notes.append(f"{PROTEIN}{_some(changing)}")
    if rest:
        notes.append(f"uncharacterised variants, effect unknown: {_some(rest)}")
    if call.gene == "DPYD" and call.is_called:
        notes.append("absence of known DPYD variants does not mean that a fluoropyrimidine is safe to dose")
    return notes


def _some(names: Sequence[str]) -> str:
    more = "" if len(names) <= _SHOWN else f" and {len(names) - _SHOWN} more"
    return f"{', '.join(names[:_SHOWN])}{more}"
