"""Tables of patients x features that are compared with training: checked; what of them counts, and what is left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

_MOST_FEATURES = 4096


def checked_table(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """patient x feature, float64, both named by text.

    Raises:
        InputError: patients or features twice, infinite values, or more than 4096 features.
    """
    values = table.astype(float).rename(index=str, columns=str)
    for what, twice in (("patients", values.index), ("features", values.columns)):
        if twice.has_duplicates:
            got = f"{int(twice.duplicated().sum())} {what} again"
            raise InputError(f"{name} cannot be judged", got=got, expected=f"{what} once each")
    if values.shape[1] > _MOST_FEATURES:
        expected = f"at most {_MOST_FEATURES}"
        raise InputError(f"{name} has too many features", got=values.shape[1], expected=expected)
    if np.isinf(values.to_numpy()).any():
        raise InputError(f"{name} has infinite values", expected="numbers, NaN where not measured")
    return values


def patients_of(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Patients of any of the tables, sorted."""
    return sorted({str(name) for table in tables.values() for name in table.index})


def usable_features(values: pd.DataFrame, name: str, fewest: int, report: list[Exclusion]) -> list[str]:
    """Those that vary and `fewest` patients have; the others are reported."""
    few = values.notna().sum() < fewest
    constant = ~few & (values.nunique() < 2)
    for is_left_out, reason in ((few, "too_few_in_training"), (constant, "constant_in_training")):
        if is_left_out.any():
            told = f"{int(is_left_out.sum())} of {len(few)} features left out"
            report.append(Exclusion("feature", name, reason, told))
    return [str(feature) for feature in values.columns[~few & ~constant]]


def tell_columns(values: pd.DataFrame, training: Sequence[str], name: str, report: list[Exclusion]) -> None:
    """Report features of training that a table lacks, and those that training did not have."""
    absent = len(set(training) - set(values.columns))
    foreign = len(set(values.columns) - set(training))
    if absent:
        told = f"{absent} of {len(training)} features of training count as not measured"
        report.append(Exclusion("feature", name, "not_in_table", told))
    if foreign:
        report.append(Exclusion("feature", name, "not_in_training", f"{foreign} features left out"))
