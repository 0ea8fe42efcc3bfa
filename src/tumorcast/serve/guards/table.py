"""Every code that a finding can have: which point of docs/safety.md it is of, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["refuse", "leave_out", "warn", "note"]


@dataclass(frozen=True)
class Rule:
    """What follows from a finding.

    Attributes:
        point: of docs/safety.md.
        action: "refuse" the course, "leave_out" the layer, "warn" beside the number, or "note" for the record.
        may: actions that a lab's policy may choose instead.
        is_shown: about whom the model knows: a demonstration, which is watermarked, warns and goes on.
    """

    point: int
    action: Action
    may: tuple[Action, ...] = ()
    is_shown: bool = False


RULES: dict[str, Rule] = {
    # origin
    "simulated_model": Rule(1, "refuse", is_shown=True),
    "simulated_study": Rule(1, "warn"),
    # nothing to say anything from
    "nothing_usable": Rule(2, "refuse"),
    "not_used": Rule(2, "warn"),
    "not_on_scale": Rule(2, "leave_out", ("refuse",), is_shown=True),
    # slide
    "not_he": Rule(2, "refuse", ("leave_out",)),
    "slide_unfit": Rule(2, "warn", ("refuse",)),
    "slide_doubtful": Rule(2, "warn", ("refuse", "note")),
    # timing
    "taken_after_start": Rule(2, "warn", ("refuse",)),
    "date_unknown": Rule(2, "note", ("warn", "refuse")),
    "procedure_not_wanted": Rule(2, "warn", ("refuse",)),
    # domain
    "line_not_seen": Rule(3, "refuse"),
    "treatment_not_seen": Rule(3, "refuse", is_shown=True),
    "treatment_partly_seen": Rule(3, "warn", ("refuse", "note")),
    "treatment_not_recorded": Rule(3, "warn", ("refuse", "note")),
    "unlike_training": Rule(3, "refuse", ("warn",), is_shown=True),
    # attribution
    "attention_hidden": Rule(8, "note", ("warn",)),
}
"""By stable code."""
