"""mRECIST of every arm, computed here, beside the published calls: where they differ, and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumorcast.biology.xenografts import FIRST_DAY, call_of, growth_response
from tumorcast.metrics.intervals import binomial_interval
from tumorcast.readers.xenografts import XenograftArm

ROUNDING = 0.5
AFTER_FIRST_DAY, LATE_FIRST_DAY = 10.5, 20.0
"""First days under which published averages, and most published best responses, are found on the curves."""


def calls_of(arms: Sequence[XenograftArm]) -> pd.DataFrame:
    """One row an arm: responses computed here, the published ones, and why the calls differ."""
    rows = []
    for arm in arms:
        own = growth_response(arm.days, arm.volumes)
        row: dict[str, object] = {
            "patient_id": arm.tumour,
            "drug": arm.drug,
            "best": own.best,
            "best_day": own.best_day,
            "average": own.average,
            "average_day": own.average_day,
            "mrecist": own.call,
        }
        if "call" in arm.published:
            row |= _beside(arm, own.call, own.best, own.average)
        rows.append(row)
    return pd.DataFrame(rows)


def agreement_with_published(calls: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Agreement of the calls and reasons of disagreement, printed; empty where nothing is published."""
    if "published_mrecist" not in calls:
        print("no published responses: mRECIST is not compared")
        return {}
    both = calls.dropna(subset=["published_mrecist"])
    same = both["mrecist"].eq(both["published_mrecist"])
    print(f"mRECIST as published in {int(same.sum())} of {len(both)} arms")
    for (published, own, why), rows in both[~same].groupby(["published_mrecist", "mrecist", "why"]):
        print(f"  published {published}, here {own}: {len(rows)}, {why}")
    low, high = binomial_interval(int(same.sum()), len(both))
    made = {"agreement": {"value": float(same.mean()), "low": float(low), "high": float(high)}}
    exact = {
        "published_cuts_give_published_call": both["cuts_agree"].astype(float),
        "average_found_after_day_10": both["average_found"].astype(float),
        "best_found_from_day_10": both["best_found"].astype(float),
        "best_found_from_day_20": both["late_best_found"].astype(float),
        "agreement_from_day_20_average_after_10": both["late_call"]
        .eq(both["published_mrecist"])
        .astype(float),
    }
    for name, values in exact.items():
        print(f"  {name.replace('_', ' ')}: {int(values.sum())} of {len(values)}")
        made[name] = {"value": float(values.mean()), "low": np.nan, "high": np.nan}
    return made


def _beside(arm: XenograftArm, call: str, best: float, average: float) -> dict[str, object]:
    """The published responses; a call's later course (`SD-->PD`) is not part of the call."""
    published_best, published_average = (
        float(arm.published.get(name, np.nan)) for name in ("best", "average")
    )
    published = str(arm.published["call"]).split("-->")[0]
    late = growth_response(arm.days, arm.volumes, LATE_FIRST_DAY)
    late_best = late.best if late.call != "NE" else float(100 * (arm.volumes[-1] / arm.volumes[0] - 1))
    after = growth_response(arm.days, arm.volumes, AFTER_FIRST_DAY)
    late_average = after.average if after.call != "NE" else _last_average(arm)
    return {
        "published_best": published_best,
        "published_best_day": arm.published.get("best_day", np.nan),
        "published_average": published_average,
        "published_mrecist": published,
        "cuts_agree": call_of(published_best, published_average) == published,
        "best_found": abs(best - published_best) < ROUNDING,
        "late_best_found": abs(late_best - published_best) < ROUNDING,
        "average_found": abs(late_average - published_average) < ROUNDING,
        "late_call": call_of(late_best, late_average),
        "why": _why(arm, call, best, average, published),
    }


def _why(arm: XenograftArm, call: str, best: float, average: float, published: str) -> str:
    if call == published:
        return ""
    if call == "NE":
        return f"nothing measured from day {FIRST_DAY:g} on"
    their_best, their_average = (float(arm.published.get(name, np.nan)) for name in ("best", "average"))
    if np.isnan(their_best) or np.isnan(their_average):
        return "no published responses to compare"
    if call_of(their_best, average) == published:
        return f"the published best response is a {'higher' if their_best > best else 'lower'} value of another day"
    if call_of(best, their_average) == published:
        return "the published average leaves day 10 out"
    return (
        "best response and average both differ"
        if call_of(their_best, their_average) == published
        else "the cuts"
    )


def _last_average(arm: XenograftArm) -> float:
    return float((100 * (arm.volumes / arm.volumes[0] - 1)).mean())
