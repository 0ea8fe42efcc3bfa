"""Files of a cBioPortal study folder as text, each written atomically and with the same bytes every time.

Format: https://docs.cbioportal.org/file-formats/.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

MISSING = "NA"


def write_text(path: Path, text: str) -> None:
    """Writes under a temporary name in the same folder, then renames."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".part")
    temporary.write_text(text, encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def write_meta(path: Path, fields: Mapping[str, str]) -> None:
    """`key: value` lines, in the order given."""
    write_text(path, "".join(f"{key}: {_one_line(value)}\n" for key, value in fields.items()))


def write_table(path: Path, table: pd.DataFrame) -> None:
    """A tab-separated table with a header, without the index; missing values are `NA`."""
    write_text(path, _lines_of(table))


def write_clinical(path: Path, table: pd.DataFrame, level: str) -> None:
    """A clinical table with the four `#` lines: display names, descriptions, datatypes, priorities.

    Args:
        level: "patient" or "sample", for the descriptions.
    """
    columns = [str(column) for column in table.columns]
    shown = [column.replace("_", " ").capitalize() for column in columns]
    kinds = ["NUMBER" if _is_number(table[column]) else "STRING" for column in table.columns]
    described = [f"{name} of the {level}" for name in shown]
    header = [shown, described, kinds, ["1"] * len(columns)]
    write_text(path, "".join("#" + "\t".join(row) + "\n" for row in header) + _lines_of(table))


def write_matrix(path: Path, table: pd.DataFrame, entity: str) -> None:
    """A matrix turned to one row a feature and one column a sample.

    Args:
        table: sample x feature.
        entity: name of the first column, such as `Hugo_Symbol`.
    """
    turned = table.T
    turned.index = pd.Index([_one_line(str(name)) for name in turned.index], name=entity)
    turned.columns = [str(sample) for sample in turned.columns]
    if _is_whole(turned):
        turned = turned.astype("Int64")
    write_text(path, turned.to_csv(sep="\t", na_rep=MISSING, lineterminator="\n"))


def write_case_list(path: Path, study_id: str, stable: str, name: str, ids: Iterable[str]) -> None:
    """A case list; identifiers are sorted."""
    ordered = sorted(ids)
    write_meta(
        path,
        {
            "cancer_study_identifier": study_id,
            "stable_id": f"{study_id}_{stable}",
            "case_list_name": name,
            "case_list_description": f"{name} ({len(ordered)} samples)",
        },
    )
    text = path.read_text(encoding="utf-8") + "case_list_ids: " + "\t".join(ordered) + "\n"
    write_text(path, text)


def _lines_of(table: pd.DataFrame) -> str:
    rows = ["\t".join(_one_line(str(column)) for column in table.columns)]
    columns = [[text_of(value) for value in table.iloc[:, i]] for i in range(table.shape[1])]
    rows += ["\t".join(cells) for cells in zip(*columns, strict=True)]
    return "\n".join(rows) + "\n"


def text_of(value: object) -> str:
    """One cell: `NA` where missing, whole numbers without a point, other numbers in their shortest form."""
    if value is None or value is pd.NA or value is pd.NaT:
        return MISSING
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float) or hasattr(value, "dtype"):
        number = float(value)  # type: ignore[arg-type]
        if math.isnan(number):
            return MISSING
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else str(value)
    return _one_line(str(value)) or MISSING


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _is_number(column: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)


def _is_whole(table: pd.DataFrame) -> bool:
    values = table.to_numpy()
    if values.size == 0 or values.dtype.kind != "f":
        return False
    measured = values[~pd.isna(values)]
    return bool((measured == measured.round()).all() and (abs(measured) < 1e15).all())
