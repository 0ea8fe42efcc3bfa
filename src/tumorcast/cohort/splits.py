"""Outer and inner splits: by patient, stratified by label, whole sites where asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from tumorcast.config.models import SplitConfig
from tumorcast.domain.errors import InputError, LeakageError


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
    else:
        folds = split.folds if split.scheme == "kfold" else max(2, round(1 / split.test_fraction))
        part = _assign(patients, folds, seed, split.by_site)
        tests = [(f"fold{k}", part == k) for k in range(folds)]
        if split.scheme == "holdout":
            tests = [("holdout", _holdout(patients, part, split, seed))]
    made = [_fold(name, courses, set(patients.index[is_test])) for name, is_test in tests]
    for fold in made:
        _check(fold, courses)
    return made[: split.max_folds]


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
    groups = patients["site"].replace("", "unknown") if by_site else None
    n_groups = len(patients) if groups is None else groups.nunique()
    if n_groups < folds:
        raise InputError(
            f"too few {'sites' if by_site else 'patients'} for {folds} folds",
            got=n_groups,
            expected=f"at least {folds}",
            fix="lower split.folds or split.inner_folds, or set split.by_site=false",
        )
    least = int(patients["stratum"].value_counts().min())
    stratum = patients["stratum"] if least >= 2 else pd.Series(0, index=patients.index)
    maker = (
        StratifiedKFold(folds, shuffle=True, random_state=seed)
        if groups is None
        else StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    )
    import warnings

    with (
        warnings.catch_warnings()
    ):  # a rare class smaller than the number of folds is spread as far as it goes
        warnings.simplefilter("ignore", UserWarning)
        for k, (_, test) in enumerate(maker.split(patients, stratum, groups)):
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
