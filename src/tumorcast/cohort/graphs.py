"""Patient graphs: the altered genes of a tumour and the network's edges among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.variants import IMPACTS, is_nonsynonymous
from tumorcast.cohort.arrays import F32, I64, PatientGraph

_SCALARS = ("vaf", "vaf_known", "n_variants", "deep_deletion", "amplification", "copy_number_known")
_ROLES = ("oncogene", "suppressor", "both")
SAME_PATHWAY = "same_pathway"
_DEEP_DELETION, _AMPLIFICATION = -2.0, 2.0
_MAX_PATHWAY_CLIQUE = 64


@dataclass(frozen=True)
class GraphVocabulary:
    """Genes that may be nodes (G) and everything fixed about them; saved with the preprocessor.

    Attributes:
        genes: [G] symbols: the network's genes, then frequently altered ones of the training fold.
        prior: [G, P + roles] pathway membership and role, 0/1.
        prior_names: names of those columns.
        edge_index, edge_type: the network's directed edges over `genes`.
        edge_type_names: names of edge types; the last is `same_pathway` (two altered genes of one pathway).
    """

    genes: tuple[str, ...]
    prior: F32
    prior_names: tuple[str, ...]
    edge_index: I64
    edge_type: I64
    edge_type_names: tuple[str, ...]

    @property
    def node_feature_names(self) -> tuple[str, ...]:
        return (*IMPACTS, *_SCALARS, *self.prior_names)


def build_vocabulary(network: GeneNetwork, extra_genes: Sequence[str]) -> GraphVocabulary:
    """The network's genes and `extra_genes` as a vocabulary; edges run both ways."""
    genes = tuple(dict.fromkeys([*network.genes, *extra_genes]))
    place = {gene: i for i, gene in enumerate(genes)}
    pathways = sorted(network.pathways)
    prior = np.zeros((len(genes), len(pathways) + len(_ROLES)), np.float32)
    for column, name in enumerate(pathways):
        for gene in network.pathways[name]:
            if gene in place:
                prior[place[gene], column] = 1
    for gene, role in network.roles.items():
        if role in _ROLES and gene in place:
            prior[place[gene], len(pathways) + _ROLES.index(role)] = 1
    both_ways = np.concatenate([network.edge_index, network.edge_index[::-1]], axis=1)
    return GraphVocabulary(
        genes=genes,
        prior=prior,
        prior_names=(*(f"pathway:{name}" for name in pathways), *(f"role:{role}" for role in _ROLES)),
        edge_index=both_ways.astype(np.int64),
        edge_type=np.tile(network.edge_type, 2).astype(np.int64),
        edge_type_names=(*network.edge_type_names, SAME_PATHWAY),
    )


def frequent_genes(variants: pd.DataFrame, n_courses: int, share: float = 0.03, most: int = 500) -> list[str]:
    """Genes with a nonsynonymous variant in at least `share` of the courses (and three), frequent first."""
    altered = variants[variants["impact"].map(is_nonsynonymous).astype(bool)]
    counts = altered.drop_duplicates(["course_id", "gene"])["gene"].value_counts()
    return [str(gene) for gene in counts[counts >= max(3, share * n_courses)].index[:most]]


def empty_graph(vocabulary: GraphVocabulary) -> PatientGraph:
    """No node and no edge."""
    width = len(vocabulary.node_feature_names)
    return PatientGraph(
        np.zeros(0, np.int64),
        np.zeros((0, width), np.float32),
        np.zeros((2, 0), np.int64),
        np.zeros(0, np.int64),
    )


def patient_graph(
    vocabulary: GraphVocabulary, variants: pd.DataFrame, copy_number: pd.Series | None
) -> PatientGraph:
    """The graph of one tumour.

    Args:
        variants: its variants (`gene`, `impact`, `vaf`); silent ones make no node.
        copy_number: gene -> -2..2 (NaN not measured), or None; only deep deletions and amplifications make
            a node of a gene without a variant.
    """
    place = {gene: i for i, gene in enumerate(vocabulary.genes)}
    altered = variants[variants["impact"].map(is_nonsynonymous).astype(bool) & variants["gene"].isin(place)]
    levels = {} if copy_number is None else {str(g): float(v) for g, v in copy_number.dropna().items()}
    strong = {g for g, level in levels.items() if abs(level) >= _AMPLIFICATION and g in place}
    symbols = sorted({*altered["gene"], *strong}, key=place.__getitem__)
    if not symbols:
        return empty_graph(vocabulary)
    node_gene = np.array([place[gene] for gene in symbols], np.int64)
    scalars = _variant_features(altered, symbols, levels)
    node_features = np.concatenate([scalars, vocabulary.prior[node_gene]], axis=1)
    edge_index, edge_type = _edges_among(vocabulary, node_gene)
    return PatientGraph(node_gene, node_features, edge_index, edge_type)


def _variant_features(altered: pd.DataFrame, symbols: list[str], levels: dict[str, float]) -> F32:
    features = np.zeros((len(symbols), len(IMPACTS) + len(_SCALARS)), np.float32)
    row = {gene: i for i, gene in enumerate(symbols)}
    at = {name: len(IMPACTS) + i for i, name in enumerate(_SCALARS)}
    for gene, impact, vaf in altered[["gene", "impact", "vaf"]].itertuples(index=False):
        values = features[row[gene]]
        values[IMPACTS.index(impact)] = 1
        values[at["n_variants"]] += 1
        if np.isfinite(vaf):
            values[at["vaf"]] = max(values[at["vaf"]], vaf)
            values[at["vaf_known"]] = 1
    features[:, at["n_variants"]] = np.log1p(features[:, at["n_variants"]])
    for gene, i in row.items():
        if gene in levels:
            features[i, at["copy_number_known"]] = 1
            features[i, at["deep_deletion"]] = levels[gene] <= _DEEP_DELETION
            features[i, at["amplification"]] = levels[gene] >= _AMPLIFICATION
    return features


def _edges_among(vocabulary: GraphVocabulary, node_gene: I64) -> tuple[I64, I64]:
    """The network's edges with both ends altered, and same-pathway edges (both ways)."""
    position = np.full(len(vocabulary.genes), -1, np.int64)
    position[node_gene] = np.arange(len(node_gene))
    ends = position[vocabulary.edge_index]
    is_inside = (ends >= 0).all(axis=0)
    n_pathways = sum(name.startswith("pathway:") for name in vocabulary.prior_names)
    members = vocabulary.prior[node_gene, :n_pathways]
    members = members[:, members.sum(axis=0) <= _MAX_PATHWAY_CLIQUE]
    shared = (members @ members.T > 0) & ~np.eye(len(node_gene), dtype=bool)
    same = np.stack(np.nonzero(shared)).astype(np.int64)
    kind = np.full(same.shape[1], len(vocabulary.edge_type_names) - 1, np.int64)
    return (
        np.concatenate([ends[:, is_inside], same], axis=1),
        np.concatenate([vocabulary.edge_type[is_inside], kind]),
    )
