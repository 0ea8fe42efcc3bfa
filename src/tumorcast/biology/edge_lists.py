"""Edge lists of gene networks, told apart by their header.

- STRING: `protein1 protein2 combined_score` (spaces), ENSP ids named through the `*.protein.info.*` file beside it
  (Szklarczyk et al., Nucleic Acids Res 2023, 51:D638). Interactions below high confidence (700) are left out.
- OmniPath: columns `source_genesymbol`, `target_genesymbol`, `is_stimulation`, `is_inhibition`
  (Türei et al., Mol Syst Biol 2021, 17:e9923).
- Reactome functional interactions: `Gene1 Gene2 Annotation Direction Score` (Wu et al., Genome Biol 2010, 11:R53).
- Plain: two columns of genes, a third with a type or a weight; tab, comma or spaces, header optional. HumanNet is
  such a list: Entrez ids and log likelihood scores (Kim et al., Nucleic Acids Res 2022, 50:D632).
- GMT: genes of one set are joined (`same_set`): all pairs of a small set, a star of a large one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from pathlib import Path

from tumorcast.biology.gene_sets import lines_of, read_gmt
from tumorcast.domain.errors import InputError

STRING_HIGH_CONFIDENCE = 700
LARGEST_CLIQUE = 16
_PLAIN_HEADS = frozenset(
    {"source", "target", "gene1", "gene2", "genea", "geneb", "from", "to", "node1", "node2", "a", "b"}
)
_DEFAULT_TYPE = "interacts"
_PROTEIN_ID = re.compile(r"(?:\d+\.)?ENSP\d+")
_TRUE = frozenset({"1", "true", "t", "yes"})


@dataclass(frozen=True)
class Edge:
    """`source` acts on `target`; `weight` is the source's confidence, 1 where it gives none."""

    source: str
    target: str
    type: str
    weight: float = 1.0


@dataclass(frozen=True)
class EdgeList:
    """Edges and gene sets as a file names them, before any identifier is changed."""

    edges: list[Edge]
    pathways: dict[str, tuple[str, ...]]
    source: str
    version: str = ""


def read_edge_list(path: Path) -> EdgeList:
    """Reads a network file of any of the formats above; plain or gzipped.

    Raises:
        InputError: absent, empty, or of none of the formats (with the line at fault).
    """
    if ".gmt" in path.suffixes:
        return _from_gene_sets(path)
    lines = (line for line in lines_of(path) if line.strip() and not line.startswith("#"))
    first = next(lines, None)
    if first is None:
        raise InputError(f"{path.name} is empty.", expected="an edge list, one interaction a line")
    separator = _separator(first)
    names = _cells(first, separator)
    rows = (_cells(line, separator) for line in lines)
    head = {name.lower(): column for column, name in enumerate(names)}
    if {"protein1", "protein2", "combined_score"} <= head.keys():
        return _from_string(path, head, rows)
    if {"source_genesymbol", "target_genesymbol"} <= head.keys():
        return _from_omnipath(path, head, rows)
    if {"gene1", "gene2", "direction"} <= head.keys():
        return _from_reactome(path, head, rows)
    return _from_plain(path, names, rows)


def _separator(line: str) -> str | None:
    """Tab, comma, or None for runs of spaces."""
    return next((mark for mark in ("\t", ",") if mark in line), None)


def _cells(line: str, separator: str | None) -> list[str]:
    return [cell.strip().strip('"') for cell in line.split(separator)]


def _cell(path: Path, row: list[str], column: int) -> str:
    if column >= len(row):
        raise InputError(
            f"{path.name} has a line with too few columns.",
            got=" ".join(row)[:80],
            expected=f"{column + 1} or more",
        )
    return row[column]


def _number(path: Path, text: str) -> float:
    try:
        return float(text)
    except ValueError as reason:
        raise InputError(f"{path.name} has a score that is no number.", got=text) from reason


def _from_string(path: Path, head: Mapping[str, int], rows: Iterable[list[str]]) -> EdgeList:
    names = _string_names(path)
    edges = []
    for row in rows:
        score = _number(path, _cell(path, row, head["combined_score"]))
        if score < STRING_HIGH_CONFIDENCE:
            continue
        proteins = (_cell(path, row, head[key]) for key in ("protein1", "protein2"))
        first, second = sorted(names.get(protein) or _gene_named(path, protein) for protein in proteins)
        edges.append(Edge(first, second, _DEFAULT_TYPE, score / 1000))
    return EdgeList(edges, {}, f"STRING, {path.name}")


def _gene_named(path: Path, protein: str) -> str:
    """The name itself where it is a gene's; a bare protein id is an error where no file names it."""
    if _PROTEIN_ID.fullmatch(protein):
        raise InputError(
            f"{path.name} names a protein, and nothing says which gene it is.",
            got=protein,
            expected="STRING's file *.protein.info.* in the same folder, or gene symbols",
            fix="put 9606.protein.info.vNN.txt.gz of the same version beside it",
        )
    return protein


def _string_names(path: Path) -> dict[str, str]:
    """Protein id -> preferred name, from the information file beside the edge list, where there is one."""
    found = sorted(path.parent.glob("*protein.info*"))
    if not found:
        return {}
    rows = (line.split("\t") for line in lines_of(found[0]))
    return {row[0]: row[1] for row in rows if len(row) > 1}


_OMNIPATH_SIGNS = (("stimulation", "activates"), ("inhibition", "inhibits"))


def _from_omnipath(path: Path, head: Mapping[str, int], rows: Iterable[list[str]]) -> EdgeList:
    prefix = "consensus_" if "consensus_stimulation" in head else "is_"
    signs = [(head[prefix + sign], kind) for sign, kind in _OMNIPATH_SIGNS if prefix + sign in head]
    edges: list[Edge] = []
    for row in rows:
        source, target = (_cell(path, row, head[key]) for key in ("source_genesymbol", "target_genesymbol"))
        kinds = [kind for column, kind in signs if _cell(path, row, column).lower() in _TRUE]
        edges.extend(Edge(source, target, kind) for kind in kinds or [_DEFAULT_TYPE])
    return EdgeList(edges, {}, f"OmniPath, {path.name}")


_REACTOME_ARROWS = {"->": "activates", "-|": "inhibits"}
_REACTOME_BACKWARDS = {"<-": "activates", "|-": "inhibits"}


def _from_reactome(path: Path, head: Mapping[str, int], rows: Iterable[list[str]]) -> EdgeList:
    edges = []
    for row in rows:
        first, second, arrow = (_cell(path, row, head[key]) for key in ("gene1", "gene2", "direction"))
        weight = _number(path, _cell(path, row, head["score"])) if "score" in head else 1.0
        forward = _REACTOME_ARROWS.get(arrow[1:] if len(arrow) == 3 else arrow)
        backward = _REACTOME_BACKWARDS.get(arrow[:2])
        if forward:
            edges.append(Edge(first, second, forward, weight))
        if backward:
            edges.append(Edge(second, first, backward, weight))
        if not forward and not backward:
            edges.append(Edge(first, second, _DEFAULT_TYPE, weight))
    return EdgeList(edges, {}, f"Reactome functional interactions, {path.name}")


def _from_plain(path: Path, first_row: list[str], rows: Iterable[list[str]]) -> EdgeList:
    if len(first_row) not in (2, 3):
        raise InputError(
            f"{path.name} is of no network format that is understood.",
            got=" | ".join(first_row[:6]),
            expected="STRING, OmniPath or Reactome FI with their headers, two or three columns, or a .gmt file",
        )
    has_head = {cell.lower().replace("_", "") for cell in first_row[:2]} <= _PLAIN_HEADS
    edges = []
    for row in rows if has_head else chain([first_row], rows):
        first, second = _cell(path, row, 0), _cell(path, row, 1)
        third = row[2] if len(row) > 2 else ""
        weight = _weight_or_none(third)
        kind = (third or _DEFAULT_TYPE) if weight is None else _DEFAULT_TYPE
        edges.append(Edge(first, second, kind, 1.0 if weight is None else weight))
    return EdgeList(edges, {}, f"edge list {path.name}")


def _weight_or_none(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _from_gene_sets(path: Path) -> EdgeList:
    sets = read_gmt(path)
    n_sets_of = Counter(gene for members in sets.values() for gene in members)
    edges: list[Edge] = []
    for members in sets.values():
        if len(members) <= LARGEST_CLIQUE:
            pairs = list(combinations(sorted(members), 2))
        else:
            hub = min(members, key=lambda gene: (-n_sets_of[gene], gene))
            pairs = [(hub, gene) for gene in members if gene != hub]
        edges.extend(Edge(first, second, "same_set") for first, second in pairs)
    return EdgeList(edges, sets, f"gene sets {path.name}")
