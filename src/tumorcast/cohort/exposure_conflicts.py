"""Statements on exposures that cannot both be true, among those that count for a course: left out and reported."""

from __future__ import annotations

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.exposures import NO_DRUG

_SMOKED = ("former", "current", "ever")


def without_conflicts(near: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """Without statements of one course, kind and day that differ, pack-years beside "never" and 0 pack-years
    beside smoking (neither counts), and "never" after the patient had smoked.

    Args:
        near: statements that were known on the first day of their course (`course_id`, and `EXPOSURE_COLUMNS`). What
            was told later must not be among them: it would undo what was known.
    """
    told: dict[Exclusion, None] = {}
    near = _without_repeats(near, told)
    near = _without_none_beside_drugs(near, told)
    smoking = near[near["exposure"].isin(("smoking_status", "pack_years"))]
    drop: set[int] = set()
    for _, own in smoking.groupby("course_id"):
        drop |= _smoking_conflicts(own, told)
    report.extend(told)
    return near.drop(index=list(drop)).reset_index(drop=True)


def _without_none_beside_drugs(near: pd.DataFrame, told: dict[Exclusion, None]) -> pd.DataFrame:
    """Where one day has both drugs and "none", the drugs count: a drug that is overlooked does more harm."""
    drugs = near[near["exposure"] == "comedication"]
    key = ["course_id", "patient_id", "day"]
    named = pd.MultiIndex.from_frame(drugs.loc[drugs["text"] != NO_DRUG, key])
    is_empty = (near["exposure"] == "comedication") & (near["text"] == NO_DRUG)
    wrong = is_empty & pd.MultiIndex.from_frame(near[key]).isin(named)
    for patient, day in near.loc[wrong, ["patient_id", "day"]].itertuples(index=False):
        when = f"day {day:g}" if pd.notna(day) else "no day"
        why = f"comedication, {when}: drugs beside none: the drugs count"
        told[Exclusion("exposure", str(patient), "conflicting_rows", why)] = None
    return near[~wrong].reset_index(drop=True)


def _smoking_conflicts(own: pd.DataFrame, told: dict[Exclusion, None]) -> set[int]:
    """Rows of one course that do not count."""
    never = own[own["text"] == "never"]
    smoked, years = own[own["text"].isin(_SMOKED)], own[own["value"] > 0]
    drop: set[int] = set()
    for row, patient, day in zip(never.index, never["patient_id"], never["day"], strict=True):
        if not (earlier := _not_later(years, day)).empty:
            why = f"never smoked, and {earlier['value'].iloc[0]:g} pack-years: neither is used"
            told[Exclusion("exposure", str(patient), "never_smoker_with_pack_years", why)] = None
            drop |= {int(row), *(int(one) for one in earlier.index)}
        elif not _not_later(smoked, day).empty:
            why = "never smoked, told after the patient had smoked: not used"
            told[Exclusion("exposure", str(patient), "never_after_smoking", why)] = None
            drop.add(int(row))
    drop |= _smoked_nothing(own, smoked, told)
    return drop


def _smoked_nothing(own: pd.DataFrame, smoked: pd.DataFrame, told: dict[Exclusion, None]) -> set[int]:
    """0 pack-years that are not from before the patient smoked, beside the words that say so."""
    drop: set[int] = set()
    nothing = own[(own["exposure"] == "pack_years") & (own["value"] == 0)]
    for row, patient, day in zip(nothing.index, nothing["patient_id"], nothing["day"], strict=True):
        if not (earlier := _not_later(smoked, day)).empty:
            why = f"{earlier['text'].iloc[0]} smoker, and 0 pack-years: neither is used"
            told[Exclusion("exposure", str(patient), "smoker_without_pack_years", why)] = None
            drop |= {int(row), *(int(one) for one in earlier.index)}
    return drop


def _not_later(rows: pd.DataFrame, day: float) -> pd.DataFrame:
    """Those that are not known to be from after `day`."""
    return rows[~(rows["day"] > day)]


def _without_repeats(near: pd.DataFrame, told: dict[Exclusion, None]) -> pd.DataFrame:
    near = near.reset_index(drop=True)
    key = ["course_id", "patient_id", "exposure", "day"]
    apart = near["exposure"] != "comedication"
    said = near.loc[apart, [*key, "value", "text"]].drop_duplicates()
    wrong = said.loc[said.duplicated(key, keep=False), key].drop_duplicates()
    for _, patient, kind, day in wrong.itertuples(index=False):
        when = f"day {day:g}" if pd.notna(day) else "no day"
        why = f"{kind}, {when}: statements differ, none is used"
        told[Exclusion("exposure", str(patient), "conflicting_rows", why)] = None
    return near[~(apart & pd.MultiIndex.from_frame(near[key]).isin(pd.MultiIndex.from_frame(wrong)))]
