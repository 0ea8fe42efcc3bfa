"""The tidy table of predictions that scores and figures read: one row per model, fold and course."""

from __future__ import annotations

import pandas as pd

from tumorcast.domain.errors import InputError

_WHO = ("patient_id", "course_id", "fold", "model")
_SURVIVAL = ("time_days", "is_event", "risk")
_RESPONSE = ("label", "probability")


def is_survival(table: pd.DataFrame) -> bool:
    """Whether the table predicts risks (time_days, is_event, risk) rather than responses."""
    return set(_SURVIVAL) <= set(table.columns)


def check_predictions(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that can be scored: outcome and prediction known.

    Raises:
        InputError: columns are missing; a label is neither 0 nor 1; a probability is outside 0..1; a time is
            negative; a course stands twice under one model and fold; no row is left.
    """
    outcome = _SURVIVAL if is_survival(table) else _RESPONSE
    missing = [name for name in (*_WHO, *outcome) if name not in table.columns]
    if missing:
        raise InputError(
            "predictions cannot be scored: columns are missing",
            got=f"columns {', '.join(map(str, table.columns))}",
            expected=f"{', '.join(_WHO)}, and label, probability or time_days, is_event, risk",
            fix=f"add {', '.join(missing)}",
        )
    known = table.dropna(subset=list(outcome))
    if known.empty:
        raise InputError(
            "predictions cannot be scored: no course has both an outcome and a prediction",
            got=f"{len(table)} rows",
            expected=f"rows with {' and '.join(outcome)}",
        )
    limits = {"label": None, "is_event": None, "probability": 1.0, "time_days": float("inf")}
    for name in (name for name in outcome if name in limits):
        _check_column(known[name].astype(float), limits[name])
    twice = known.duplicated(["model", "fold", "course_id"])
    if twice.any():
        row = known[twice].iloc[0]
        raise InputError(
            "a course stands twice under one model and fold",
            got=f"course {row['course_id']}, model {row['model']}, fold {row['fold']}",
            expected="one row per model, fold and course",
        )
    return known


def _check_column(values: pd.Series, highest: float | None) -> None:
    """`highest` None: a column of 0 and 1."""
    fits = values.isin([0.0, 1.0]) if highest is None else values.between(0.0, highest)
    if not fits.all():
        raise InputError(
            f"predictions cannot be scored: {values.name} is out of range",
            got=f"{values[~fits].iloc[0]} ({int((~fits).sum())} rows)",
            expected="0 or 1" if highest is None else f"0 to {highest:g}",
        )
