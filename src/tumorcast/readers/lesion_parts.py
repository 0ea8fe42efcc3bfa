"""Split and merged lesions: fragments are summed, what has coalesced is counted once (RECIST 1.1, section 4.3.2)."""

from __future__ import annotations

from collections.abc import Mapping

from tumorcast.biology.recist.lesions import Finding, Lesion, State
from tumorcast.biology.recist.problems import RefusedError

_WORST: tuple[State, ...] = ("progressed", "increased", "present", "not_evaluated")


def joined_parts(findings: Mapping[str, Finding], lesions: Mapping[str, Lesion]) -> dict[str, Finding]:
    """Findings of the lesions that were there before they split or merged.

    `T1.1` and `T1.2` are fragments of `T1`: their longest diameters add up, and without them the worst
    state counts. `T1/T2` is the lesion that T1 and T2
    have become: its longest diameter stands for T1, and T2 is "merged" into it.

    Raises:
        RefusedError: a whole beside its fragments, or a part of a merged lesion beside it.
    """
    made = {name: one for name, one in findings.items() if "/" not in name and _whole(name, lesions) is None}
    fragments: dict[str, list[Finding]] = {}
    for name, one in findings.items():
        whole = _whole(name, lesions)
        if whole is not None:
            fragments.setdefault(whole, []).append(one)
        if "/" in name:
            first, *rest = name.split("/")
            _place(made, first, one)
            for other in rest:
                _place(made, other, Finding("merged"))
    for whole, parts in fragments.items():
        _place(made, whole, _sum(parts))
    return made


def _whole(name: str, lesions: Mapping[str, Lesion]) -> str | None:
    whole, dot, _ = name.partition(".")
    return whole if dot and whole in lesions else None


def _place(made: dict[str, Finding], name: str, finding: Finding) -> None:
    if name in made and made[name].state not in ("merged", "not_evaluated"):
        raise RefusedError("lesion_twice", f"{name} beside what it split or merged into")
    made[name] = finding


def _sum(parts: list[Finding]) -> Finding:
    sizes = [part.counted_mm() for part in parts]
    known = [size for size in sizes if size is not None]
    size = sum(known) if len(known) == len(sizes) else None
    states = {
        "present" if part.state in ("measured", "too_small") and part.counted_mm() else part.state
        for part in parts
    }
    worst = next((state for state in _WORST if state in states), None)
    if size is None:
        return Finding(worst or "not_evaluated")
    return Finding(worst if worst in ("progressed", "increased") else "measured", size)
