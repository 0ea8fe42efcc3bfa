"""Metabolite abundances: Metabolon's tables, MetaboLights' MAF, Metabolomics Workbench's and MetaboAnalyst's forms.

A metabolite is named by its HMDB accession (Wishart et al., Nucleic Acids Res 2022, 50:D622; five digits before 2017,
seven since), else its KEGG compound, else its name.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.abundances import (
    as_tabs,
    by_sample_name,
    first_rows,
    one_column_each,
    text_columns,
    to_log2,
)
from tumorcast.readers.files import NOT_AVAILABLE
from tumorcast.readers.matrix_table import read_matrix

_NAMES = (
    "biochemical", "chemical_name", "biochemical_name", "metabolite_identification", "metabolite_name", "metabolite",
    "compound_name", "compound", "refmet_name", "plot_name", "name",
)  # fmt: skip
_HMDB = ("hmdb", "hmdb_id", "hmdbid", "group_hmdb", "database_identifier")
_KEGG = ("kegg", "kegg_id", "database_identifier")
_OWN = (("comp_id",), ("chem_id",), ("chemical_id",), ("mass_to_charge", "retention_time"))
_NOTES = {
    *_NAMES, *_HMDB, *_KEGG, *(name for names in _OWN for name in names), "pathway_sortorder", "super_pathway",
    "sub_pathway", "platform", "ri", "mass", "cas", "pubchem", "chemspider", "lib_id", "chro_lib_entry_id", "inchikey",
    "inchi_key", "type", "short_name", "chemical_formula", "smiles", "inchi", "fragmentation", "modifications",
    "charge", "chemical_shift", "multiplicity", "taxid", "species", "database", "database_version", "reliability",
    "uri", "search_engine", "search_engine_score", "smallmolecule_abundance_sub",
    "smallmolecule_abundance_stdev_sub", "smallmolecule_abundance_std_error_sub",
}  # fmt: skip
_HMDB_ID = re.compile(r"HMDB(\d{5,7})", re.IGNORECASE)
_KEGG_ID = re.compile(r"\bC\d{5}\b")
_UNKNOWN = re.compile(r"x\s*-\s*(\d+)|(?:unknown|unnamed)(.*)", re.IGNORECASE)
_MARKS = re.compile(r"(?:\s*\*+|\s*\(\d\))+$")
_SAMPLE_HEADERS = {
    "sample", "sample_id", "sampleid", "sample_name", "samples", "patient_id", "subject_id", "client_sample_id",
    "client_identifier", "parent_sample_name",
}  # fmt: skip
_CLASS_HEADERS = {"label", "class", "group", "condition"}


def read_metabolites(path: Path, report: list[Exclusion]) -> pd.DataFrame:
    """sample x metabolite, float32: log2 of peak areas; logarithms and scaled data as they are; NaN not measured.

    Features are `HMDB0000122`, `C00031`, or a name in lower case without Metabolon's marks (`*`, `(1)`); unnamed ones
    (`X - 12345`) keep their own. Rows of one metabolite are averaged as logarithms. Samples may be rows or columns; a
    class column or row is left out. Gzipped and comma-separated files are read too.

    Raises:
        InputError: not a table, lines above the names of the columns, or negative values among peak areas.
    """
    described, values = _rows(path, report)
    identities = _identities(described)
    n_several = int(
        _first_of(described, _HMDB).fillna("").map(lambda cell: len(_HMDB_ID.findall(cell)) > 1).sum()
    )
    kinds = Counter(_kind(one) for one in identities)
    told = ", ".join(f"{kinds[kind]} {kind}" for kind in ("HMDB", "KEGG", "named", "unnamed"))
    report.append(Exclusion("layer", path.name, "identities", told))
    if n_several:
        told = f"{n_several} metabolites with several HMDB accessions stand under their first"
        report.append(Exclusion("feature", path.name, "several_identifiers", told))
    return one_column_each(to_log2(values, path.name, report), identities, path.name, report)


def metabolite_names(path: Path) -> dict[str, str]:
    """Feature of `read_metabolites` -> the name that the file gives it, its first where it has several."""
    described, _ = _rows(path, [])
    found: dict[str, str] = {}
    for one, name in zip(_identities(described), _first_of(described, _NAMES).fillna(""), strict=True):
        if one is not None:
            found.setdefault(one, name or one)
    return found


def _rows(path: Path, report: list[Exclusion]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(what describes each metabolite as text, by column in `snake_case`; its values, metabolite x sample)."""
    with as_tabs(path) as table:
        header, rows = first_rows(table)
        _check_header(header, rows, path.name)
        if _has_samples_as_rows(header, rows):
            return _samples_as_rows(table, header, rows, report)
        notes = text_columns(
            header, rows, {n.lower() for n in header if _snake(n) in _NOTES}, table.name, report
        )
        described, values = read_matrix(table, notes, report)
    if _is_class_row(rows[0]) and len(notes) == 1:
        report.append(Exclusion("layer", path.name, "class_row", f"row {rows[0][0]!r} left out"))
        described, values = described.iloc[1:], values.iloc[1:]
    first = _snake(header[0])
    described.columns = pd.Index([_snake(str(name)) for name in described.columns])
    return described if set(described) & set(_NAMES) else described.rename(columns={first: "name"}), values


def _samples_as_rows(
    table: Path, header: list[str], rows: list[list[str]], report: list[Exclusion]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    notes = text_columns(header, rows, _CLASS_HEADERS, table.name, [])
    described, values = read_matrix(table, notes, report)
    left_out = f"; left out: {', '.join(notes[1:6])}" if notes[1:] else ""
    report.append(Exclusion("layer", table.name, "orientation", f"samples as rows{left_out}"))
    values = by_sample_name(values, described[header[0]], table.name, report)
    return pd.DataFrame({"name": values.index}), values


def _has_samples_as_rows(header: list[str], rows: list[list[str]]) -> bool:
    """Whether no column is known to name metabolites, and the first is one of samples or the second one of classes."""
    if {_snake(name) for name in header} & _NOTES or _is_class_row(rows[0]):
        return False
    second = [row[1] for row in rows if len(row) > 1 and row[1] not in NOT_AVAILABLE]
    has_class = _snake(header[1]) in _CLASS_HEADERS or not any(map(_is_number, second))
    return _snake(header[0]) in _SAMPLE_HEADERS or (len(header) > 2 and has_class)


def _is_class_row(cells: list[str]) -> bool:
    """Whether no cell after the first is a number: MetaboAnalyst's row of labels, the Workbench's of factors."""
    given = [cell for cell in cells[1:] if cell not in NOT_AVAILABLE]
    return bool(given) and not any(map(_is_number, given))


def _is_number(cell: str) -> bool:
    try:
        float(cell.lstrip("<>= "))
    except ValueError:
        return False
    return True


def _check_header(header: list[str], rows: list[list[str]], file: str) -> None:
    """Raise where lines about samples stand above the names of the columns."""
    if {_snake(name) for name in header} & _NOTES:
        return
    for number, row in enumerate(rows, start=2):
        if len({_snake(cell) for cell in row} & _NOTES) > 1:
            raise InputError(
                f"{file}: the names of the columns stand in line {number}",
                got=", ".join(header[:12]),
                expected="BIOCHEMICAL, HMDB, ... and the samples' names in the first line",
                fix="put the samples' names into the line of BIOCHEMICAL and remove the lines above it",
            )


def _identities(described: pd.DataFrame) -> list[str | None]:
    """Feature of each row, None where nothing names it."""
    names = _first_of(described, _NAMES).fillna("").astype(str)
    hmdb, kegg = (_first_of(described, columns).fillna("") for columns in (_HMDB, _KEGG))
    own = pd.Series("", index=described.index)
    for columns in _OWN:
        if set(columns) <= set(described):
            text = described[list(columns)].fillna("").agg("@".join, axis=1)
            own = own.where((own != "") | (text.str.strip("@") == ""), f"{columns[0]}:" + text)
    return [_identity(*cells) for cells in zip(hmdb, kegg, names, own, strict=True)]


def _identity(hmdb: str, kegg: str, name: str, own: str) -> str | None:
    name = " ".join(name.split())
    if found := _HMDB_ID.search(hmdb) or _HMDB_ID.fullmatch(name):
        return f"HMDB{int(found[1]):07d}"
    if found := _KEGG_ID.search(kegg) or _KEGG_ID.fullmatch(name):
        return found[0]
    unknown = _UNKNOWN.fullmatch(name)
    if unknown and unknown[1]:
        return f"X-{unknown[1]}"
    if not name or (unknown and not unknown[2].strip()):
        return own or None
    return _MARKS.sub("", name).lower() or None


def _kind(identity: str | None) -> str:
    if identity is None or _UNKNOWN.fullmatch(identity) or identity.split(":")[0] in {c[0] for c in _OWN}:
        return "unnamed"
    return "HMDB" if _HMDB_ID.fullmatch(identity) else "KEGG" if _KEGG_ID.fullmatch(identity) else "named"


def _first_of(described: pd.DataFrame, columns: tuple[str, ...]) -> pd.Series:
    """The first of the columns that is there, cell by cell the first that is known."""
    found = [described[name].replace("", pd.NA) for name in columns if name in described]
    if not found:
        return pd.Series("", index=described.index)
    return pd.concat(found, axis=1).bfill(axis=1).iloc[:, 0]


def _snake(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
