"""`slides.csv`: which whole-slide images belong to which sample."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.files import is_plain_name, need_columns, read_table

SLIDE_COLUMNS = ("slide_id", "sample_id", "path", "mpp")


def read_slides(path: Path, samples: pd.Index, report: list[Exclusion]) -> pd.DataFrame:
    """slide_id, sample_id, path (absolute), mpp (NaN: the file's metadata decides).

    Slides of unknown samples, second rows of one slide id, and ids that cannot name a file are left out and reported.
    """
    table = read_table(path, sep=",")
    need_columns(table, ("slide_id", "sample_id", "path"), path)
    is_complete = table[["slide_id", "path"]].notna().all(axis=1)
    for row in table[~is_complete].to_dict("records"):
        report.append(Exclusion("slide", str(row["slide_id"]), "incomplete_row", "no slide_id or no path"))
    table = table[is_complete]
    is_twice = table["slide_id"].duplicated()
    is_known = table["sample_id"].isin(samples)
    is_plain = table["slide_id"].map(is_plain_name).astype(bool)
    for slide in table.loc[~is_plain, "slide_id"]:
        report.append(
            Exclusion("slide", str(slide), "unusable_name", "slide_id cannot be the name of a file")
        )
    for slide in table.loc[is_twice, "slide_id"]:
        report.append(Exclusion("slide", str(slide), "duplicate_row", "the first row of the slide counts"))
    for slide, sample in table.loc[~is_known, ["slide_id", "sample_id"]].itertuples(index=False):
        report.append(Exclusion("slide", str(slide), "unknown_sample", f"sample {sample}"))
    kept = table[is_known & ~is_twice & is_plain]
    return pd.DataFrame(
        {
            "slide_id": kept["slide_id"].astype(str),
            "sample_id": kept["sample_id"].astype(str),
            "path": [str((path.parent / name).absolute()) for name in kept["path"].astype(str)],
            "mpp": _mpp(kept, report),
        }
    ).reset_index(drop=True)


def _mpp(slides: pd.DataFrame, report: list[Exclusion]) -> pd.Series:
    """Micrometres a pixel, NaN where the column is absent, empty, or not a positive number (reported)."""
    if "mpp" not in slides:
        return pd.Series(float("nan"), slides.index)
    mpp = numbers_of(slides["mpp"], CellCounts())
    usable = mpp.where(mpp > 0)
    for row in slides.index[slides["mpp"].notna() & usable.isna()]:
        told = f"mpp '{slides.loc[row, 'mpp']}' is no positive number: the file's own is used"
        report.append(Exclusion("slide", str(slides.loc[row, "slide_id"]), "mpp_unusable", told))
    return usable
