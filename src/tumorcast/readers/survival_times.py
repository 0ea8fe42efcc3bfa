"""Times and events of survival that cannot be: inverted flags, days given as months, progression after death."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from tumorcast.domain.errors import InputError

_FEWEST = 10
_INVERTED = 0.9
_MEDIAN_MONTHS, _LATE_MONTHS = 180.0, 400.0
_TOLERANCE_MONTHS = 0.2
_MOST_LATE = 0.2
_MOST_NAMED = 5
_ALIVE = (
    "CENSORED",
    "LIVING",
    "ALIVE",
    "NO",
    "NOT PROGRESSED",
    "PROGRESSION FREE",
    "DISEASEFREE",
    "NO EVENT",
)
_HAPPENED = ("DECEASED", "DEAD", "DIED", "PROGRESSION", "PROGRESSED", "RECURRED", "EVENT", "YES")


def check_survival(
    name: str, months: ArrayLike, is_event: ArrayLike, ids: Sequence[object] | None = None
) -> None:
    """Refuse an endpoint whose times or flags cannot be what they are called.

    Args:
        name: of the endpoint ("OS"). months: [n]. is_event: [n] 1 happened, 0 censored; NaN unknown in both.
        ids: [n] of patients.

    Raises:
        InputError: negative times; median or late times of decades (days?); events nearly all later than the censored
            times (is 1 censored?).
    """
    time, event = np.asarray(months, float), np.asarray(is_event, float)
    known = np.isfinite(time) & np.isfinite(event)
    if (time[known] < 0).any():
        raise InputError(f"{name}: negative times", got=_named(ids, known & (time < 0)), expected="0 or more")
    check_months(name, time[known])
    check_flags(name, time[known], event[known])


def check_months(name: str, months: NDArray[np.float64]) -> None:
    """Refuse times whose median or 95th percentile are those of no cohort of cancer patients; of ten and more."""
    if len(months) < _FEWEST:
        return
    middle, late = np.median(months), np.percentile(months, 95)
    if middle > _MEDIAN_MONTHS or late > _LATE_MONTHS:
        raise InputError(
            f"{name}: the times look like days, not months",
            got=f"median {middle:.0f}, 95th percentile {late:.0f} months",
            expected=f"a median of at most {_MEDIAN_MONTHS:.0f} months",
            fix="divide them by 30.4375",
        )


def check_flags(name: str, time: NDArray[np.float64], event: NDArray[np.float64]) -> None:
    """Refuse flags under which the events are the long times and the censored the short: 1 seems to mean censored."""
    happened = event > 0
    n_event, n_censored = int(happened.sum()), int((~happened).sum())
    if min(n_event, n_censored) < _FEWEST:
        return
    ranks = pd.Series(time).rank().to_numpy()
    later = (ranks[happened].sum() - n_event * (n_event + 1) / 2) / (n_event * n_censored)
    if later > _INVERTED:
        raise InputError(
            f"{name}: the flags seem inverted (1 = censored?)",
            got=f"an event is later than a censored time in {later:.0%} of pairs, {n_event} events",
            expected="1 = the event happened, 0 = censored",
            fix="use 1 minus the flag (columns called censorship or CNSR hold 1 for censored)",
        )


def progression_after_death(pfs_months: ArrayLike, os_months: ArrayLike) -> NDArray[np.bool_]:
    """[n] patients whose time to progression is longer than that to death or last sight, by more than six days."""
    return np.asarray(np.asarray(pfs_months, float) > np.asarray(os_months, float) + _TOLERANCE_MONTHS)


def check_order(
    pfs_months: ArrayLike, os_months: ArrayLike, ids: Sequence[object] | None = None
) -> NDArray[np.bool_]:
    """[n] as `progression_after_death`; InputError where it is more than one in five: then a column is another's."""
    late = progression_after_death(pfs_months, os_months)
    known = np.isfinite(np.asarray(pfs_months, float)) & np.isfinite(np.asarray(os_months, float))
    if late.sum() > max(2, _MOST_LATE * known.sum()):
        raise InputError(
            f"progression-free survival is longer than overall survival in {int(late.sum())} of {int(known.sum())}",
            got=_named(ids, late),
            expected="PFS at most OS, both in months from the same day",
            fix="check that the columns are not exchanged, in other units, or from other days",
        )
    return late


def check_words(name: str, statuses: Sequence[object]) -> None:
    """Refuse statuses whose word contradicts their number ("1:CENSORED", "0:DECEASED").

    Raises:
        InputError: the first such status.
    """
    for status in statuses:
        number, _, word = str(status).strip().upper().partition(":")
        is_contrary = (number == "1" and word in _ALIVE) or (number == "0" and word in _HAPPENED)
        if is_contrary:
            raise InputError(
                f"{name}_STATUS: a number that contradicts its word",
                got=status,
                expected="1 = the event happened (1:DECEASED, 1:PROGRESSION), 0 = not (0:LIVING, 0:CENSORED)",
                fix="turn the flags around",
            )


def _named(ids: Sequence[object] | None, rows: NDArray[np.bool_]) -> str:
    names = np.flatnonzero(rows) if ids is None else np.asarray(ids, object)[rows]
    more = ", ..." if len(names) > _MOST_NAMED else ""
    return ", ".join(str(one) for one in names[:_MOST_NAMED]) + more
