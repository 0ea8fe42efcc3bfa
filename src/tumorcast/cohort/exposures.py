"""Exposures of a course as numbers, as they stood on its first day."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.biology.comedication import comedication_numbers, without_class
from tumorcast.cohort.exposure_conflicts import without_conflicts
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.drug_lists import still_hold
from tumorcast.readers.exposures import DIETS, NO_DRUG

_NUMBERS = {"pack_years": "pack-years", "bmi": "BMI (kg/m2)", "alcohol": "alcohol (g/day)"}
_STAYS = ("pack_years", "bmi", "smoking_status")
"""What is not lost when its statement ends: what was smoked, what was weighed, and that one smoked."""
_DIETS = (*DIETS, "other")
FEATURES = (
    "ever smoked", "smokes now", *_NUMBERS.values(), *(f"diet {name}" for name in _DIETS), *comedication_numbers(()),
)  # fmt: skip


def exposure_table(exposures: pd.DataFrame, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """course x `FEATURES`, NaN not known; the newest statement up to the course's first day.

    A statement without a day counts where it was declared to be from before the treatment, else it is reported. One
    that ended before the first day: "current" smoking is then "former"; "never", alcohol and diet are not known. A
    never-smoker has 0 pack-years; 0 that were told before the patient smoked say nothing of those since.
    Other drugs: those taken on the first day; "not taken" is known only where a list of drugs holds on that day
    (`readers.drug_lists.still_hold`).

    Args:
        exposures: `readers.exposures.exposures_of`.
    """
    near = without_conflicts(_usable(exposures, courses, report), report)
    drugs = near[near["exposure"] == "comedication"]
    apart = near[near["exposure"] != "comedication"]
    is_kept = apart["exposure"].isin(_STAYS) & (apart["text"] != "never")
    apart = apart[~apart["has_ended"] | is_kept]
    last = apart.drop_duplicates(["course_id", "exposure"], keep="last")
    made = pd.DataFrame(np.nan, index=courses.index, columns=list(FEATURES))
    of_kind = {str(kind): rows.set_index("course_id") for kind, rows in last.groupby("exposure")}
    for kind, feature in _NUMBERS.items():
        if kind in of_kind:
            made.loc[of_kind[kind].index, feature] = of_kind[kind]["value"]
    if "smoking_status" in of_kind:
        _add_smoking(made, of_kind["smoking_status"])
    made.loc[(made["pack-years"] == 0) & (made["ever smoked"] == 1), "pack-years"] = np.nan
    made.loc[made["pack-years"] > 0, "ever smoked"] = 1.0
    if "diet" in of_kind:
        for name in _DIETS:
            made.loc[of_kind["diet"].index, f"diet {name}"] = (of_kind["diet"]["text"] == name).astype(float)
    told: dict[Exclusion, None] = {}
    for course, own in drugs[still_hold(drugs, "course_id", drugs["start_day"])].groupby("course_id"):
        taken = set(own["text"]) - {NO_DRUG}
        for feature, value in comedication_numbers(taken).items():
            made.loc[str(course), feature] = value
        if unknown := sorted(without_class(taken)):
            why = f"{', '.join(unknown)}: in no table of drugs: classes that no other drug has are not known"
            told[Exclusion("exposure", str(own["patient_id"].iloc[0]), "drug_of_no_table", why)] = None
    report.extend(told)
    return made


def _usable(exposures: pd.DataFrame, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """Statements of each course that were known on its first day, oldest first, with `has_ended`."""
    link = courses[["patient_id", "start_day"]].rename_axis("course_id").reset_index()
    near = link.merge(exposures, on="patient_id")
    is_before = near["is_before"].astype(bool) & near["day"].isna()
    is_late = near["day"] > near["start_day"]
    is_unknown = (near["day"].isna() | near["start_day"].isna()) & ~is_before
    why = (
        (is_late, "after_first_day", "from after the first day of a course"),
        (is_unknown, "day_unknown", "without a day and not declared as from BEFORE_TREATMENT"),
    )
    for is_left_out, reason, told in why:
        for patient, own in near[is_left_out].groupby("patient_id"):
            kinds = ", ".join(sorted(set(own["exposure"])))
            report.append(Exclusion("exposure", str(patient), reason, f"{kinds}: {told}: not used there"))
    near = near[~is_late & ~is_unknown]
    near = near.assign(has_ended=near["stop_day"] < near["start_day"])
    return near.sort_values("day", kind="stable", na_position="first")


def _add_smoking(made: pd.DataFrame, rows: pd.DataFrame) -> None:
    status = rows["text"].where(~((rows["text"] == "current") & rows["has_ended"]), "former")
    made.loc[rows.index, "ever smoked"] = (status != "never").astype(float)
    made.loc[rows.index, "smokes now"] = (status == "current").astype(float).where(status != "ever")
    never = status.index[status == "never"]
    made.loc[never, "pack-years"] = made.loc[never, "pack-years"].fillna(0.0)
