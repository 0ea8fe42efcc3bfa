"""Rounds of message passing over patient graphs: one class a kind, one call for all."""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch_geometric.nn import GATv2Conv, GINEConv

from tumorcast.nn.segments import segment_sum

Kind = Literal["gine", "gatv2", "hetero"]


class Links(NamedTuple):
    """What joins the N nodes of B packed graphs, W wide.

    edge_index: [2, E]. edge_features: [E, W]. edge_weight: [E], 0..1. membership: [N, P] pathways of each gene,
    0/1. node_course: [N]. n_courses: B.
    """

    edge_index: Tensor
    edge_features: Tensor
    edge_weight: Tensor
    membership: Tensor
    node_course: Tensor
    n_courses: int


class IsomorphismLayer(nn.Module):
    """GINE (Hu et al. 2020, arXiv:1905.12265): sum of relu(neighbour + edge), each times the edge's weight.

    Shapes: (nodes [N, W], links) -> [N, W].
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.convolve = _WeightedGINE(
            nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, width))
        )

    def forward(self, nodes: Tensor, links: Links) -> Tensor:
        carried = torch.cat([links.edge_features, links.edge_weight[:, None]], dim=1)
        return torch.as_tensor(self.convolve(nodes, links.edge_index, carried))


class _WeightedGINE(GINEConv):
    """GINE whose last edge feature is a weight of the message."""

    def message(self, x_j: Tensor, edge_attr: Tensor) -> Tensor:
        return (x_j + edge_attr[:, :-1]).relu() * edge_attr[:, -1:]


class AttentionLayer(nn.Module):
    """GATv2 (Brody, Alon, Yahav 2022, arXiv:2105.14491) with edge features; the weight is one of them.

    Shapes: (nodes [N, W], links) -> [N, W]. A gene without neighbours gets the bias alone.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.convolve = GATv2Conv(
            width, width // heads, heads=heads, edge_dim=width + 1, add_self_loops=False
        )

    def forward(self, nodes: Tensor, links: Links) -> Tensor:
        carried = torch.cat([links.edge_features, links.edge_weight[:, None]], dim=1)
        return torch.as_tensor(self.convolve(nodes, links.edge_index, carried))


class HeterogeneousLayer(nn.Module):
    """Genes and pathways as two kinds of nodes: gene to gene as GINE, gene to pathway and back by their means.

    A pathway is a hyper-edge over its genes in this tumour's graph (relation-specific weights as in Schlichtkrull
    et al. 2018, arXiv:1703.06103). Shapes: (nodes [N, W], links) -> [N, W]; memory N x P x W.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.among_genes = IsomorphismLayer(width)
        self.to_pathway = nn.Sequential(nn.Linear(width, width), nn.GELU())
        self.from_pathway = nn.Linear(width, width)

    def forward(self, nodes: Tensor, links: Links) -> Tensor:
        member = links.membership
        sent = member[:, :, None] * nodes[:, None, :]
        total = segment_sum(sent, links.node_course, links.n_courses)
        size = segment_sum(member, links.node_course, links.n_courses)
        pathways = self.to_pathway(total / size.clamp_min(1)[:, :, None])
        returned = (member[:, :, None] * pathways[links.node_course]).sum(dim=1)
        returned = returned / member.sum(dim=1, keepdim=True).clamp_min(1)
        return self.among_genes(nodes, links) + self.from_pathway(returned)


def graph_layer(kind: Kind, width: int, heads: int) -> nn.Module:
    """One round of message passing of a kind."""
    match kind:
        case "gine":
            return IsomorphismLayer(width)
        case "gatv2":
            return AttentionLayer(width, heads)
        case "hetero":
            return HeterogeneousLayer(width)
