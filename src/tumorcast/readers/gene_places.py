"""Where genes lie: GTF, GFF3, BED or a table `gene chromosome start end`, as the user has them."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from tumorcast.biology.chromosomes import bare_names
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.gene_names import report_names

_NAME = re.compile(r'(?:gene_name|gene|Name)[ =]"?([^";]+)')
_ID = re.compile(r'gene_id[ =]"?([^";]+)')


def read_gene_places(path: Path, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    """index gene (approved symbol); chromosome (bare), start, end (1-based, inclusive).

    A gene that stands on several places of one chromosome spans them; one on several chromosomes is left out.

    Raises:
        InputError: absent, or no gene in it.
    """
    if not path.is_file():
        raise InputError(
            "no file of gene positions", got=path, expected="a GTF, GFF3, BED or a table of genes"
        )
    rows = list(_rows(path))
    if not rows:
        raise InputError(
            f"{path.name} holds no gene",
            expected="GTF or GFF3 with gene features, BED (chromosome start end name), or a table with a header "
            "gene chromosome start end",
        )
    table = pd.DataFrame(rows, columns=["gene", "chromosome", "start", "end"])
    harmonised = genes.harmonise(table["gene"].tolist())
    report_names(table["gene"].tolist(), harmonised, path.name, report)
    table["gene"], table["chromosome"] = harmonised.symbols, bare_names(table["chromosome"])
    table = table.dropna(subset="gene")
    grouped = table.groupby("gene")
    places = grouped.agg(chromosome=("chromosome", "first"), start=("start", "min"), end=("end", "max"))
    is_torn = grouped["chromosome"].nunique() > 1
    if is_torn.any():
        told = f"{int(is_torn.sum())} genes on several chromosomes left out"
        report.append(Exclusion("gene", path.name, "several_places", told))
    return places[~is_torn]


def _rows(path: Path) -> Iterator[tuple[str, str, int, int]]:
    """gene, chromosome, first and last base of each line that is a gene."""
    reading = gzip.open if path.suffix == ".gz" else open
    with reading(path, "rt", encoding="utf-8-sig") as lines:
        header: list[str] | None = None
        for line in lines:
            cells = line.rstrip("\r\n").split("\t")
            if line.startswith(("#", "track", "browser")) or len(cells) < 4:
                continue
            if len(cells) >= 9 and cells[3].isdigit() and cells[4].isdigit():
                if cells[2] == "gene" and (found := _NAME.search(cells[8]) or _ID.search(cells[8])):
                    yield found[1].strip(), cells[0], int(cells[3]), int(cells[4])
            elif header is not None:
                row = dict(zip(header, cells, strict=False))
                yield row["gene"], row["chromosome"], int(float(row["start"])), int(float(row["end"]))
            elif cells[1].isdigit() and cells[2].isdigit():
                yield cells[3], cells[0], int(cells[1]) + 1, int(cells[2])
            elif {"gene", "chromosome", "start", "end"} <= {cell.strip().lower() for cell in cells}:
                header = [cell.strip().lower() for cell in cells]
