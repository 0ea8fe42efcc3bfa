"""Outer and inner splits: by patient, stratified by label, whole sites where asked."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedKFold

from tumorcast.cohort.site_folds import site_folds
from tumorcast.config.models import SplitConfig
from tumorcast.domain.errors import InputError, LeakageError, did_you_mean
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.clinical import read_patients
from tumorcast.readers.meta import read_meta_files

_APART = 10_007
"""Between the seeds of repeats."""
_LABELS = ["response", "is_event"]
_COHORT_COLUMNS = ("STUDY_ID", "COHORT")


@dataclass(frozen=True)
class Fold:
    """One outer fold: course ids for training (with the inner validation inside) and for the test."""

    name: str
    training: tuple[str, ...]
    test: tuple[str, ...]


def outer_folds(
    courses: pd.DataFrame, split: SplitConfig, seed: int, study: Path, report: list[Exclusion] | None = None
) -> list[Fold]:
    """The outer folds as configured; every patient is in one part of each fold only.

    Names: `holdout`, `fold0`, `repeat0-fold0` (of several repeats), `cohort-NAME`. What is not as even as wanted is
    reported.

    Raises:
        InputError: too few patients, sites or cohorts, or a missing or conflicting `splits.csv`.
        LeakageError: a patient would be in two folds.
    """
    patients = _patient_table(courses)
    notes = [] if report is None else report
    if split.scheme == "file":
        part = _from_file(patients, study / "splits.csv")
        tests = [(f"fold{k}", part == k) for k in sorted(set(part.dropna()))]
    elif split.scheme == "cohort":
        tests = _each_cohort(_cohorts(patients, study, split.cohort_column))
    elif split.scheme == "holdout":
        tests = [("holdout", _holdout(patients, split, seed, notes))]
    else:
        tests = [
            test for repeat in range(split.repeats) for test in _repeat(patients, split, repeat, seed, notes)
        ]
    made = [_fold(name, courses, set(patients.index[is_test])) for name, is_test in tests]
    for fold in made:
        _check(fold, courses)
    return made[: split.max_folds]


def _repeat(
    patients: pd.DataFrame, split: SplitConfig, repeat: int, seed: int, report: list[Exclusion]
) -> list[tuple[str, pd.Series]]:
    """The folds of one cross-validation; the first repeat is what a run without repeats has."""
    own = seed + _APART * repeat
    if split.by_site:
        part = _whole_sites(patients, [1 / split.folds] * split.folds, own, [] if repeat else report)
    else:
        part = _assign(patients, split.folds, own)
    prefix = f"repeat{repeat}-" if split.repeats > 1 else ""
    return [(f"{prefix}fold{k}", part == k) for k in range(split.folds)]


def _cohorts(patients: pd.DataFrame, study: Path, column: str | None) -> pd.Series:
    """Cohort of each patient, by a column of the study's patient table or else the site; NaN unknown."""
    path = next((meta.data for meta in read_meta_files(study) if meta.datatype == "PATIENT_ATTRIBUTES"), None)
    table = read_patients(path, []) if path else pd.DataFrame()
    if column is not None and column not in table:
        known = list(map(str, table.columns))
        raise InputError(
            f"the patient table has no column '{column}' (split.cohort_column)",
            expected=", ".join(known) or "a patient table",
            fix=did_you_mean(column, known),
        )
    chosen = column or next(
        (name for name in _COHORT_COLUMNS if name in table and table[name].nunique() > 1), None
    )
    if chosen is None:
        return patients["site"].replace("", np.nan)
    names = table[chosen].reindex(patients.index)
    return names.map(lambda name: f"{name:g}" if isinstance(name, float) else str(name), na_action="ignore")


def _each_cohort(cohorts: pd.Series) -> list[tuple[str, pd.Series]]:
    names = sorted(set(cohorts.dropna()))
    if len(names) < 2 or cohorts.isna().any():
        raise InputError(
            "split.scheme=cohort needs each patient's cohort",
            got=f"{len(names)} in {cohorts.name}, {int(cohorts.isna().sum())} of {len(cohorts)} patients without",
            expected="two or more, every patient in one",
            fix=f"name another column of the patient table in split.cohort_column, or fill {cohorts.name}",
        )
    plain = ["cohort-" + "".join(c if c.isalnum() else "_" for c in name) for name in names]
    unique = [f"{name}-{k}" if plain.count(name) > 1 else name for k, name in enumerate(plain)]
    return [(name, cohorts == cohort) for name, cohort in zip(unique, names, strict=True)]


def inner_folds(courses: pd.DataFrame, training: Sequence[str], folds: int, seed: int) -> list[Fold]:
    """Inner folds of the training courses, for early stopping and model choice; by patient."""
    inside = courses.loc[list(training)]
    patients = _patient_table(inside)
    part = _assign(patients, min(folds, max(2, len(patients) // 2)), seed)
    return [_fold(f"inner{k}", inside, set(patients.index[part == k])) for k in sorted(set(part))]


def _patient_table(courses: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: site, first labels, and a stratum (the first of them that is known)."""
    label = courses["response"].where(courses["response"].notna(), courses["is_event"]).fillna(-1)
    table = courses[["patient_id", "site", *_LABELS]].assign(stratum=label)
    return table.groupby("patient_id", sort=True).first()


def _whole_sites(
    patients: pd.DataFrame, shares: Sequence[float], seed: int, report: list[Exclusion]
) -> pd.Series:
    """Fold number per patient; those of unknown site are one site."""
    return site_folds(patients["site"].replace("", "unknown"), patients[_LABELS], shares, seed, report)


def _assign(patients: pd.DataFrame, folds: int, seed: int) -> pd.Series:
    """Fold number per patient."""
    part = pd.Series(-1, index=patients.index)
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
    with warnings.catch_warnings():  # a class rarer than the number of folds is spread as far as it goes
        warnings.simplefilter("ignore", UserWarning)
        for k, (_, test) in enumerate(maker.split(patients, stratum)):
            part.iloc[test] = k
    return part


def _holdout(patients: pd.DataFrame, split: SplitConfig, seed: int, report: list[Exclusion]) -> pd.Series:
    """True for the held-out patients: a stratified draw, or whole sites as near to the wanted share as they come."""
    if split.by_site:
        return _whole_sites(patients, [split.test_fraction, 1 - split.test_fraction], seed, report) == 0
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
