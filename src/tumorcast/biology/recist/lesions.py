"""What the rules work on: a patient's lesions and what was found of each at every assessment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["target", "non_target", "new"]
State = Literal[
    "measured", "too_small", "absent", "present", "progressed", "increased", "equivocal", "merged", "not_evaluated"
]  # fmt: skip

TOO_SMALL_MM = 5.0
"""What a lesion that is there but too small to measure counts as (RECIST 1.1, section 4.3.2)."""
NORMAL_NODE_MM = 10.0
"""Short axis below which a node is normal."""


@dataclass(frozen=True)
class Lesion:
    """One lesion.

    Attributes:
        id: within the patient.
        kind: target and non-target at baseline; new after it.
        organ: as the table says, "" unknown.
        is_node: measured by its short axis.
    """

    id: str
    kind: Kind
    organ: str = ""
    is_node: bool = False


@dataclass(frozen=True)
class Finding:
    """What was seen of one lesion at one assessment.

    Attributes:
        state: "measured" has a size; "too_small" is there, unmeasured; "absent" is gone; "present", "progressed"
            (unequivocally) and "increased" (larger, not unequivocally progressed) are judged by eye; "equivocal"
            is a new lesion that may be none; "merged" is counted in another lesion; "not_evaluated" is unknown.
        size_mm: longest diameter, a node's short axis, beside any state that is judged by eye too; None unmeasured.
    """

    state: State
    size_mm: float | None = None

    def counted_mm(self) -> float | None:
        """What it adds to the sum of diameters; None where that is unknown."""
        if self.size_mm is not None and self.state not in ("merged", "not_evaluated"):
            return self.size_mm
        if self.state == "too_small":
            return TOO_SMALL_MM
        return 0.0 if self.state in ("absent", "merged") else None

    def is_seen(self, is_node: bool) -> bool | None:
        """Whether disease is there: a node of 10 mm or more, anything at all elsewhere; None unknown."""
        if self.state in ("not_evaluated", "equivocal"):
            return None
        if self.state in ("absent", "merged"):
            return False
        if self.state == "too_small":
            return not is_node
        if self.size_mm is None:
            return True
        return self.size_mm >= NORMAL_NODE_MM if is_node else self.size_mm > 0


NOT_EVALUATED = Finding("not_evaluated")


@dataclass(frozen=True)
class Assessment:
    """One round of imaging.

    Attributes:
        first_day: of its scans: progression is dated to it.
        last_day: of its scans: responses are dated to it.
        visit: its name, "" where it has none.
        findings: lesion -> what was seen; a lesion that is not in it was not evaluated.
        number: of the visit, None where it has none.
    """

    first_day: float
    last_day: float
    visit: str
    findings: Mapping[str, Finding]
    number: float | None = None

    def of(self, lesion: Lesion) -> Finding:
        """What was seen of a lesion."""
        return self.findings.get(lesion.id, NOT_EVALUATED)


@dataclass(frozen=True)
class PatientLesions:
    """A patient's lesions over time; `assessments` are in order, the first is the baseline."""

    patient_id: str
    lesions: tuple[Lesion, ...]
    assessments: tuple[Assessment, ...]

    def of_kind(self, kind: Kind) -> tuple[Lesion, ...]:
        """Lesions of one kind, in order."""
        return tuple(lesion for lesion in self.lesions if lesion.kind == kind)
