"""SDTM's tumour domains: TU (which lesions), TR (their measurements), RS (responses) -> the long form."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tumorcast.domain.errors import InputError

_DOMAIN_KEYS = {"TU": "TULNKID", "TR": "TRLNKID", "RS": "RSTESTCD"}
_DIAMETERS, _AXIS, _STATE = ("LDIAM", "DIAMETER", "LPERPDIA", "SAXIS"), "SAXIS", "TUMSTATE"
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
    measured = measured[measured["TRLNKID"].notna()]
    rows = [
        _row(keys, mine) for keys, mine in measured.groupby(["USUBJID", "TRLNKID", *_visit_keys(measured)])
    ]
    seen = pd.DataFrame(rows)
    kinds = identified.dropna(subset=["TULNKID"]).drop_duplicates(["USUBJID", "TULNKID", *_given(identified)])
    kinds = kinds.rename(
        columns={"USUBJID": "patient_id", "TULNKID": "lesion_id", "TUORRES": "kind", "TULOC": "organ"}
    )
    kept = [c for c in ("patient_id", "lesion_id", "kind", "organ") if c in kinds]
    kinds = kinds[kept].drop_duplicates(["patient_id", "lesion_id"])
    made = seen.merge(kinds, on=["patient_id", "lesion_id"], how="left")
    return made if "date" in made else made.assign(date=None)


def _given(table: pd.DataFrame) -> list[str]:
    return [column for column in ("TUORRES", "TULOC") if column in table]


def _visit_keys(table: pd.DataFrame) -> list[str]:
    for column in ("VISITNUM", "VISIT", "TRDTC"):
        if column in table and table[column].notna().all():
            return [column]
    raise InputError("TR has no visits", expected="VISITNUM, VISIT or TRDTC in every row")


def _row(keys: object, rows: pd.DataFrame) -> dict[str, object]:
    patient_id, lesion_id = keys[0], keys[1]  # type: ignore[index]
    tests = rows["TRTESTCD"].astype(str).str.upper()
    sizes = rows[tests.isin(_DIAMETERS)]
    states = rows[tests == _STATE]
    result = "TRSTRESN" if "TRSTRESN" in rows else "TRSTRESC" if "TRSTRESC" in rows else "TRORRES"
    unit = "TRSTRESU" if result != "TRORRES" and "TRSTRESU" in rows else "TRORRESU"
    is_done = pd.Series(True, rows.index)
    if "TRSTAT" in rows:
        is_done = rows["TRSTAT"].astype("object").fillna("").astype(str).str.upper() != "NOT DONE"
    size = _first(sizes.loc[is_done[sizes.index]], result)
    if size is None:
        size = _first(sizes.loc[is_done[sizes.index]], "TRORRES")
    status = _first(states, "TRSTRESC") or _first(states, "TRORRES")
    if size is None and status is None:
        status = "TOO SMALL TO MEASURE" if _is_too_small(rows) else "NOT EVALUABLE"
    return {
        "patient_id": patient_id, "lesion_id": lesion_id, "visit": _first(rows, "VISIT"),
        "visit_number": _first(rows, "VISITNUM"), "date": _first(rows, "TRDTC"), "size_mm": size,
        "unit": _first(sizes, unit), "status": status, "is_node": "1" if (tests == _AXIS).any() else None,
    }  # fmt: skip


def _is_too_small(rows: pd.DataFrame) -> bool:
    reasons = " ".join(str(_first(rows, column) or "") for column in ("TRREASND", "TRORRES", "TRSTRESC"))
    return "too small" in reasons.lower()


def _first(rows: pd.DataFrame, column: str) -> str | None:
    known = rows[column].dropna() if column in rows else pd.Series(dtype=object)
    return str(known.iloc[0]) if len(known) else None


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
    visit = "VISITNUM" if "VISITNUM" in table else "VISIT"
    made = pd.DataFrame(
        {
            "patient_id": table["USUBJID"], "visit": table.get(visit), "test": table["RSTESTCD"].str.upper(),
            "response": table[result].str.strip().str.upper(),
        }
    )  # fmt: skip
    return made.dropna(subset=["patient_id", "response"]).reset_index(drop=True)
