"""Mutation-graph encoder: altered genes and their edges -> tokens."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch_geometric.nn import GINEConv

from tumorcast.nn.segments import AttentionPooling, segment_sum


class GraphEncoder(nn.Module):
    """Message passing over the altered genes (GINE, Hu et al. 2020, arXiv:1905.12265), then pooling.

    K tokens of attention pooling, and one of the tumour's profile: for each node feature (pathways, roles,
    impacts) whether and how often it is altered, with the mutation burden, so that "any" and "how many" are
    not lost to averaging. A tumour without alterations gives finite tokens of its own.

    Shapes: (node_gene [N], node_features [N, F], edge_index [2, E], edge_type [E], node_course [N],
    burden [B, 3]) -> (tokens [B, K + 1, W], attention [N, K]).
    """

    def __init__(
        self,
        genes: int,
        node_features: int,
        edge_types: int,
        width: int,
        layers: int,
        tokens: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.gene = nn.Embedding(genes, width)
        nn.init.zeros_(self.gene.weight)
        self.describe = nn.Linear(node_features, width)
        self.edge = nn.Embedding(edge_types, width)
        self.convolutions = nn.ModuleList(
            GINEConv(nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width)))
            for _ in range(layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.dropout = nn.Dropout(dropout)
        self.pool = AttentionPooling(width, tokens, hidden=width)
        self.profile = nn.Linear(2 * node_features + 3, width)

    def forward(
        self,
        node_gene: Tensor,
        node_features: Tensor,
        edge_index: Tensor,
        edge_type: Tensor,
        node_course: Tensor,
        burden: Tensor,
    ) -> tuple[Tensor, Tensor]:
        count = burden.shape[0]
        nodes = self.dropout(self.describe(node_features) + self.gene(node_gene))
        edges = self.edge(edge_type)
        for convolve, norm in zip(self.convolutions, self.norms, strict=True):
            nodes = nodes + self.dropout(norm(convolve(nodes, edge_index, edges)))
        pooled, weights = self.pool(nodes, node_course, count)
        total = segment_sum(node_features, node_course, count)
        profile = torch.cat([total.clamp(0, 1), torch.log1p(total.clamp_min(0)), burden], dim=1)
        return torch.cat([pooled, self.profile(profile)[:, None]], dim=1), weights
