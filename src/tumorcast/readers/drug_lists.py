"""Which statements on other drugs still hold on a day: what was stopped, or followed by "none", does not."""

from __future__ import annotations

import pandas as pd

from tumorcast.readers.exposures import NO_DRUG


def still_hold(rows: pd.DataFrame, of: str, day: pd.Series) -> pd.Series:
    """[n] whether a drug is taken, or a list is still empty (`NO_DRUG`), on `day`.

    A list is known on that day only where one of its statements holds: drugs that were all stopped before say nothing
    of what is taken.

    Args:
        rows: statements on drugs that count on `day` (none is from after it): `day` (NaN is the oldest), `stop_day`,
            `text` and the column `of`, whose they are.
        day: [n]; where NaN, what was ever stopped does not hold.
    """
    began = rows["day"].fillna(-float("inf"))
    newest_none = began.where(rows["text"] == NO_DRUG).groupby(rows[of]).transform("max")
    is_stopped = rows["stop_day"].notna() & ~(day <= rows["stop_day"])
    return ~is_stopped & ~(began < newest_none)
