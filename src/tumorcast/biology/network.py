"""`GeneNetwork`: typed interactions among genes; the embedded curated one, or a user's file."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tumorcast.biology._tables import read_table, split_list
from tumorcast.biology.edge_lists import Edge, EdgeList, read_edge_list
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError

ROLES: tuple[str, ...] = ("oncogene", "suppressor", "both", "other")


@dataclass(frozen=True)
class GeneNetwork:
    """Genes (G) and their typed interactions (E).

    Edges are directed, source to target; an undirected one (a complex) is stored once. No edge joins a gene to
    itself, and none occurs twice with the same type.

    Attributes:
        genes: [G] symbols, sorted.
        edge_index: [2, E] int64, places in `genes`: row 0 the source, row 1 the target.
        edge_type: [E] int64, places in `edge_type_names`.
        edge_weight: [E] float32, the source's confidence, 1 where it gives none.
        edge_type_names: what an edge means ("activates", "inhibits", "complex", ...).
        pathways: pathway -> its genes (all in `genes`), sorted.
        roles: gene -> role in cancer, one of `ROLES`; a gene without an entry has none known.
        source: where the network comes from.
        version: its version, "" unknown.
    """

    genes: tuple[str, ...]
    edge_index: npt.NDArray[np.int64]
    edge_type: npt.NDArray[np.int64]
    edge_weight: npt.NDArray[np.float32]
    edge_type_names: tuple[str, ...]
    pathways: dict[str, tuple[str, ...]]
    roles: dict[str, str]
    source: str
    version: str

    @staticmethod
    @cache
    def embedded() -> GeneNetwork:
        """The package's curated network of canonical cancer pathways; parsed once a process."""
        table = read_table("network_edges")
        edges = [Edge(row["source"], row["target"], row["type"]) for row in table.rows]
        pathways = {row["pathway"]: split_list(row["genes"]) for row in read_table("pathways").rows}
        listed = EdgeList(edges, pathways, table.notes["source"], table.notes["version"])
        return _assemble(listed, embedded_roles())


def embedded_roles() -> dict[str, str]:
    """Gene -> "oncogene" | "suppressor" | "both" | "other", for the genes of the embedded role table."""
    return {row["symbol"]: row["role"] for row in read_table("roles").rows}


def read_network(path: Path | str, genes: GeneTable | None = None) -> GeneNetwork:
    """A network from a user's file; `edge_lists` says which formats are understood.

    Roles are those of the embedded table, for the genes in the file.

    Args:
        path: edge list (STRING, OmniPath, Reactome FI, plain two or three columns) or GMT; `.gz` too.
        genes: table that brings the file's names to approved symbols; the embedded one by default.

    Raises:
        InputError: absent, empty or of no known format, or no edge is left with two known genes.
    """
    path = Path(path)
    listed = _harmonised(read_edge_list(path), genes or GeneTable.embedded())
    if not listed.edges:
        raise InputError(
            f"{path.name} holds no interaction between two genes.",
            got="only self-interactions, or identifiers that the gene table does not know",
            expected="at least one pair of gene symbols, Entrez or Ensembl gene ids",
            fix="give HGNC's complete set as the gene table, or the file's symbol columns",
        )
    return _assemble(listed, embedded_roles())


def _harmonised(listed: EdgeList, table: GeneTable) -> EdgeList:
    names = {name for edge in listed.edges for name in (edge.source, edge.target)}
    names.update(gene for members in listed.pathways.values() for gene in members)
    ordered = sorted(names)
    symbol_of = dict(zip(ordered, table.harmonise(ordered).symbols, strict=True))
    edges = []
    for edge in listed.edges:
        source, target = symbol_of[edge.source], symbol_of[edge.target]
        if source is not None and target is not None and source != target:
            edges.append(Edge(source, target, edge.type, edge.weight))
    pathways = {
        name: tuple(symbol for gene in members if (symbol := symbol_of[gene]) is not None)
        for name, members in listed.pathways.items()
    }
    return EdgeList(edges, pathways, listed.source, listed.version)


def _assemble(listed: EdgeList, roles: dict[str, str]) -> GeneNetwork:
    strongest: dict[tuple[str, str, str], float] = {}
    for edge in listed.edges:
        key = (edge.source, edge.target, edge.type)
        strongest[key] = max(edge.weight, strongest.get(key, edge.weight))
    genes = {gene for source, target, _ in strongest for gene in (source, target)}
    genes.update(gene for members in listed.pathways.values() for gene in members)
    ordered = tuple(sorted(genes))
    place = {gene: i for i, gene in enumerate(ordered)}
    counts = Counter(kind for _, _, kind in strongest)
    type_names = tuple(sorted(counts, key=lambda kind: (-counts[kind], kind)))
    type_place = {kind: i for i, kind in enumerate(type_names)}
    keys = sorted(strongest, key=lambda key: (place[key[0]], place[key[1]], type_place[key[2]]))
    ends = [(place[source], place[target]) for source, target, _ in keys]
    return GeneNetwork(
        genes=ordered,
        edge_index=np.array(ends, np.int64).reshape(-1, 2).T.copy(),
        edge_type=np.array([type_place[kind] for _, _, kind in keys], np.int64),
        edge_weight=np.array([strongest[key] for key in keys], np.float32),
        edge_type_names=type_names,
        pathways={name: tuple(sorted(set(members))) for name, members in listed.pathways.items()},
        roles={gene: roles[gene] for gene in ordered if gene in roles},
        source=listed.source,
        version=listed.version,
    )
