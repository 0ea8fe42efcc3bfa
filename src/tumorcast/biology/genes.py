"""Gene identifiers of every kind brought to one approved HGNC symbol.

The embedded table covers the genes of the embedded network, the expression sets and further cancer genes; names
outside it that look like symbols are kept as they are. `GeneTable.from_hgnc` reads HGNC's complete set for full
cover (Seal et al., Nucleic Acids Res 2023, 51:D1003).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tumorcast.biology._tables import read_table, split_list
from tumorcast.biology.date_symbols import repaired_symbol
from tumorcast.domain.errors import InputError

_ENSEMBL = re.compile(r"(ENSG\d{11})(?:\.\d+)?(?:_PAR_Y)?", re.IGNORECASE)
_OTHER_ENSEMBL = re.compile(r"ENS[A-Z]*[GTPE]\d{11}(?:\.\d+)?", re.IGNORECASE)
_TCGA = re.compile(r"([^|]*)\|(\d+)(?:_calculated|_.*)?")
_NO_NAME = frozenset({"", "?", "-", ".", "na", "nan", "none", "null", "unknown"})
_HGNC_COLUMNS = ("symbol", "alias_symbol", "prev_symbol", "entrez_id", "ensembl_gene_id")


@dataclass(frozen=True)
class Gene:
    """One gene: approved symbol, Entrez id and Ensembl gene id ("" unknown), alias and previous symbols."""

    symbol: str
    entrez: str
    ensembl: str
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class Harmonised:
    """Names brought to symbols.

    Attributes:
        symbols: one a name, in order; None where nothing is known of an identifier.
        renamed: given name -> symbol, where the two differ.
        unknown: names outside the table, each once, in order: identifiers without a symbol (None in
            `symbols`) and symbol-like names that were kept as they are.
    """

    symbols: list[str | None]
    renamed: dict[str, str]
    unknown: list[str]


class GeneTable:
    """Looks names up among genes; one dictionary access a name.

    An approved symbol always wins over an alias, a previous or alias symbol shared by several genes is not used,
    and case is ignored only where exactly one gene remains.
    """

    def __init__(self, genes: Iterable[Gene], source: str) -> None:
        self.genes: tuple[Gene, ...] = tuple(genes)
        self.source = source
        self._by_symbol = {gene.symbol: gene.symbol for gene in self.genes}
        self._by_entrez = {gene.entrez: gene.symbol for gene in self.genes if gene.entrez}
        self._by_ensembl = {gene.ensembl: gene.symbol for gene in self.genes if gene.ensembl}
        self._by_alias = _unambiguous((alias, gene.symbol) for gene in self.genes for alias in gene.aliases)
        self._by_folded_symbol = _unambiguous((symbol.upper(), symbol) for symbol in self._by_symbol)
        self._by_folded_alias = _unambiguous(
            (alias.upper(), gene.symbol) for gene in self.genes for alias in gene.aliases
        )

    @staticmethod
    @cache
    def embedded() -> GeneTable:
        """The package's own table (cancer genes); parsed once a process."""
        table = read_table("genes")
        genes = (
            Gene(row["symbol"], row["entrez"], row["ensembl"], split_list(row["aliases"]))
            for row in table.rows
        )
        return GeneTable(genes, table.notes["source"])

    @classmethod
    def from_hgnc(cls, path: Path | str) -> GeneTable:
        """HGNC's complete set (`hgnc_complete_set.txt`, tab-separated).

        Raises:
            InputError: the file is absent, or a column is missing.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError("The HGNC table was not found.", got=path, expected="hgnc_complete_set.txt")
        with path.open(encoding="utf-8", newline="") as stream:
            reader = csv.DictReader(stream, delimiter="\t")
            missing = [column for column in _HGNC_COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise InputError(
                    f"{path.name} lacks columns of HGNC's complete set: {', '.join(missing)}.",
                    got=", ".join((reader.fieldnames or [])[:8]),
                    expected=", ".join(_HGNC_COLUMNS),
                    fix="download the complete set in its tab-separated form from genenames.org",
                )
            return cls(
                [_hgnc_gene(row) for row in reader if row["symbol"]], f"HGNC complete set, {path.name}"
            )

    def symbol_of(self, name: str) -> str | None:
        """The approved symbol of one name, None where the table does not know it."""
        name = name.strip()
        if found := self._by_symbol.get(name):
            return found
        if name.isdigit():
            return self._by_entrez.get(name)
        if match := _ENSEMBL.fullmatch(name):
            return self._by_ensembl.get(match[1].upper())
        if match := _TCGA.fullmatch(name):
            return self._by_entrez.get(match[2]) or self._symbol_of_word(match[1])
        return self._symbol_of_word(name)

    def harmonise(self, names: Sequence[str]) -> Harmonised:
        """Brings names to approved symbols.

        Accepts approved, alias and previous symbols, Ensembl gene ids with or without version, Entrez ids,
        TCGA's `SYMBOL|ENTREZ`, and symbols that a spreadsheet turned into dates (`2-Sep`, `Mar-01`).
        Identifiers outside the table become None; symbol-like names outside it stay.

        Args:
            names: gene names as a file gives them.
        """
        symbols: list[str | None] = []
        renamed: dict[str, str] = {}
        unknown: dict[str, None] = {}
        for name in map(str, names):
            symbol = self._by_symbol.get(name) or self.symbol_of(name)
            if symbol is None:
                unknown[name] = None
                symbol = _kept(name)
            if symbol is not None and symbol != name:
                renamed[name] = symbol
            symbols.append(symbol)
        return Harmonised(symbols, renamed, list(unknown))

    def _symbol_of_word(self, word: str) -> str | None:
        folded = word.upper()
        found = (
            (self._by_alias.get(word) if word not in self._by_symbol else word)
            or self._by_folded_symbol.get(folded)
            or self._by_folded_alias.get(folded)
        )
        if found:
            return found
        repaired = repaired_symbol(word)
        return None if repaired is None else self._by_symbol.get(repaired, repaired)


def _kept(name: str) -> str | None:
    """A name outside the table as it goes on: symbol-like names stay, identifiers and blanks become None."""
    word = name.strip()
    if match := _TCGA.fullmatch(word):
        word = match[1]
    if word.lower() in _NO_NAME or word.isdigit() or _OTHER_ENSEMBL.fullmatch(word):
        return None
    return word


def _unambiguous(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Keys that lead to one value alone."""
    found: dict[str, str] = {}
    shared: set[str] = set()
    for key, value in pairs:
        if found.setdefault(key, value) != value:
            shared.add(key)
    return {key: value for key, value in found.items() if key not in shared}


def _hgnc_gene(row: dict[str, str]) -> Gene:
    words = (row["prev_symbol"] or "").split("|") + (row["alias_symbol"] or "").split("|")
    aliases = tuple(word.strip().strip('"') for word in words if word.strip().strip('"'))
    return Gene(row["symbol"], row["entrez_id"] or "", row["ensembl_gene_id"] or "", aliases)
