"""Tables of one patient as laboratories send them, brought to the case's own patient and sample."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import bare
from tumorcast.readers.species import foreign_build, foreign_species

_BARCODE, _SYMBOL, _BUILD = "Tumor_Sample_Barcode", "Hugo_Symbol", "NCBI_Build"
_GENE_COLUMNS = (
    "hugo_symbol",
    "gene_name",
    "gene_symbol",
    "symbol",
    "gene",
    "gene_id",
    "ensembl_gene_id",
    "geneid",
)
_OTHER_COLUMNS = (
    *_GENE_COLUMNS,
    "entrez_gene_id",
    "description",
    "gene_type",
    "gene_biotype",
    "length",
    "chr",
)
_MOST_IDS = 100_000
_PERSONAL = re.compile(
    r"(FIRST|LAST|SUR|FAMILY|GIVEN|FULL|PATIENT|MAIDEN)?_?NAME|.*BIRTH.*|DOB|.*ADDRESS|.*PHONE.*|E?_?MAIL|MRN|SSN|"
    r"NHS_?(NO|NUMBER)|ZIP(_?CODE)?|POST_?CODE"
)


class _Tabs(csv.excel_tab):
    """Quotation marks are characters like others, where one alone must not swallow the rows that follow."""

    quoting = csv.QUOTE_NONE


def own_maf(source: Path, target: Path, patient_id: str, sample_id: str) -> None:
    """The MAF with the rows of the one tumour alone, under the case's sample.

    Raises:
        InputError: of another species, or of several tumours of which none is called as the patient is.
    """
    with open_text(source) as file:
        header, rows = _table(file, "\t")
        place = {name: header.index(name) for name in (_BARCODE, _SYMBOL)}
        build = header.index(_BUILD) if _BUILD in header else None
        kept = list(rows)
    _refuse_species(_cell(row, place[_SYMBOL]) for row in kept)
    if build is not None and (
        found := next((b for row in kept if (b := foreign_build(_cell(row, build)))), None)
    ):
        raise _foreign(f"genome build {found}")
    tumours = list(dict.fromkeys(_cell(row, place[_BARCODE]) for row in kept))
    wanted = _wanted(tumours, patient_id, sample_id) if kept else ""
    kept = [row for row in kept if _cell(row, place[_BARCODE]) == wanted]
    for row in kept:
        row[place[_BARCODE]] = sample_id
    _write(target, [header, *kept])


def own_expression(source: Path, target: Path, patient_id: str, sample_id: str) -> None:
    """A table genes x samples with the one sample's column alone.

    Raises:
        InputError: of another species, several samples of which none is called as the patient is, or no values.
    """
    with open_text(source) as file:
        header, rows = _table(file, "\t" if source.name.removesuffix(".gz").endswith(".tsv") else None)
        kept = [row for row in rows if any(cell.strip() for cell in row)]
    gene = next((i for name in _GENE_COLUMNS for i, cell in enumerate(header) if cell.lower() == name), 0)
    columns = {
        cell: i for i, cell in enumerate(header) if i != gene and cell and cell.lower() not in _OTHER_COLUMNS
    }
    if len(kept) <= 2 < 20 < len(columns):
        raise InputError(
            "genes are columns", got=f"{len(kept)} rows, {len(columns)} columns", fix="turn the table"
        )
    _refuse_species(_cell(row, gene) for row in kept)
    value = columns[_wanted(list(columns), patient_id, sample_id)]
    _write(target, [[_SYMBOL, sample_id], *([_cell(row, gene), _cell(row, value)] for row in kept)])


def clinical_row(source: Path, patient_id: str) -> dict[str, str]:
    """Column in capitals -> value, of the one patient; empty cells left out.

    Raises:
        InputError: no row of the patient, several, or a column that could name a person.
    """
    with open_text(source) as file:
        header, rows = _table(file, None)
        found = [
            dict(zip([name.upper().replace(" ", "_") for name in header], row)) for row in rows if any(row)
        ]
    personal = [name for name in (found[0] if found else {}) if _PERSONAL.fullmatch(name)]
    if personal:
        raise InputError("the table names a person", got=", ".join(personal), fix="take these columns out")
    own = [row for row in found if row.get("PATIENT_ID", patient_id).strip() == patient_id]
    if len(own) != 1:
        raise InputError(
            "the clinical table must have one row of the patient", got=f"{len(own)} of {len(found)} rows"
        )
    return {name: value.strip() for name, value in own[0].items() if name != "PATIENT_ID" and value.strip()}


def check_vcf(source: Path) -> None:
    """Raise `InputError` where a VCF's header names a genome of another species."""
    with open_text(source) as file:
        for line in file:
            if not line.startswith("##"):
                return
            if found := foreign_build(line):
                raise _foreign(f"genome build {found}")


def check_quantification(source: Path) -> None:
    """Raise `InputError` where a quantifier's file is of another species."""
    with open_text(source) as file:
        cells = (re.split(r"[\t|]", line, maxsplit=2) for line in file if not line.startswith("#"))
        first = [row[0].strip('"') for row in cells][1:_MOST_IDS]
    _refuse_species(first)


def _table(lines: Iterable[str], separator: str | None) -> tuple[list[str], Iterator[list[str]]]:
    """(header, rows as long as it at least) of a text; None: tabs where the header has them, else commas."""
    own = (line for line in lines if not line.startswith("#"))
    first = next((line for line in own if line.strip()), "")
    mark = separator or ("\t" if "\t" in first else ";" if first.count(";") > first.count(",") else ",")
    dialect = _Tabs if mark == "\t" else csv.excel
    header = [bare(cell) for cell in next(csv.reader([first.rstrip("\n")], dialect, delimiter=mark), [])]
    read = csv.reader(own, dialect, delimiter=mark)
    return header, (row + [""] * (len(header) - len(row)) for row in read)


def _wanted(found: list[str], patient_id: str, sample_id: str) -> str:
    """The one name of a tumour, or the one that begins as the patient's does."""
    if len(found) == 1:
        return found[0]
    own = [name for name in found if name == sample_id] or [
        name for name in found if name == patient_id or name.startswith((f"{patient_id}-", f"{patient_id}_"))
    ]
    if len(own) != 1:
        raise InputError(
            "the file must be of one sample",
            got=f"{len(found)} samples, {len(own)} of them called as the patient is",
            expected=f"one sample, or one whose name begins with {patient_id}",
        )
    return own[0]


def _refuse_species(identifiers: Iterable[str]) -> None:
    if found := foreign_species(identifiers):
        raise _foreign(f"identifiers of {found}")


def _foreign(got: str) -> InputError:
    return InputError(
        "the genes are not a person's", got=got, expected="human genes", fix="send the patient's own file"
    )


def _cell(row: list[str], place: int) -> str:
    return row[place].strip().strip('"') if place < len(row) else ""


def _write(target: Path, rows: list[list[str]]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(row) + "\n" for row in rows)
