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
    # slide
    "not_he": Rule(2, "refuse", ("leave_out",)),
    "slide_unfit": Rule(2, "warn", ("refuse",)),
    "slide_doubtful": Rule(2, "warn", ("refuse", "note")),
    "preparation_not_seen": Rule(2, "refuse", ("leave_out", "warn"), is_shown=True),
    "preparation_not_declared": Rule(2, "refuse", ("leave_out", "warn"), is_shown=True),
    "no_tumour": Rule(2, "refuse"),
    "little_tissue": Rule(2, "refuse", ("warn",), is_shown=True),
    # timing
    "taken_after_start": Rule(2, "warn", ("refuse",)),
    "all_tissue_after_start": Rule(2, "refuse", ("warn",)),
    "date_unknown": Rule(2, "note", ("warn", "refuse")),
    "procedure_not_wanted": Rule(2, "warn", ("refuse",)),
    # one patient
    "sex_contradiction": Rule(2, "refuse", ("warn",)),
    "same_as_another_patient": Rule(2, "refuse", ("warn",)),
    "samples_share_nothing": Rule(2, "warn", ("refuse", "note")),
    # sequencing
    "low_purity": Rule(2, "refuse", ("warn",)),
    "low_purity_estimated": Rule(2, "warn", ("refuse", "note")),
    "panel_too_small": Rule(2, "leave_out", ("refuse",)),
    "panel_unlike_training": Rule(2, "leave_out", ("refuse", "warn"), is_shown=True),
    "not_on_scale": Rule(2, "leave_out", ("refuse",), is_shown=True),
    "too_few_features": Rule(2, "leave_out", ("refuse",)),
    # domain
    "cancer_type_not_seen": Rule(3, "refuse", ("warn",), is_shown=True),
    "cancer_type_not_declared": Rule(3, "refuse", ("warn",), is_shown=True),
    "line_not_seen": Rule(3, "refuse"),
    "treatment_not_seen": Rule(3, "refuse", is_shown=True),
    "treatment_partly_seen": Rule(3, "warn", ("refuse", "note")),
    "treatment_not_recorded": Rule(3, "warn", ("refuse", "note")),
    "scanner_not_seen": Rule(3, "refuse", ("leave_out", "warn"), is_shown=True),
    "scanner_not_declared": Rule(3, "warn", ("refuse", "note")),
    "unlike_training": Rule(3, "refuse", ("warn",), is_shown=True),
    # patterns of layers
    "pattern_not_validated": Rule(4, "warn", ("refuse",)),
    # attribution
    "attention_hidden": Rule(8, "note", ("warn",)),
}
"""By stable code."""
