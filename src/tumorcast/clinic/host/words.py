"""The host in words: sentences that panel, page and print share."""

from __future__ import annotations

from collections.abc import Sequence

TITLE = "Host: the patient's own genome and methylome"
STATEMENT = (
    "Beside the prediction: these findings moved no number and no regimen's place. Guidance is quoted with its source "
    "and date; no dose is computed. Shown are genes that guidance on the drugs at hand rests on, and scores and clocks "
    "that were asked for; nothing else."
)
DPYD_LIMIT = "Absence of known DPYD variants does not mean safe to dose."
DPYD_NOTE = "absence of known DPYD variants"
"""How the same limit begins among the notes of a call."""
NOT_TESTED = "No pharmacogenes of this patient were given: {genes} not tested, which is not normal."
IN_FORCE = "Clinical guidance in force and the laboratory's own report count."
SCORE_LIMIT = (
    "A sum of weights is no risk and no diagnosis: it compares people of one ancestry who were genotyped alike. A "
    "percentile stands within its reference ancestry alone."
)
CLOCK_LIMIT = (
    "A clock's age is a statistical read-out of methylation, not a diagnosis. Of tumour tissue no age is given. Of "
    "blood it is the host's, and wrong in leukaemia."
)
DONOR = (
    "After a transplant of blood stem cells, blood carries the donor's genome and methylome. When samples were taken "
    "is not in these files."
)
OTHERWISE = "Pharmacogenomic guidance asks for something else than usual on {drugs}: see Host."
NOTHING_KNOWN = (
    "The pharmacogenes that guidance on {drugs} rests on are not known, which is not normal: see Host."
)
DECLARED = "sample {sample}: that it is this patient's was declared with the file, its name does not say so"


def old_tables(tables: Sequence[tuple[str, str]]) -> str:
    """Of (name, date) of those that are old."""
    told = ", ".join(f"{name.removeprefix('pgx_').replace('_', ' ')} ({date})" for name, date in tables)
    return f"Pharmacogenomic tables are older than 12 months, guidance may have changed since: {told}."


def action_of(state: str, action: str) -> str:
    """What kind of thing guidance says: `lower dose`, `no change`; or that it is not known."""
    return "not known" if state == "not known" else action
