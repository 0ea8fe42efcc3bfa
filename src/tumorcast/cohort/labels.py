"""Response labels of a course: RECIST best response, pCR/RCB, durable benefit, PFS/OS."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

DAYS_PER_MONTH = 365.25 / 12

RESPONSE_COLUMNS = {
    "best_response": ("BEST_RESPONSE", "BOR", "RECIST"),
    "pcr": ("PCR", "RCB_CATEGORY"),
    "durable_benefit": ("DURABLE_BENEFIT",),
}
SIZE_PERCENT, SIZE_DAY = "SIZE_CHANGE_PERCENT", "SIZE_CHANGE_DAY"
"""Sum of diameters against baseline, in percent, at a scan so many days after the course's first day."""
RESPONSE_DAY = "RESPONSE_DAY"
"""Day after the course's first day on which a complete or partial response was first known."""
SIZE_WINDOW_DAYS, SIZE_TARGET_DAY = (28.0, 84.0), 56.0
_SMALLEST_RATIO, _LARGEST_RATIO = 0.05, 5.0
OTHER_TIME, OTHER_EVENT = "other_time_days", "other_is_event"
"""Columns of a course table: times to the event of `other_endpoint`, which no head learns."""
ENDPOINTS = ("OS", "PFS", "DFS", "DSS", "EFS", "RFS", "PFI", "TTP", "DOR", "TTD", "TTNT")

_RECIST_ORDER = {"PD": 0, "SD": 1, "PR": 2, "CR": 3}
_RECIST_WORDS = {
    "COMPLETE RESPONSE": "CR", "PARTIAL RESPONSE": "PR", "STABLE DISEASE": "SD",
    "PROGRESSIVE DISEASE": "PD", "PROGRESSION": "PD", "MR": "SD", "MIXED RESPONSE": "SD",
}  # fmt: skip
_RCB_ORDER = {"3": 0, "RCB-III": 0, "2": 1, "RCB-II": 1, "1": 2, "RCB-I": 2, "0": 3, "PCR": 3}
_YES = {"1", "1.0", "YES", "TRUE", "Y", "PCR", "DCB", "R"}
_NO = {"0", "0.0", "NO", "FALSE", "N", "RD", "NDB", "NR"}


def response_of(row: Mapping[str, Any], endpoint: str) -> float:
    """1 responder, 0 not, NaN unknown or not evaluable (NE). CR and PR respond (RECIST 1.1)."""
    text = _first_text(row, RESPONSE_COLUMNS[endpoint])
    if endpoint == "best_response":
        level = _RECIST_ORDER.get(_RECIST_WORDS.get(text, text))
        return _yes_or_no(text) if level is None else float(level >= 2)
    if endpoint == "pcr" and _first_text(row, ("PCR",)) == "":
        level = _RCB_ORDER.get(text)
        return math.nan if level is None else float(level == 3)
    return _yes_or_no(text)


def _yes_or_no(text: str) -> float:
    return 1.0 if text in _YES else 0.0 if text in _NO else math.nan


def ordinal_of(row: Mapping[str, Any]) -> float:
    """0 (PD, RCB-III) to 3 (CR, pCR): higher is better; NaN unknown."""
    text = _first_text(row, RESPONSE_COLUMNS["best_response"])
    level = _RECIST_ORDER.get(_RECIST_WORDS.get(text, text))
    if level is None:
        level = _RCB_ORDER.get(_first_text(row, ("RCB_CATEGORY",)))
    return math.nan if level is None else float(level)


def survival_of(row: Mapping[str, Any], stem: str) -> tuple[float, float]:
    """(time_days, is_event) of an endpoint (`PFS`, `OS`, ...); NaN for unknown or not positive times."""
    months = _number(row.get(f"{stem}_MONTHS"))
    status = _text(row.get(f"{stem}_STATUS"))[:1]
    if months > 0 and status in {"0", "1"}:
        return months * DAYS_PER_MONTH, float(status)
    return math.nan, math.nan


def size_of(rows: Sequence[Mapping[str, Any]]) -> float:
    """Natural logarithm of (sum of diameters / baseline) at the scan nearest week 8 (`near_week_8`); NaN unknown.

    A tumour below a twentieth of its size, or gone, counts as a twentieth (too small to measure), one above five times
    its size as five times.
    """
    scan = near_week_8([(_number(row.get(SIZE_DAY)), _number(row.get(SIZE_PERCENT))) for row in rows])
    if scan is None:
        return math.nan
    return math.log(min(max(1 + scan[1] / 100, _SMALLEST_RATIO), _LARGEST_RATIO))


def near_week_8(scans: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Of scans (day, percent from baseline) the one that is the label: nearest day 56, from week 4 to 12.

    Of two equally near the earlier one, of one day the larger. A change below -100 percent, or without an end, is
    unknown. None: no scan is usable.
    """
    low, high = SIZE_WINDOW_DAYS
    usable = [
        (abs(day - SIZE_TARGET_DAY), day, -change)
        for day, change in scans
        if low <= day <= high and -100 <= change < math.inf
    ]
    if not usable:
        return None
    _, day, change = min(usable)
    return day, -change


def survival_endpoint(rows: Sequence[Mapping[str, Any]]) -> str:
    """The endpoint of a cohort: progression-free survival where at least half as many courses have it as have overall
    survival, else that. One for all: times to different events are never mixed."""
    count = {stem: sum(not math.isnan(survival_of(row, stem)[0]) for row in rows) for stem in ("PFS", "OS")}
    return "PFS" if count["PFS"] and 2 * count["PFS"] >= count["OS"] else "OS"


def other_endpoint(stem: str) -> str:
    """The endpoint that is told beside that of a cohort: progression-free survival beside overall, else overall."""
    return "PFS" if stem == "OS" else "OS"


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _first_text(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((text for name in names if (text := _text(row.get(name)))), "")


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().upper()
