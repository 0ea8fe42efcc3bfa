"""Atomic writes into a run's folder."""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd


def write_text(path: Path, text: str) -> None:
    """Under a temporary name in the same folder, then renamed."""
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, path)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """A CSV without the index, atomically."""
    write_text(path, table.to_csv(index=False, lineterminator="\n"))
