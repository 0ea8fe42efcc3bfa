"""`GraphVocabulary`: the genes that may be nodes of a patient graph, their edges, and how a graph is cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.variants import IMPACTS, alters_gene
from tumorcast.cohort.arrays import F32, I64
from tumorcast.cohort.scaling import LayerScaler
from tumorcast.config.models import GraphConfig

if TYPE_CHECKING:
    from scipy import sparse

SCALARS = ("vaf", "vaf_known", "n_variants", "deep_deletion", "amplification", "copy_number_known")
NEIGHBOUR_SCALARS = ("altered", "heat")
SAME_PATHWAY = "same_pathway"
_ROLES = ("oncogene", "suppressor", "both")
_PATHWAY = "pathway:"


@dataclass(frozen=True)
class GraphVocabulary:
    """Genes that may be nodes (G) and everything fixed about them; saved with the preprocessor.

    Attributes:
        genes: [G] symbols: the network's genes, then frequently altered ones of the training fold.
        prior: [G, P + roles] pathway membership and role, 0/1.
        prior_names: names of those columns.
        edge_index, edge_type, edge_weight: the network's directed edges over `genes`; weights 0..1.
        edge_type_names: names of edge types; the last is `same_pathway` (two altered genes of one pathway).
        settings: how a graph is cut.
        layers: measured layers whose values stand on the nodes, with the training fold's mean and spread.
    """

    genes: tuple[str, ...]
    prior: F32
    prior_names: tuple[str, ...]
    edge_index: I64
    edge_type: I64
    edge_weight: F32
    edge_type_names: tuple[str, ...]
    settings: GraphConfig = field(default_factory=GraphConfig)
    layers: dict[str, LayerScaler] = field(default_factory=dict)

    @property
    def node_feature_names(self) -> tuple[str, ...]:
        """Columns of a node: variants, copy number, place in the cut, measured layers, then the gene's own."""
        measured = (name for layer in self.layers for name in (layer, f"{layer}_known"))
        return (*IMPACTS, *SCALARS, *self.cut_names, *measured, *self.prior_names)

    @property
    def cut_names(self) -> tuple[str, ...]:
        """Columns that only a graph with unaltered genes has."""
        return () if self.settings.cut == "altered" else NEIGHBOUR_SCALARS

    @property
    def n_pathways(self) -> int:
        """The first columns of `prior` that are pathways."""
        return sum(name.startswith(_PATHWAY) for name in self.prior_names)

    @cached_property
    def place(self) -> dict[str, int]:
        """Gene -> its row."""
        return {gene: i for i, gene in enumerate(self.genes)}

    @cached_property
    def layer_columns(self) -> dict[str, I64]:
        """Layer -> [G] the gene's column in its scaler, -1 where the layer lacks it."""
        columns = {}
        for layer, scaler in self.layers.items():
            at = {gene: i for i, gene in enumerate(scaler.features)}
            columns[layer] = np.array([at.get(gene, -1) for gene in self.genes], np.int64)
        return columns

    @cached_property
    def walk(self) -> sparse.csr_array:
        """[G, G] transition probabilities of a random walk along weighted edges; columns sum to 1 or 0."""
        from scipy import sparse

        size = (len(self.genes), len(self.genes))
        weights = sparse.coo_array((self.edge_weight, (self.edge_index[1], self.edge_index[0])), size).tocsr()
        total = np.asarray(weights.sum(axis=0)).ravel()
        return weights @ sparse.diags_array(1 / np.where(total > 0, total, 1))


def build_vocabulary(
    network: GeneNetwork,
    extra_genes: Sequence[str],
    settings: GraphConfig | None = None,
    layers: Mapping[str, LayerScaler] | None = None,
) -> GraphVocabulary:
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
    weight = network.edge_weight / max(float(network.edge_weight.max(initial=0)), 1e-8)
    return GraphVocabulary(
        genes=genes,
        prior=prior,
        prior_names=(*(f"{_PATHWAY}{name}" for name in pathways), *(f"role:{role}" for role in _ROLES)),
        edge_index=both_ways.astype(np.int64),
        edge_type=np.tile(network.edge_type, 2).astype(np.int64),
        edge_weight=np.tile(weight, 2).astype(np.float32),
        edge_type_names=(*network.edge_type_names, SAME_PATHWAY),
        settings=settings or GraphConfig(),
        layers=dict(layers or {}),
    )


def frequent_genes(variants: pd.DataFrame, n_courses: int, share: float = 0.03, most: int = 500) -> list[str]:
    """Genes altered by variants in at least `share` of the courses (and three), frequent first."""
    altered = variants[variants["impact"].map(alters_gene).astype(bool)]
    counts = altered.drop_duplicates(["course_id", "gene"])["gene"].value_counts()
    return [str(gene) for gene in counts[counts >= max(3, share * n_courses)].index[:most]]


NO_GENES = build_vocabulary(
    GeneNetwork(
        (), np.zeros((2, 0), np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32), (), {}, {}, "", ""
    ),
    (),
)
"""For models without mutations: graphs without nodes, of the width that nodes would have."""
