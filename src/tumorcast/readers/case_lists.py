"""Which samples were profiled: "profiled, nothing found" is not "not profiled"."""

from __future__ import annotations

from pathlib import Path

from tumorcast.readers.files import read_table
from tumorcast.readers.meta import read_keys


def sequenced_samples(folder: Path, panel_matrix: Path | None) -> frozenset[str] | None:
    """Samples profiled for mutations, from the sequenced case list and the gene panel matrix; None where the
    study has neither."""
    found: set[str] = set()
    told = False
    for path in sorted(folder.glob("case_lists/*.txt")):
        keys = read_keys(path)
        if keys.get("stable_id", path.stem).endswith("_sequenced") or path.stem == "cases_sequenced":
            told = True
            found.update(keys.get("case_list_ids", "").split())
    if panel_matrix is not None and panel_matrix.is_file():
        table = read_table(panel_matrix)
        if {"SAMPLE_ID", "mutations"} <= set(table.columns):
            told = True
            found.update(table.loc[table["mutations"].notna(), "SAMPLE_ID"].astype(str))
    return frozenset(found) if told else None
