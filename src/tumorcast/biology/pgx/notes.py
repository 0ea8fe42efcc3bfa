"""What a reader of a call must know beside it."""

from __future__ import annotations

from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.loss import LOSS

_SHOWN = 6


def notes_of(call: GeneCall) -> list[str]:
    """Everything that a reader of the call must know, most important first."""
    notes = list(call.notes)
    if call.alternatives:
        more = "" if len(call.alternatives) <= _SHOWN else f" and {len(call.alternatives) - _SHOWN} more"
        notes.append(f"cannot be ruled out without phase: {', '.join(call.alternatives[:_SHOWN])}{more}")
    is_withheld = any(note.startswith("not told as") for note in call.notes)
    if call.is_called and call.missing_key and not is_withheld:
        notes.append(f"key positions not typed, function may be lower: {', '.join(call.missing_key)}")
    if call.is_called and call.missing and not call.is_outside:
        shown = ", ".join(call.missing[:_SHOWN]) + (" ..." if len(call.missing) > _SHOWN else "")
        notes.append(f"{len(call.missing)} of {call.n_positions} positions not typed: {shown}")
    lost = [one.name for one in call.others if one.kind == LOSS]
    if lost and not call.is_called:
        notes.append(f"loss-of-function or structural variants, uncharacterised: {', '.join(lost[:_SHOWN])}")
    unknown = [one.name for one in call.others if one.kind != LOSS]
    if unknown:
        more = "" if len(unknown) <= _SHOWN else f" and {len(unknown) - _SHOWN} more"
        notes.append(f"uncharacterised variants, effect unknown: {', '.join(unknown[:_SHOWN])}{more}")
    if call.gene == "DPYD" and call.is_called:
        notes.append("absence of known DPYD variants does not mean that a fluoropyrimidine is safe to dose")
    return notes
