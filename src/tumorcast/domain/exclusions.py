"""What was left out of a cohort, and why: reported at the end, never silently lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Exclusion:
    """One thing left out or repaired.

    Attributes:
        kind: "patient", "course", "sample", "slide", "variant" or "gene".
        id: its identifier in the study.
        reason: a short stable code such as "label_missing" or "no_overlap".
        detail: one sentence for a reader.
    """

    kind: str
    id: str
    reason: str
    detail: str = ""


def summarise(exclusions: Iterable[Exclusion]) -> list[str]:
    """Lines such as `12 genes: unknown_gene (ABC1, XYZ2, ...)`, most frequent first."""
    items = list(exclusions)
    counts = Counter((item.kind, item.reason) for item in items)
    lines = []
    for (kind, reason), count in counts.most_common():
        ids = [item.id for item in items if (item.kind, item.reason) == (kind, reason)]
        shown = ", ".join(ids[:5]) + (", ..." if len(ids) > 5 else "")
        lines.append(f"{count} {kind}{'' if count == 1 else 's'}: {reason} ({shown})")
    return lines
