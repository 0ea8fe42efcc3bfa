"""RECIST 1.1's tables of the overall response at an assessment (Eisenhauer et al. 2009, tables 1 and 2)."""

from __future__ import annotations

from typing import Literal

Target = Literal["CR", "PR", "SD", "PD", "NE"]
NonTarget = Literal["CR", "NON-CR/NON-PD", "PD", "NE"]
Overall = Literal["CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NE", "NED"]


def overall_response(target: Target | None, non_target: NonTarget | None, has_new: bool) -> Overall:
    """The overall response at one assessment.

    Args:
        target: None where the patient has no target lesions (table 2: non-measurable disease only).
        non_target: None where there are none; "NE" where not all were evaluated.
        has_new: an unequivocal new lesion was seen.

    Returns:
        "NED" (no evidence of disease) where the patient has neither kind of lesion nor new ones.
    """
    if has_new or target == "PD" or non_target == "PD":
        return "PD"
    if target is None:
        return "NED" if non_target is None else non_target
    if target == "CR":
        return "CR" if non_target in (None, "CR") else "PR"
    return target
