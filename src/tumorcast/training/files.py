"""Tables of a run, written atomically."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.readers.files import write_text

__all__ = ["write_table", "write_text"]


def write_table(path: Path, table: pd.DataFrame) -> None:
    """A CSV without the index, atomically."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
