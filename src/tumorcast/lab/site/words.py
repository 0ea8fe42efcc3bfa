"""Figures and measures in words, the same on every page."""

from __future__ import annotations

import numpy as np

from tumorcast.lab.site.criteria import Measure
from tumorcast.lab.site.document import Tone
from tumorcast.lab.site.verdicts import Verdict
from tumorcast.metrics.intervals import Interval

MEASURES: dict[Measure, str] = {
    "auroc": "AUROC",
    "auroc_over_burden": "AUROC above that of the mutational burden's rank",
    "brier_skill": "Brier score, gain over the share of responders",
    "in_the_large": "calibration in the large (log-odds)",
    "calibration_slope": "calibration slope",
    "coverage": "sets that hold the truth",
    "answered": "cases that get a number",
    "unlike": "cases unlike the training patients (p at most .05)",
    "repeatability": "one case twice: largest change in probability",
    "reference": "largest difference to the maker's predictions",
}
TONES: dict[Verdict, Tone] = {
    "pass": "good", "fail": "bad", "not enough cases": "open", "not judged": "open",
}  # fmt: skip
NOTICES = (
    "Research use only. The verification says how the model did on the cases that were shown to it; it says nothing of "
    "other patients, treatments, stains or scanners, and recommends no treatment.",
)


def number(value: float | None) -> str:
    """Three digits, or a dash."""
    if value is None or not np.isfinite(value):
        return "-"
    if value and abs(value) < 5e-4:
        return f"{value:.1e}"
    return f"{value:.3f}"


def interval(figure: Interval | None) -> str:
    """`0.712 (0.601 to 0.803)`."""
    if figure is None or not np.isfinite(figure.value):
        return "-"
    if figure.low == figure.value == figure.high:
        return number(figure.value)
    if not np.isfinite(figure.low):
        return f"{number(figure.value)} (no interval)"
    return f"{number(figure.value)} ({number(figure.low)} to {number(figure.high)})"


def limits(low: float | None, high: float | None) -> str:
    """`at least 0.5`, `-0.8 to 0.8`."""
    if low is not None and high is not None:
        return f"{number(low)} to {number(high)}"
    return f"at least {number(low)}" if low is not None else f"at most {number(high)}"


def looks_told(before: int, of_copies: int) -> str:
    """How often this bundle was looked at here, this time counted, and its copies before."""
    told = f"look {before + 1} of this bundle at outcomes of this site"
    if before:
        told += ": each further look makes it likelier that a bad model passes once"
    return told if not of_copies else f"{told}; copies of the model had {of_copies} before"


def changed_told(cases: int, when: str) -> str:
    """That criteria are other than at an earlier look."""
    return (
        f"CRITERIA CHANGED AFTER A LOOK: {cases} cases were looked at on {when[:10]} under other criteria. This "
        "verdict describes; it does not confirm, and does not open the site."
    )
