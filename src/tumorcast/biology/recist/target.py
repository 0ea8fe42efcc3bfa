"""Target lesions: their sum, its change from baseline and nadir, and the response (RECIST 1.1, section 4.3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.recist.lesions import NORMAL_NODE_MM, Assessment, Lesion
from tumorcast.biology.recist.overall import Target

PD_SHARE, PD_MM, PR_SHARE = 0.20, 5.0, 0.30
ROUNDING = 1e-9
"""mm; sums of decimals are not exact."""
FloatOrArray = TypeVar("FloatOrArray", float, NDArray[np.float64])


@dataclass(frozen=True)
class TargetSum:
    """Target lesions at one assessment.

    Attributes:
        sum_mm: of those that were evaluated.
        missing: ids of those that were not.
        is_normal: none is left: nodes below 10 mm short axis, everything else gone.
    """

    sum_mm: float
    missing: tuple[str, ...]
    is_normal: bool


@dataclass(frozen=True)
class TargetJudgement:
    """The response of the target lesions and its grounds in a few words."""

    response: Target
    why: str


def target_sum(lesions: Sequence[Lesion], assessment: Assessment) -> TargetSum:
    """Sum of longest diameters, short axes of nodes."""
    total, missing, is_normal = 0.0, [], True
    for lesion in lesions:
        value = assessment.of(lesion).counted_mm()
        if value is None:
            missing.append(lesion.id)
            continue
        total += value
        is_normal &= value < NORMAL_NODE_MM if lesion.is_node else value == 0
    return TargetSum(total, tuple(missing), is_normal and not missing)


def progression_size_mm(nadir_mm: FloatOrArray) -> FloatOrArray:
    """The sum from which on it is progression: 20% and 5 mm above the nadir."""
    return nadir_mm + np.maximum(PD_SHARE * nadir_mm, PD_MM)


def has_grown(sum_mm: float, nadir_mm: float) -> bool:
    """Progression of a sum: at least 20% and at least 5 mm above the nadir."""
    return bool(sum_mm >= progression_size_mm(nadir_mm) - ROUNDING)


def judge_target(now: TargetSum, baseline_mm: float, nadir_mm: float) -> TargetJudgement:
    """The target response at one assessment.

    Args:
        now: of this assessment.
        baseline_mm: sum at baseline.
        nadir_mm: smallest complete sum before this assessment, the baseline included.
    """
    if has_grown(now.sum_mm, nadir_mm) and not now.is_normal:
        share = "" if nadir_mm == 0 else f"{100 * (now.sum_mm / nadir_mm - 1):+.0f}% and "
        rest = f", though {_told(now.missing)} not evaluated" if now.missing else ""
        return TargetJudgement("PD", f"{share}{now.sum_mm - nadir_mm:+.1f} mm from nadir{rest}")
    if now.missing:
        return TargetJudgement("NE", f"{_told(now.missing)} not evaluated")
    if now.is_normal:
        kept = f", nodes below 10 mm add up to {now.sum_mm:.1f} mm" if now.sum_mm > 0 else ""
        return TargetJudgement("CR", f"all target lesions gone{kept}")
    change = now.sum_mm - baseline_mm
    if change <= -PR_SHARE * baseline_mm + ROUNDING:
        return TargetJudgement("PR", f"{100 * change / baseline_mm:+.0f}% from baseline")
    if nadir_mm > 0 and now.sum_mm - nadir_mm >= PD_SHARE * nadir_mm - ROUNDING:
        return TargetJudgement("SD", "20% above nadir but less than 5 mm")
    return TargetJudgement("SD", "neither 30% below baseline nor 20% above nadir")


def _told(ids: tuple[str, ...]) -> str:
    return f"target {', '.join(ids)}"
