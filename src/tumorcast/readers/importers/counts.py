"""An imported study is written, then read back: what was written must be what `read_study` finds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import summarise
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.meta import read_study_meta
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import ExpressionScale, write_study

_NEVER_FEWER = ("patients", "samples", "treatments", "sequenced samples", "slides")


def write_import(study: Study, out: Path, expression_scale: ExpressionScale = "log2(TPM+1)") -> list[str]:
    """Write the study, read it back, and return the lines of `read_back`.

    Raises:
        InputError: the folder holds another study, whose files would be read with this one's.
    """
    if (out / "meta_study.txt").is_file() and (there := read_study_meta(out)[0]) != study.study_id:
        raise InputError(
            f"{out} holds another study", got=there, expected=study.study_id, fix="give --out another folder"
        )
    write_study(study, out, expression_scale)
    return read_back(study, out)


def read_back(written: Study, folder: Path) -> list[str]:
    """Counts of the study in `folder`, as lines; then what its reader reports.

    Variants and genes may be fewer than written (repeated calls, identifiers that stand for one gene), each
    told by the report.

    Raises:
        InputError: patients, samples, treatments, sequenced samples or slides differ.
    """
    study = read_study(folder)
    told, found = _counts(written), _counts(study)
    for name in _NEVER_FEWER:
        if told[name] != found[name]:
            raise InputError(
                f"the imported study does not hold all {name}",
                got=f"{found[name]} read back from {folder}",
                expected=f"{told[name]}",
                fix="; ".join(summarise(study.report)) or None,
            )
    texts = [
        f"{name} {found[name]}" if found.get(name) == count else f"{name} {found.get(name, 0)} of {count}"
        for name, count in told.items()
    ]
    return ["read back: " + ", ".join(texts), *(f"  {line}" for line in summarise(study.report))]


def _counts(study: Study) -> dict[str, int | str]:
    counts: dict[str, int | str] = {
        "patients": len(study.patients), "samples": len(study.samples), "treatments": len(study.treatments),
        "sequenced samples": len(study.sequenced), "slides": len(study.slides),
    }  # fmt: skip
    if study.variants is not None:
        counts["variants"] = len(study.variants)
    tables = {"expression": study.expression, "copy number": study.copy_number, **study.layers}
    return counts | {name: _shape(table) for name, table in tables.items() if table is not None}


def _shape(table: pd.DataFrame) -> str:
    return f"{table.shape[0]} x {table.shape[1]}"
