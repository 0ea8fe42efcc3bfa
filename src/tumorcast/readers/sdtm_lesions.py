"""SDTM's tumour domains: TU (which lesions), TR (their measurements), RS (responses) -> the long form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from tumorcast.domain.errors import InputError

_DOMAIN_KEYS = {"TU": "TULNKID", "TR": "TRLNKID", "RS": "RSTESTCD"}
_DIAMETERS, _AXIS, _STATE = ("LDIAM", "DIAMETER", "LPERPDIA", "SAXIS"), "SAXIS", "TUMSTATE"
_VISITS = ("VISITNUM", "VISIT", "TRDTC")
Cells = Mapping[str, str]
"""What is known of one row: column -> text."""
_REPORTED = ["patient_id", "visit", "test", "response"]


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
    identified = _chosen(pd.concat(parts["TU"], ignore_index=True), "TU", evaluator)
    measured = _chosen(pd.concat(parts["TR"], ignore_index=True), "TR", evaluator)
    measured = measured[measured["TRLNKID"].notna() & measured["USUBJID"].notna()]
    seen = pd.DataFrame(_rows(measured))
    made = seen.merge(_kinds(identified), on=["patient_id", "lesion_id"], how="left")
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


def _rows(measured: pd.DataFrame) -> list[dict[str, object]]:
    """One row a patient, lesion and visit."""
    key = next((c for c in _VISITS if c in measured and measured[c].notna().all()), None)
    if key is None:
        raise InputError("TR has no visits", expected=f"{', '.join(_VISITS)}: one of them in every row")
    groups: dict[tuple[str, str, str], list[Cells]] = {}
    for record in measured.to_dict("records"):
        cells = {str(name): str(cell) for name, cell in record.items() if cell is not None and cell == cell}
        groups.setdefault((cells["USUBJID"], cells["TRLNKID"], cells[key]), []).append(cells)
    return [_row(patient, lesion, rows) for (patient, lesion, _), rows in groups.items()]


def _row(patient_id: str, lesion_id: str, rows: Sequence[Cells]) -> dict[str, object]:
    """One row of the long form from a lesion's tests at one visit."""
    tests = [cells.get("TRTESTCD", "").upper() for cells in rows]
    sizes = [cells for cells, test in zip(rows, tests, strict=True) if test in _DIAMETERS]
    states = [cells for cells, test in zip(rows, tests, strict=True) if test == _STATE]
    size, unit = _measured([cells for cells in sizes if cells.get("TRSTAT", "").upper() != "NOT DONE"])
    status = _first(states, "TRSTRESC") or _first(states, "TRORRES")
    if size is None and status is None:
        status = "TOO SMALL TO MEASURE" if _is_too_small(rows) else "NOT EVALUABLE"
    return {
        "patient_id": patient_id, "lesion_id": lesion_id, "visit": _first(rows, "VISIT"),
        "visit_number": _first(rows, "VISITNUM"), "date": _first(rows, "TRDTC"), "size_mm": size,
        "unit": unit, "status": status, "is_node": "1" if _AXIS in tests else None,
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
    """The rows of one evaluator; all where the table names at most one."""
    for column in (f"{domain}EVALID", f"{domain}EVAL"):
        if column not in table:
            continue
        names = sorted(set(table[column].dropna()))
        if evaluator is not None and evaluator in names:
            return table[table[column] == evaluator]
        if evaluator is None and len(names) > 1:
            raise InputError(
                f"{domain} holds measurements of several readers",
                got=", ".join(names),
                fix="give --evaluator NAME",
            )
    return table


def reported_of(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Responses as RS reports them: `patient_id, visit, test, response`; `visit` is VISITNUM, else VISIT."""
    found = [table for table in tables if _domain(table) == "RS"]
    if not found:
        return pd.DataFrame(columns=_REPORTED)
    table = pd.concat(found, ignore_index=True)
    result = "RSSTRESC" if "RSSTRESC" in table and table["RSSTRESC"].notna().any() else "RSORRES"
    if result not in table:
        return pd.DataFrame(columns=_REPORTED)
    visit = "VISITNUM" if "VISITNUM" in table else "VISIT"
    made = pd.DataFrame(
        {
            "patient_id": table["USUBJID"], "visit": table.get(visit), "test": table["RSTESTCD"].str.upper(),
            "response": table[result].str.strip().str.upper(),
        }
    )  # fmt: skip
    return made.dropna(subset=["patient_id", "response"]).reset_index(drop=True)
