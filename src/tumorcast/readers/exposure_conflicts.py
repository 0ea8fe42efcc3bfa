"""Statements on exposures that cannot both be true: left out and reported."""

from __future__ import annotations

import pandas as pd

from tumorcast.domain.exclusions import Exclusion

_SMOKED = ("former", "current", "ever")


def without_conflicts(table: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """Without statements of one patient, kind and day that differ, pack-years beside "never" (neither counts), and
    "never" after the patient had smoked."""
    table = _without_repeats(table, report)
    smoking = table[table["exposure"].isin(("smoking_status", "pack_years"))]
    drop: set[int] = set()
    for patient, own in smoking.groupby("patient_id"):
        never = own[own["text"] == "never"]
        smoked, years = own[own["text"].isin(_SMOKED)], own[own["value"] > 0]
        for row, day in zip(never.index, never["day"], strict=True):
            if not (earlier := _not_later(years, day)).empty:
                told = f"never smoked, and {earlier['value'].iloc[0]:g} pack-years: neither is used"
                report.append(Exclusion("exposure", str(patient), "never_smoker_with_pack_years", told))
                drop |= {int(row), *(int(one) for one in earlier.index)}
            elif not _not_later(smoked, day).empty:
                told = "never smoked, told after the patient had smoked: not used"
                report.append(Exclusion("exposure", str(patient), "never_after_smoking", told))
                drop.add(int(row))
    return table.drop(index=list(drop)).reset_index(drop=True)


def _not_later(rows: pd.DataFrame, day: float) -> pd.DataFrame:
    """Those that are not known to be from after `day`."""
    return rows[~(rows["day"] > day)]


def _without_repeats(table: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    table = table.drop_duplicates().reset_index(drop=True)
    key = ["patient_id", "exposure", "day"]
    apart = table["exposure"] != "comedication"
    said = table[[*key, "value", "text"]].drop_duplicates()
    is_conflict = said.duplicated(key, keep=False) & (said["exposure"] != "comedication")
    for patient, kind, day in said.loc[is_conflict, key].drop_duplicates().itertuples(index=False):
        when = f"day {day:g}" if pd.notna(day) else "no day"
        told = f"{kind}, {when}: statements differ, none is used"
        report.append(Exclusion("exposure", str(patient), "conflicting_rows", told))
    wrong = pd.MultiIndex.from_frame(said.loc[is_conflict, key])
    return table[~(apart & pd.MultiIndex.from_frame(table[key]).isin(wrong))]
