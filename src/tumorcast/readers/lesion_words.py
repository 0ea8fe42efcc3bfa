"""Words of lesion tables -> states: RECIST case report forms, CDISC's terminology, spreadsheets."""

from __future__ import annotations

import re

from tumorcast.biology.recist.lesions import Kind, State

_STATES: dict[State, tuple[str, ...]] = {
    "too_small": ("too small to measure", "too small", "tstm", "below measurable limit", "non-measurable"),
    "absent": ("absent", "disappeared", "resolved", "gone", "not present", "complete response", "cr"),
    "present": (
        "present", "stable", "unchanged", "non-cr/non-pd", "not unequivocal progression", "decreased",
        "non-unequivocal progression", "unequivocal", "persistent",
    ),
    "progressed": ("progressed", "unequivocal progression", "progression", "pd", "progressive disease"),
    "increased": ("increased", "further increase", "increased further", "larger", "worsened"),
    "equivocal": ("equivocal", "possible", "uncertain"),
    "merged": ("merged", "coalesced"),
    "not_evaluated": (
        "not evaluable", "not evaluated", "ne", "not done", "unknown", "missing", "not all evaluated",
        "inevaluable", "unable to evaluate", "not assessed", "nd", "u",
    ),
}  # fmt: skip
_KINDS: dict[Kind, tuple[str, ...]] = {
    "target": ("target", "t"),
    "non_target": ("non-target", "nontarget", "non target", "nt"),
    "new": ("new", "new lesion", "new target", "new non-target"),
}
_STATE_OF = {word: state for state, words in _STATES.items() for word in words}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}
_NODE = re.compile(r"\b(lymph|nodes?|nodal|lns?)\b|lymph[\s_-]*nod|adenopath", re.IGNORECASE)


def state_of(text: str) -> State | None:
    """The state that a word stands for; None unknown."""
    return _STATE_OF.get(_plain(text))


def kind_of(text: str) -> Kind | None:
    """Target, non-target or new; None unknown."""
    return _KIND_OF.get(_plain(text))


def is_node_organ(organ: str) -> bool:
    """Whether an organ's name is of lymph nodes."""
    return _NODE.search(organ) is not None


def _plain(text: str) -> str:
    return re.sub(r"\s+", " ", text.strip().lower().replace("_", " "))
