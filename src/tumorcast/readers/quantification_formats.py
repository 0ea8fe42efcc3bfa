"""Files of RNA quantifiers, one sample each, as rows of identifier, name and TPM."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, bare
from tumorcast.readers.gene_lengths import bare_id

NOT_GENES = r"__\w+|N_(?:unmapped|multimapping|noFeature|ambiguous)"
"""Rows of HTSeq-count and STAR that count reads outside genes."""
FEATURECOUNTS = ("Geneid", "Chr", "Start", "End", "Strand", "Length")
_LEAST_SHARE = 0.5
"""Of the reads or TPM: so much must find a length or a gene, else the table given is another annotation's."""
_TRANSCRIPT = r"ENS[A-Z]*T\d{11}.*|[NX][MR]_\d+(?:\.\d+)?"
_PIPED = re.compile(r"ENS[A-Z]*T\d{11}[^|]*\|(ENS[A-Z]*G\d{11}[^|]*)\|[^|]*\|[^|]*\|[^|]*\|([^|]*)\|")
_ID_AND_NAME = re.compile(r"(ENS[A-Z]*G\d{11}(?:\.\d+)?(?:_PAR_Y)?)_(?!PAR_Y$)(.+)")
_ENSEMBL = r"ENS[A-Z]*G\d{11}"
_KNOWN = (
    "GDC's or STAR's own counts, RSEM genes.results, Salmon quant.sf or quant.genes.sf, kallisto abundance.tsv, "
    "featureCounts, HTSeq-count or StringTie gene abundances"
)


@dataclass(frozen=True)
class Layout:
    """Columns of one program's file: `value` holds TPM, or reads where `is_tpm` is False."""

    program: str
    id: str
    value: str
    name: str = ""
    mark: str = ""
    is_tpm: bool = True


_LAYOUTS = (
    Layout("GDC STAR counts", "gene_id", "tpm_unstranded", "gene_name", mark="gene_type"),
    Layout("RSEM", "gene_id", "TPM", mark="expected_count"),
    Layout("Salmon", "Name", "TPM", mark="EffectiveLength"),
    Layout("kallisto", "target_id", "tpm", mark="eff_length"),
    Layout("StringTie", "Gene ID", "TPM", "Gene Name", mark="Coverage"),
)


@dataclass(frozen=True)
class Quantified:
    """What one file says.

    Attributes:
        program: that wrote it.
        model: gene model that it names, "" none.
        rows: id, name ("" unknown), value (TPM, NaN unknown); a gene may have several rows.
        told: reason -> how many rows it concerns.
    """

    program: str
    model: str
    rows: pd.DataFrame
    told: Counter[str]


def read_rows(path: Path, lengths: pd.Series | None, transcripts: Mapping[str, str] | None) -> Quantified:
    """One sample's file, plain or gzipped; its format is recognised by its content.

    Of STAR's counts those of an unstranded library are taken, as GDC does.

    Args:
        lengths: `gene_lengths.read_gene_lengths`, for reads of genes without lengths.
        transcripts: `gene_lengths.read_transcript_genes`, for transcripts that do not name their gene.

    Raises:
        InputError: no such format, nothing measured, or what it needs besides is not given or does not fit.
    """
    comments, lines = _lines(path)
    layout, columns = _layout(lines, path)
    table = _table(lines, columns, path)
    rows = pd.DataFrame({"id": table[layout.id].fillna("").str.strip().str.strip('"')})
    rows["name"] = table[layout.name].fillna("").replace({"-": "", ".": ""}) if layout.name else ""
    told: Counter[str] = Counter()
    rows["value"] = numbers_of(table[layout.value], CellCounts())
    is_gene = (rows["id"] != "") & ~rows["id"].str.fullmatch(NOT_GENES)
    rows = rows[is_gene]
    _check(rows["value"], layout, path, told)
    if not layout.is_tpm:
        if layout.program == "featureCounts":
            bases = pd.to_numeric(table.loc[rows.index, "Length"], errors="coerce").to_numpy(float)
        else:
            bases = _bases(rows, lengths, layout.program, path)
        rows = _as_tpm(rows, bases, path, told)
    elif layout.program in ("Salmon", "kallisto"):
        rows = _of_genes(rows, transcripts, layout.program, path, told)
    model = re.search(r"gene-model:\s*(.+)", comments)
    return Quantified(
        layout.program, model[1].strip() if model else "", _named(rows, layout.program, told), told
    )


def is_quantification(path: Path) -> bool:
    """Whether the file is one sample's expression as a known program writes it.

    Raises:
        InputError: not there, not text, or a damaged archive.
    """
    lines = _lines(path)[1]
    try:
        _layout(lines, path)
    except InputError:
        return False
    return True


def _lines(path: Path) -> tuple[str, list[str]]:
    """(the comments before the first line, the lines)."""
    with open_text(path) as file:
        lines = file.read().split("\n")
    n = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "\n".join(lines[:n]), [line for line in lines[n:] if line]


def _layout(lines: list[str], path: Path) -> tuple[Layout, list[str] | None]:
    """The file's layout, and names of its columns where it has no header.

    Raises:
        InputError: none of those known.
    """
    cells = [bare(cell) for cell in lines[0].split("\t")] if lines else []
    for layout in _LAYOUTS:
        if {layout.id, layout.value, layout.mark} <= set(cells):
            return layout, None
    if tuple(cells[:6]) == FEATURECOUNTS:
        return Layout("featureCounts", "Geneid", _only_sample(cells, path), is_tpm=False), None
    if len(cells) == 4 and cells[0] == "N_unmapped":
        return Layout("STAR", "id", "reads", is_tpm=False), ["id", "reads", "forward", "reverse"]
    if len(cells) in (2, 3) and any(line.startswith("__no_feature\t") for line in lines):
        columns = ["id", "name", "reads"] if len(cells) == 3 else ["id", "reads"]
        name = "name" if len(cells) == 3 else ""
        return Layout("HTSeq-count", "id", "reads", name, is_tpm=False), columns
    raise InputError(
        f"{path.name} is not one sample's expression in a known format",
        got=f"first line {lines[0][:100]!r}" if lines else "no line",
        expected=_KNOWN,
    )


def _only_sample(columns: list[str], path: Path) -> str:
    """The one column of reads in featureCounts' table."""
    samples = [column for column in columns[6:] if column not in ("gene_name", "gene_type", "gene_biotype")]
    if len(samples) != 1:
        raise InputError(
            f"{path.name} is not of one sample",
            got=f"{len(samples)} columns of reads: {', '.join(samples[:5])}",
            fix="give it as a matrix of counts",
        )
    return samples[0]


def _table(lines: list[str], columns: list[str] | None, path: Path) -> pd.DataFrame:
    """Text, missing values as NaN."""
    try:
        table = pd.read_csv(
            StringIO("\n".join(lines)), sep="\t", dtype=str, names=columns, header=None if columns else 0,
            na_values=NOT_AVAILABLE, keep_default_na=False, quoting=csv.QUOTE_NONE,
        )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path.name} is not a table", got=str(error).splitlines()[0]) from None
    if not isinstance(table.index, pd.RangeIndex):
        raise InputError(f"{path.name}: rows are longer than the header")
    return table.rename(columns=bare)


def _check(values: pd.Series, layout: Layout, path: Path, told: Counter[str]) -> None:
    """Raise where nothing is measured or something is below zero; count unknown values and a wrong sum of TPM."""
    total = float(values.sum())
    if total <= 0 or values.min() < 0:
        raise InputError(
            f"{path.name}: no expression was measured" if total <= 0 else f"{path.name}: values below zero",
            got=f"{layout.program}, {len(values)} rows, sum {total:g}, lowest {values.min():g}",
            fix="quantify the sample again, or leave it out",
        )
    told["not_a_number"] += int(values.isna().sum())
    told["tpm_sum"] += int(layout.is_tpm and abs(total / 1e6 - 1) > 0.01)


def _bases(rows: pd.DataFrame, lengths: pd.Series | None, program: str, path: Path) -> NDArray[np.floating]:
    """Length of each row's gene, NaN unknown."""
    if lengths is None:
        raise InputError(
            f"{path.name} holds reads without lengths of genes",
            got=program,
            expected="TPM, or lengths of genes to make them of",
            fix="give gene lengths: a table of two columns, or the GTF that the reads were counted with",
        )
    return lengths.reindex(rows["id"].map(bare_id)).to_numpy()


def _as_tpm(rows: pd.DataFrame, bases: NDArray[np.floating], path: Path, told: Counter[str]) -> pd.DataFrame:
    """Reads as TPM; rows without a length are left out and counted."""
    is_measured = bases > 0
    need_share(rows["value"], is_measured, path, "a length", "lengths of the annotation that was used")
    told["no_length"] += int((~is_measured).sum())
    kept = rows[is_measured]
    rates = kept["value"] / bases[is_measured]
    return kept.assign(value=rates / rates.sum() * 1e6)


def _of_genes(
    rows: pd.DataFrame, transcripts: Mapping[str, str] | None, program: str, path: Path, told: Counter[str]
) -> pd.DataFrame:
    """Rows of transcripts added up to their genes, with id and name of these; rows of genes as they are.

    Raises:
        InputError: the transcripts' genes are not known, or those of less than half of the TPM.
    """
    piped = [_PIPED.match(name) for name in rows["id"]]
    if any(piped):
        pairs = [(found[1], found[2]) if found else ("", "") for found in piped]
        rows = rows.assign(id=[gene for gene, _ in pairs], name=[name for _, name in pairs])
    elif program == "kallisto" or _are_transcripts(rows["id"], transcripts):
        if transcripts is None:
            raise InputError(
                f"{path.name} holds transcripts, and does not say of which genes",
                got=f"{program}, {rows['id'].iloc[0]}",
                expected="genes, names as GENCODE writes them (transcript|gene|...), or a table tx2gene",
                fix="give a table of transcript and gene, or Salmon's quant.genes.sf",
            )
        rows = rows.assign(
            id=[transcripts.get(name) or transcripts.get(bare_id(name), "") for name in rows["id"]]
        )
    is_known = (rows["id"] != "").to_numpy()
    need_share(rows["value"], is_known, path, "a gene", "tx2gene of the annotation that was used")
    told["no_gene"] += int((~is_known).sum())
    return rows[is_known].groupby(["id", "name"], sort=False, as_index=False).sum(skipna=False)


def _are_transcripts(names: pd.Series, transcripts: Mapping[str, str] | None) -> bool:
    is_one = names.str.fullmatch(_TRANSCRIPT) | names.isin(list(transcripts or ()))
    return float(is_one.mean()) > _LEAST_SHARE


def need_share(values: pd.Series, is_found: NDArray[np.bool_], path: Path, what: str, fix: str) -> None:
    """Raise where what is found is less than half of the reads or TPM."""
    share = float(values[is_found].sum() / values.sum())
    if share < _LEAST_SHARE:
        raise InputError(
            f"{path.name}: too little of it has {what}",
            got=f"{share:.0%}",
            expected="half",
            fix=f"give {fix}",
        )


def _named(rows: pd.DataFrame, program: str, told: Counter[str]) -> pd.DataFrame:
    """`ENSG..._SYMBOL` as id and name, without rows that are no known gene's.

    Those are StringTie's assembled loci without a name, and numbers among Ensembl ids, which are not Entrez's
    (ENCODE's RSEM files number tRNA genes).
    """
    split = [_ID_AND_NAME.fullmatch(name) for name in rows["id"]]
    if any(split):
        pairs = [
            (found[1], found[2]) if found else (own, name)
            for found, own, name in zip(split, rows["id"], rows["name"], strict=True)
        ]
        rows = rows.assign(id=[own for own, _ in pairs], name=[name for _, name in pairs])
    is_ensembl = rows["id"].str.match(_ENSEMBL)
    is_foreign = (program == "StringTie") & (rows["name"] == "") & ~is_ensembl
    if is_ensembl.mean() > _LEAST_SHARE:
        is_foreign |= rows["id"].str.fullmatch(r"\d+")
    told["no_gene"] += int(is_foreign.sum())
    return rows[~is_foreign]
