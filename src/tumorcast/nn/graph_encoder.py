"""Mutation-graph encoder: altered genes and their edges -> tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from tumorcast.biology.variants import IMPACTS
from tumorcast.cohort.graph_vocabulary import GraphVocabulary
from tumorcast.nn.anchors import Encoded
from tumorcast.nn.graph_layers import Links
from tumorcast.nn.segments import AttentionPooling, segment_sum

_GENE_WIDTH = 8


@dataclass(frozen=True)
class NodeColumns:
    """Where the parts of a node's features stand: impact classes, those that damage the protein, copy-number
    alterations, and the gene's own prior (`pathways` columns from `prior` on, then roles, to the end)."""

    impacts: tuple[int, ...]
    damaging: tuple[int, ...]
    copy_number: tuple[int, ...]
    prior: int
    pathways: int

    @classmethod
    def of(cls, graph: GraphVocabulary) -> NodeColumns:
        """The columns of a vocabulary's nodes."""
        names = graph.node_feature_names
        return cls(
            impacts=tuple(names.index(impact) for impact in IMPACTS),
            damaging=tuple(names.index(impact) for impact in ("truncating", "splice")),
            copy_number=tuple(names.index(name) for name in ("deep_deletion", "amplification")),
            prior=len(names) - len(graph.prior_names),
            pathways=graph.n_pathways,
        )


class GraphEncoder(nn.Module):
    """Message passing over the genes of a patient graph (`graph_layers`; none is a bag of genes), then pooling.

    K tokens of attention pooling over the genes, and one of the tumour's profile, so that "any" and "how many"
    are not lost to averaging: for each pathway whether it has a damaging variant, any variant, a copy-number
    alteration; their counts, the mutation burden, and the sum of the altered genes' embeddings (which start at
    zero). A tumour without alterations gives finite tokens of its own. The summary is the profile without the
    embeddings.

    Shapes: (node_gene [N], node_features [N, F], edge_index [2, E], edge_type [E], edge_weight [E],
    node_course [N], burden [B, 3]) -> tokens [B, K + 1, W], summary [B, 3 P + 6], attention [N, K].
    """

    def __init__(
        self,
        genes: int,
        node_features: int,
        columns: NodeColumns,
        edge_types: int,
        width: int,
        layers: Sequence[nn.Module],
        tokens: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.columns = columns
        self.gene = nn.Embedding(genes, _GENE_WIDTH)
        nn.init.zeros_(self.gene.weight)
        self.describe = nn.Linear(node_features + _GENE_WIDTH, width)
        self.edge = nn.Embedding(edge_types, width)
        self.convolutions = nn.ModuleList(layers)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in layers)
        self.dropout = nn.Dropout(dropout)
        self.pool = AttentionPooling(width, tokens, hidden=width)
        self.summary_width = 3 * (node_features - columns.prior) + 6
        self.profile = nn.Sequential(nn.Dropout(dropout), nn.Linear(self.summary_width + _GENE_WIDTH, width))

    def forward(
        self,
        node_gene: Tensor,
        node_features: Tensor,
        edge_index: Tensor,
        edge_type: Tensor,
        edge_weight: Tensor,
        node_course: Tensor,
        burden: Tensor,
    ) -> Encoded:
        gene = self.gene(node_gene)
        nodes = self.dropout(self.describe(torch.cat([node_features, gene], dim=1)))
        at = self.columns
        links = Links(
            edge_index, self.edge(edge_type), edge_weight,
            node_features[:, at.prior : at.prior + at.pathways], node_course, burden.shape[0],
        )  # fmt: skip
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            nodes = nodes + self.dropout(norm(convolve(nodes, links)))
        pooled, weights = self.pool(nodes, node_course, burden.shape[0])
        kinds, summary = self._summary(node_features, node_course, burden)
        embedded = segment_sum(gene * kinds[:, 1:2], node_course, burden.shape[0])
        profile = self.profile(torch.cat([summary, embedded], dim=1))
        return Encoded(torch.cat([pooled, profile[:, None]], dim=1), summary, weights)

    def _summary(self, node_features: Tensor, node_course: Tensor, burden: Tensor) -> tuple[Tensor, Tensor]:
        """Kinds of alteration of each gene [N, 3], and [B, 3 P + 6]: pathway flags by kind, counts, burden."""
        at = self.columns
        count = burden.shape[0]
        kinds = torch.stack(
            [
                node_features[:, list(part)].sum(dim=1).clamp(0, 1)
                for part in (at.damaging, at.impacts, at.copy_number)
            ],
            dim=1,
        )
        hit = (kinds[:, :, None] * node_features[:, None, at.prior :]).flatten(1)
        flags = segment_sum(hit, node_course, count).clamp(0, 1)
        counts = torch.log1p(segment_sum(kinds, node_course, count))
        return kinds, torch.cat([flags, counts, burden], dim=1)
