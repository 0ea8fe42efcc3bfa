"""Outer and inner splits: by patient, stratified by label, whole sites where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from tumorcast.cohort.courses import SITE_COLUMNS
from tumorcast.cohort.site_folds import site_folds
from tumorcast.config.models import SplitConfig
from tumorcast.domain.errors import InputError, LeakageError

_APART = 10_007
"""Between the seeds of repeats."""


@dataclass(frozen=True)
class Fold:
    """One outer fold: course ids for training (with the inner validation inside) and for the test."""

    name: str
    training: tuple[str, ...]
    test: tuple[str, ...]


def outer_folds(courses: pd.DataFrame, split: SplitConfig, seed: int, study: Path) -> list[Fold]:
    """The outer folds as configured; every patient is in one part of each fold only.

    Raises:
        InputError: too few patients or sites, or a missing or conflicting `splits.csv`.
        LeakageError: a patient would be in two folds.
    """
    patients = _patient_table(courses)
    if split.scheme == "file":
        part = _from_file(patients, study / "splits.csv")
        tests = [(f"fold{k}", part == k) for k in sorted(set(part.dropna()))]
    elif split.scheme == "cohort":
        tests = _each_cohort(patients)
    elif split.scheme == "holdout":
        part = _assign(patients, max(2, round(1 / split.test_fraction)), seed, split.by_site)
        tests = [("holdout", _holdout(patients, part, split, seed))]
    else:
        tests = []
        for repeat in range(split.repeats):
            part = _assign(patients, split.folds, seed + _APART * repeat, split.by_site)
            prefix = f"repeat{repeat}-" if split.repeats > 1 else ""
            tests += [(f"{prefix}fold{k}", part == k) for k in range(split.folds)]
    made = [_fold(name, courses, set(patients.index[is_test])) for name, is_test in tests]
    for fold in made:
        _check(fold, courses)
    return made[: split.max_folds]


def _each_cohort(patients: pd.DataFrame) -> list[tuple[str, pd.Series]]:
    names = sorted(set(patients["site"]) - {""})
    if len(names) < 2 or (patients["site"] == "").any():
        raise InputError(
            "split.scheme=cohort needs each patient's site or cohort",
            got=f"{len(names)} of them, {int((patients['site'] == '').sum())} patients without",
            expected=f"two or more in one of the columns {', '.join(SITE_COLUMNS)}",
        )
    return [("".join(c if c.isalnum() else "_" for c in name), patients["site"] == name) for name in names]


def inner_folds(courses: pd.DataFrame, training: Sequence[str], folds: int, seed: int) -> list[Fold]:
    """Inner folds of the training courses, for early stopping and model choice; by patient."""
    inside = courses.loc[list(training)]
    patients = _patient_table(inside)
    part = _assign(patients, min(folds, max(2, len(patients) // 2)), seed, by_site=False)
    return [_fold(f"inner{k}", inside, set(patients.index[part == k])) for k in sorted(set(part))]


def _patient_table(courses: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: site and a stratum (its first label)."""
    label = courses["response"].where(courses["response"].notna(), courses["is_event"]).fillna(-1)
    table = pd.DataFrame({"patient_id": courses["patient_id"], "site": courses["site"], "stratum": label})
    return table.groupby("patient_id", sort=True).first()


def _assign(patients: pd.DataFrame, folds: int, seed: int, by_site: bool) -> pd.Series:
    """Fold number per patient."""
    part = pd.Series(-1, index=patients.index)
    if by_site:
        return site_folds(patients["site"].replace("", "unknown"), patients["stratum"], folds, seed)
    if len(patients) < folds:
        raise InputError(
            f"too few patients for {folds} folds",
            got=len(patients),
            expected=f"at least {folds}",
            fix="lower split.folds or split.inner_folds",
        )
    least = int(patients["stratum"].value_counts().min())
    stratum = patients["stratum"] if least >= 2 else pd.Series(0, index=patients.index)
    maker = StratifiedKFold(folds, shuffle=True, random_state=seed)
    import warnings

    with (
        warnings.catch_warnings()
    ):  # a rare class smaller than the number of folds is spread as far as it goes
        warnings.simplefilter("ignore", UserWarning)
        for k, (_, test) in enumerate(maker.split(patients, stratum)):
            part.iloc[test] = k
    return part


def _holdout(patients: pd.DataFrame, part: pd.Series, split: SplitConfig, seed: int) -> pd.Series:
    """True for the held-out patients: a stratified draw, or whole sites up to the wanted share."""
    if split.by_site:
        return part == 0
    random = np.random.default_rng(seed)
    is_test = pd.Series(False, index=patients.index)
    for _, group in patients.groupby("stratum"):
        count = max(1, round(split.test_fraction * len(group)))
        is_test[random.choice(group.index.to_numpy(), count, replace=False)] = True
    return is_test


def _from_file(patients: pd.DataFrame, path: Path) -> pd.Series:
    if not path.is_file():
        raise InputError("split.scheme=file needs splits.csv in the study", got=f"no {path}")
    table = pd.read_csv(path, dtype={"patient_id": str})
    if not {"patient_id", "fold"} <= set(table.columns):
        raise InputError(f"{path} lacks columns", got=list(table.columns), expected="patient_id, fold")
    per_patient = table.groupby("patient_id")["fold"].nunique()
    twice = list(per_patient.index[per_patient > 1])
    if twice:
        raise LeakageError(
            f"{len(twice)} patients are in two folds of {path.name}",
            got=", ".join(twice[:5]),
            expected="one fold a patient",
            fix="keep one row a patient in splits.csv",
        )
    part = table.drop_duplicates("patient_id").set_index("patient_id")["fold"].reindex(patients.index)
    if part.isna().any():
        lost = list(part.index[part.isna()][:5])
        raise InputError(
            f"{int(part.isna().sum())} patients have no fold in {path.name}", got=", ".join(lost)
        )
    return part


def _fold(name: str, courses: pd.DataFrame, test_patients: set[str]) -> Fold:
    is_test = courses["patient_id"].isin(test_patients)
    return Fold(name, tuple(map(str, courses.index[~is_test])), tuple(map(str, courses.index[is_test])))


def _check(fold: Fold, courses: pd.DataFrame) -> None:
    shared = set(courses.loc[list(fold.training), "patient_id"]) & set(
        courses.loc[list(fold.test), "patient_id"]
    )
    if shared or not fold.training or not fold.test:
        raise LeakageError(f"{fold.name}: patients on both sides or an empty side", got=sorted(shared)[:5])
