"""SDTM's tumour domains: TU (which lesions), TR (their measurements), RS (responses) -> the long form."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.lesion_words import is_node_organ

_DOMAIN_KEYS = {"TU": "TULNKID", "TR": "TRLNKID", "RS": "RSTESTCD"}
_AXIS, _STATE = "SAXIS", "TUMSTATE"
_LONGEST = ("LDIAM", "DIAMETER")
_OF_NODES = ((_AXIS,), ("LPERP", "LPERPDIA"), _LONGEST)
_VISITS = ("VISITNUM", "VISIT", "TRDTC")
Cells = Mapping[str, str]
"""What is known of one row: column -> text."""
_REPORTED = ["patient_id", "visit", "test", "response", "criteria"]


def is_sdtm(table: pd.DataFrame) -> bool:
    """Whether a table is one of the three domains."""
    return _domain(table) is not None


def _domain(table: pd.DataFrame) -> str | None:
    keys = (name for name, key in _DOMAIN_KEYS.items() if key in table.columns and "USUBJID" in table.columns)
    return next(keys, None)


def lesions_of(tables: Sequence[pd.DataFrame], evaluator: str | None) -> pd.DataFrame:
    """TU and TR joined by link id, one row a lesion and visit.

    Args:
        evaluator: TREVALID or TREVAL, where there are several.

    Raises:
        InputError: TU or TR is lacking, no dates, or several evaluators without a choice.
    """
    parts = {name: [t for t in tables if _domain(t) == name] for name in _DOMAIN_KEYS}
    if not parts["TU"] or not parts["TR"]:
        raise InputError(
            "SDTM lesions need TU and TR", got=", ".join(name for name, found in parts.items() if found),
            fix="give both tables: TU says which lesion is a target, TR how large it is",
        )  # fmt: skip
    identified, measured = (
        _chosen(pd.concat(parts[name], ignore_index=True).dropna(subset=["USUBJID", key]), name, evaluator)
        for name, key in (("TU", "TULNKID"), ("TR", "TRLNKID"))
    )
    kinds = _kinds(identified)
    organs = kinds.dropna(subset=["organ"]) if "organ" in kinds else kinds.head(0).assign(organ=[])
    seen = pd.DataFrame(_rows(measured, {(p, one): o for p, one, o in _cells_of(organs)}))
    made = seen.merge(kinds, on=["patient_id", "lesion_id"], how="left")
    return made if "date" in made else made.assign(date=None)


def _kinds(identified: pd.DataFrame) -> pd.DataFrame:
    """Kind and organ of each lesion; one that changes has two rows here, and is refused where rows are read."""
    names = {"USUBJID": "patient_id", "TULNKID": "lesion_id", "TUORRES": "kind", "TULOC": "organ"}
    kinds = identified.dropna(subset=["TULNKID"]).rename(columns=names)
    for column in ("kind", "organ"):
        if column in kinds:
            known = kinds.groupby(["patient_id", "lesion_id"])[column].transform("first")
            kinds[column] = kinds[column].where(kinds[column].notna(), known)
    return kinds[[name for name in names.values() if name in kinds]].drop_duplicates()


def _cells_of(organs: pd.DataFrame) -> list[tuple[str, str, str]]:
    return list(organs[["patient_id", "lesion_id", "organ"]].astype(str).itertuples(index=False, name=None))


def _rows(measured: pd.DataFrame, organs: Mapping[tuple[str, str], str]) -> list[dict[str, object]]:
    """One row a patient, lesion and visit."""
    key = next((c for c in _VISITS if c in measured and measured[c].notna().all()), None)
    if key is None:
        raise InputError("TR has no visits", expected=f"{', '.join(_VISITS)}: one of them in every row")
    groups: dict[tuple[str, str, str], list[Cells]] = {}
    tests: dict[tuple[str, str], set[str]] = {}
    for record in measured.to_dict("records"):
        cells = {str(name): str(cell) for name, cell in record.items() if cell is not None and cell == cell}
        lesion = (cells["USUBJID"], cells["TRLNKID"])
        groups.setdefault((*lesion, cells[key]), []).append(cells)
        tests.setdefault(lesion, set()).add(_test(cells))
    is_node = {each: _is_node(organs.get(each), found) for each, found in tests.items()}
    axes = {each: _axis(found) if is_node[each] else _LONGEST for each, found in tests.items()}
    return [
        _row(patient, lesion, rows, is_node[patient, lesion], axes[patient, lesion])
        for (patient, lesion, _), rows in groups.items()
    ]


def _test(cells: Cells) -> str:
    return cells.get("TRTESTCD", "").upper()


def _is_node(organ: str | None, tests: Collection[str]) -> bool:
    """By the organ; where none is known, or only a short axis was measured, by that."""
    if organ is not None and is_node_organ(organ):
        return True
    return _AXIS in tests and (organ is None or not set(_LONGEST) & set(tests))


def _axis(tests: Collection[str]) -> Sequence[str]:
    """Test codes of a node's size, one kind at all its visits: short axis, else perpendicular, else longest."""
    return next((codes for codes in _OF_NODES if set(codes) & set(tests)), _LONGEST)


def _row(
    patient_id: str, lesion_id: str, rows: Sequence[Cells], is_node: bool, axis: Sequence[str]
) -> dict[str, object]:
    """One row of the long form from a lesion's tests at one visit."""
    sizes = [cells for code in axis for cells in rows if _test(cells) == code]
    states = [cells for cells in rows if _test(cells) == _STATE]
    size, unit = _measured([cells for cells in sizes if cells.get("TRSTAT", "").upper() != "NOT DONE"])
    status = _first(states, "TRSTRESC") or _first(states, "TRORRES")
    if size is None and status is None:
        status = "TOO SMALL TO MEASURE" if _is_too_small(rows) else "NOT EVALUABLE"
    return {
        "patient_id": patient_id, "lesion_id": lesion_id, "visit": _first(rows, "VISIT"),
        "visit_number": _first(rows, "VISITNUM"), "date": _first(rows, "TRDTC"), "size_mm": size,
        "unit": unit, "status": status, "is_node": "1" if is_node else None,
    }  # fmt: skip


def _measured(rows: Sequence[Cells]) -> tuple[str | None, str | None]:
    """Size and unit: standardised before as collected, each with its own unit."""
    for cells in rows:
        for value, unit in (("TRSTRESN", "TRSTRESU"), ("TRSTRESC", "TRSTRESU"), ("TRORRES", "TRORRESU")):
            if value in cells:
                return cells[value], cells.get(unit)
    return None, None


def _is_too_small(rows: Sequence[Cells]) -> bool:
    words = (cells.get(column, "") for cells in rows for column in ("TRREASND", "TRORRES", "TRSTRESC"))
    return any("too small" in word.lower() for word in words)


def _first(rows: Sequence[Cells], column: str) -> str | None:
    return next((cells[column] for cells in rows if column in cells), None)


def _chosen(table: pd.DataFrame, domain: str, evaluator: str | None) -> pd.DataFrame:
    """The rows of one evaluator; all where the table names none. Rows without a name are one reader's.

    Raises:
        InputError: several readers are left, or none of the name that was given.
    """
    columns = [column for column in (f"{domain}EVALID", f"{domain}EVAL") if column in table]
    names = sorted({str(name) for column in columns for name in table[column].dropna()})
    if evaluator is not None and names:
        column = next((column for column in columns if (table[column] == evaluator).any()), None)
        if column is None:
            raise InputError(
                f"{domain} has no reader of that name", got=evaluator, expected=", ".join(names),
                fix=f"give --evaluator as {domain} spells it, or leave {domain} out where it is not needed",
            )  # fmt: skip
        table, columns = table[table[column] == evaluator], columns[: columns.index(column)]
    for column in columns:
        found = table[column].fillna("no name").unique()
        if len(found) > 1:
            raise InputError(
                f"{domain} holds the work of several readers",
                got=f"{column}: {', '.join(sorted(map(str, found)))}",
                fix="give --evaluator NAME",
            )
    return table


def reported_of(tables: Sequence[pd.DataFrame], evaluator: str | None = None) -> pd.DataFrame:
    """Responses as one reader's RS reports them; `visit` is VISITNUM, else VISIT, `criteria` RSCAT.

    Raises:
        InputError: RS holds the responses of several readers, or none of the evaluator's.
    """
    found = [table for table in tables if _domain(table) == "RS"]
    if not found:
        return pd.DataFrame(columns=_REPORTED)
    table = _chosen(pd.concat(found, ignore_index=True), "RS", evaluator)
    result = "RSSTRESC" if "RSSTRESC" in table and table["RSSTRESC"].notna().any() else "RSORRES"
    if result not in table:
        return pd.DataFrame(columns=_REPORTED)
    visit = "VISITNUM" if "VISITNUM" in table else "VISIT"
    made = pd.DataFrame(
        {
            "patient_id": table["USUBJID"], "visit": table.get(visit), "test": table["RSTESTCD"].str.upper(),
            "response": table[result].str.strip().str.upper(), "criteria": table.get("RSCAT"),
        }
    )  # fmt: skip
    return made.dropna(subset=["patient_id", "response"]).reset_index(drop=True)
