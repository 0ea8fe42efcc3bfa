"""The fused model's test predictions, calibrated and with sets of answers; how well the sets keep their promise."""

from __future__ import annotations

import pandas as pd

from tumorcast.cohort.cohort import Cohort
from tumorcast.evaluation.conformal import coverage_report, set_names, sets_of
from tumorcast.evaluation.trust import ALPHA, Trust, fit_trust

_SUBGROUPS = ("SEX", "CANCER_TYPE", "RACE", "ETHNICITY")


def relied_on(table: pd.DataFrame, inner: pd.DataFrame) -> pd.DataFrame:
    """Test rows with `probability` calibrated, the model's own beside it, and `answers`, one of `SET_NAMES`.

    Unchanged where there are too few patients to learn that from, or no probabilities.

    Args:
        table: a model's rows of `predictions.csv`. inner: what its members said of their inner validation courses.
    """
    trust = trust_of(inner)
    if trust is None:
        return table
    raw = table["probability"]
    return table.assign(
        probability=trust.probability(raw), uncalibrated=raw, answers=set_names(trust.sets(raw))
    )


def trust_of(inner: pd.DataFrame) -> Trust | None:
    """What the inner folds teach; None where too little, or where risks are predicted."""
    return fit_trust(inner) if "probability" in inner else None


def coverage(predictions: pd.DataFrame, cohort: Cohort) -> pd.DataFrame:
    """`coverage.csv`: `conformal.coverage_report` over all, by fold, site, layers measured and subgroups of patients;
    empty where there are no sets."""
    if "answers" not in predictions:
        return pd.DataFrame()
    rows = predictions.dropna(subset=["answers", "label"])
    if rows.empty:
        return pd.DataFrame()
    ids = rows["course_id"].astype(str).tolist()
    is_present = cohort.is_present.loc[ids]
    groups = {
        "fold": rows["fold"].tolist(),
        "layers": ["+".join(is_present.columns[row]) or "none" for row in is_present.to_numpy(bool)],
        "site": cohort.courses.loc[ids, "site"].replace("", "unknown").tolist(),
    }
    clinical = cohort.clinical
    for name in _SUBGROUPS:
        if name in clinical:
            groups[name.lower()] = clinical[name].reindex(ids).astype(str).tolist()
    return coverage_report(sets_of(rows["answers"].tolist()), rows["label"], rows["patient_id"], groups)


def told(table: pd.DataFrame) -> str:
    """The pooled row as one line."""
    row = table[table["grouping"] == "all"].iloc[0]
    single = f"{row['single']:.0%} of the sets have one answer"
    if row["single"] > 0:
        single += (
            f", right in {row['single_accuracy']:.0%} [{row['single_low']:.0%}, {row['single_high']:.0%}]"
        )
    held = f"{row['coverage']:.1%} [{row['low']:.1%}, {row['high']:.1%}]"
    return f"sets of answers hold the truth in {held} of test courses (promised {1 - ALPHA:.0%}); {single}"
