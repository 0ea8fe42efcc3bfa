"""What quantifications need besides: lengths of genes, and which gene a transcript belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.compressed import open_text

_VERSIONED = re.compile(r"(ENS[A-Z]*[GT]\d{11})(?:\.\d+)?(?:_PAR_Y)?", re.IGNORECASE)
_GENE_ID = re.compile(r'gene_id "([^"]+)"')
_GENE_NAME = re.compile(r'gene_name "([^"]+)"')
_EXPECTED = "a table of two columns, gene and length in bases, or a GTF with exons"


def bare_id(name: str) -> str:
    """An Ensembl gene or transcript id without version and `_PAR_Y`; other names as they are."""
    found = _VERSIONED.fullmatch(name)
    return found[1].upper() if found else name


def read_gene_lengths(path: Path) -> pd.Series:
    """Gene (`bare_id`) -> length in bases, from a table of two columns or a GTF; plain or gzipped.

    A GTF's genes have the length of the union of their exons, under their id and, where it has one, their
    name. Of several lengths of one gene (another version, `_PAR_Y`) the longest counts.

    Raises:
        InputError: neither of the two, or a length that is not above 0.
    """
    with open_text(path) as file:
        lines = [line for line in islice(file, 200) if not line.startswith("#")]
        is_gtf = any(len(line.split("\t")) == 9 for line in lines)
    lengths = _of_exons(path) if is_gtf else _of_table(path)
    if lengths.empty or not (lengths > 0).all():
        wrong = "no gene" if lengths.empty else f"{lengths.idxmin()}: {lengths.min():g}"
        raise InputError(f"{path.name} holds no lengths of genes", got=wrong, expected=_EXPECTED)
    return lengths


def read_transcript_genes(path: Path) -> dict[str, str]:
    """Transcript -> gene, from a table transcript, gene and, if there is one, symbol; tabs or commas.

    Transcripts stand as in the file and as `bare_id`. Where the gene is an Ensembl id and has a symbol, it
    is `id_symbol`, as RSEM writes genes.

    Raises:
        InputError: fewer than two columns.
    """
    found: dict[str, str] = {}
    for transcript, gene, *symbol in _pairs(path, "a table of transcript and gene (tx2gene)"):
        if symbol and symbol[0] not in ("", "NA", gene):
            gene = f"{gene}_{symbol[0]}" if _VERSIONED.fullmatch(gene) else symbol[0]
        found[transcript] = gene
        found.setdefault(bare_id(transcript), gene)
    return found


def _of_table(path: Path) -> pd.Series:
    """Lengths of a table's first two columns; rows whose second cell is no number, such as a header, are none."""
    rows = list(_pairs(path, _EXPECTED))
    lengths = pd.to_numeric(pd.Series([row[1] for row in rows], dtype=object), errors="coerce")
    lengths.index = pd.Index([bare_id(row[0]) for row in rows])
    return lengths.astype(float).dropna().groupby(level=0).max()


def _pairs(path: Path, expected: str) -> Iterator[list[str]]:
    """Rows of a table of at least two columns, separated by tabs or else commas."""
    with open_text(path) as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            cells = [cell.strip().strip('"') for cell in line.split("\t" if "\t" in line else ",")]
            if len(cells) < 2:
                raise InputError(f"{path.name} is not {expected}", got=repr(line[:60]))
            yield cells


def _of_exons(path: Path) -> pd.Series:
    """Lengths of the union of each gene's exons in a GTF, under id and name."""
    exons: list[tuple[str, str, int, int]] = []
    names: dict[str, str] = {}
    with open_text(path) as file:
        for line in file:
            cells = line.split("\t", 8)
            if len(cells) < 9 or cells[2] != "exon" or not (gene := _GENE_ID.search(cells[8])):
                continue
            exons.append((gene[1], cells[0], int(cells[3]), int(cells[4])))
            if gene[1] not in names and (name := _GENE_NAME.search(cells[8])):
                names[gene[1]] = name[1]
    lengths = union_lengths(pd.DataFrame(exons, columns=["gene", "chromosome", "start", "end"]))
    under = [lengths.rename(bare_id), lengths[lengths.index.isin(names)].rename(names)]
    return pd.concat(under).groupby(level=0).max()


def union_lengths(exons: pd.DataFrame) -> pd.Series:
    """Gene -> bases covered by at least one of its intervals.

    Args:
        exons: gene, chromosome, start, end (1-based, inclusive).
    """
    exons = exons.sort_values(["gene", "chromosome", "start"])
    place = exons.groupby(["gene", "chromosome"], sort=False)
    covered = place["end"].cummax().groupby([exons["gene"], exons["chromosome"]]).shift(fill_value=0)
    new = exons["end"] - np.maximum(exons["start"] - 1, covered)
    return new.clip(lower=0).groupby(exons["gene"]).sum().astype(float)
