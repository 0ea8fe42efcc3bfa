"""Copy-number segments as SEG, GDC, ASCAT, FACETS, Sequenza, PURPLE and CNVkit files give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.chromosomes import bare_names, check_positions
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.files import read_table

SEGMENT_TABLE = ("sample_id", "chromosome", "start", "end", "log2", "major", "minor")
_NAMES = {
    "sample_id": ("id", "sample", "sample_id", "gdc_aliquot", "gdc_aliquot_id", "tumor_sample_barcode"),
    "chromosome": ("chrom", "chr", "chromosome"),
    "start": ("loc.start", "start", "startpos", "start.pos", "start_position"),
    "end": ("loc.end", "end", "endpos", "end.pos", "end_position"),
    "log2": ("seg.mean", "segment_mean", "seg_mean", "log2", "logr"),
    "major": ("nmajor", "major", "major_copy_number", "a", "majorallelecopynumber"),
    "minor": ("nminor", "minor", "minor_copy_number", "b", "lcn.em", "minorallelecopynumber"),
    "total": ("copy_number", "tcn.em", "cnt", "copynumber", "cn"),
}
_HIGHEST_LOG2 = 12.0


def read_segments(path: Path, build: str, report: list[Exclusion], sample: str | None = None) -> pd.DataFrame:
    """One row a segment (`SEGMENT_TABLE`): bare chromosome, bases, log2 ratio, copies of both alleles; NaN unknown.

    Segments that end before they start, or lack a place, are left out and counted.

    Args:
        build: genome build of the positions.
        sample: whose segments these are, for files of one tumour without a sample column.

    Raises:
        InputError: a column is missing, a ratio that is no logarithm, or positions of another build.
    """
    table = read_table(path, "," if path.name.removesuffix(".gz").endswith(".csv") else "\t")
    columns = {str(column).strip().strip('"').lower(): column for column in table.columns}
    found = {
        ours: columns[name] for ours, names in _NAMES.items() for name in reversed(names) if name in columns
    }
    _check_columns(found, path, list(map(str, table.columns)), sample)
    counts = CellCounts()
    numbers = {
        name: numbers_of(table[found[name]], counts)
        for name in ("start", "end", "log2", "major", "minor", "total")
        if name in found
    }
    counts.tell(path.name, report)
    made = pd.DataFrame(numbers, index=table.index).reindex(
        columns=["start", "end", "log2", "major", "minor", "total"]
    )
    made["major"] = made["major"].fillna(made["total"] - made["minor"])
    made.insert(0, "chromosome", bare_names(table[found["chromosome"]]))
    made.insert(0, "sample_id", table[found["sample_id"]] if "sample_id" in found else sample)
    is_placed = made[["sample_id", "start", "end"]].notna().all(axis=1) & (made["end"] >= made["start"])
    if not is_placed.all():
        told = f"{int((~is_placed).sum())} segments without a place, or that end before they start, left out"
        report.append(Exclusion("segment", path.name, "unplaced", told))
    made = made.loc[is_placed, list(SEGMENT_TABLE)].reset_index(drop=True)
    made["sample_id"] = made["sample_id"].astype(str)
    _check_values(made, build, path)
    return made


def _check_columns(found: dict[str, str], path: Path, got: list[str], sample: str | None) -> None:
    lacking = [name for name in ("chromosome", "start", "end") if name not in found]
    if "sample_id" not in found and sample is None:
        lacking.insert(0, "sample (or say whose it is)")
    if not found.keys() & {"log2", "minor"}:
        lacking.append("a log2 ratio or copies of both alleles")
    if lacking:
        raise InputError(
            f"{path.name} lacks {', '.join(lacking)}",
            got=f"columns {', '.join(got[:12])}",
            expected="SEG (ID chrom loc.start loc.end num.mark seg.mean), ASCAT (sample chr startpos endpos nMajor "
            "nMinor), or the segment file of GDC, FACETS, Sequenza, PURPLE or CNVkit",
        )


def _check_values(segments: pd.DataFrame, build: str, path: Path) -> None:
    highest = float(segments["log2"].abs().max()) if segments["log2"].notna().any() else 0.0
    if highest > _HIGHEST_LOG2 or (segments["log2"].notna().any() and float(segments["log2"].min()) >= 0.3):
        raise InputError(
            f"{path.name}: the segment means are no log2 ratios",
            got=f"from {segments['log2'].min():g} to {segments['log2'].max():g}",
            expected="log2(copies / 2), 0 where nothing is gained or lost",
            fix="copies belong into columns nMajor and nMinor, ratios must be log2-transformed",
        )
    if (segments[["major", "minor"]] < 0).any(axis=None):
        raise InputError(f"{path.name}: negative copy numbers", expected="copies of each allele, 0 or more")
    check_positions(segments["chromosome"], segments["end"], build, path.name)


def ploidy_of(segments: pd.DataFrame) -> float:
    """Mean total copy number over the segments of one tumour, weighted by length; NaN without copy numbers."""
    total = segments["major"] + segments["minor"]
    known = segments[total.notna()]
    size = (known["end"] - known["start"]).to_numpy(float)
    return float(np.average(total[total.notna()], weights=size)) if size.sum() > 0 else float("nan")
