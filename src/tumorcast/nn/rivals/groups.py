"""All but slides as tokens: pathways of altered genes, sets of expressed genes, other layers, the treatment."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.graph_encoder import NodeColumns
from tumorcast.nn.rivals.grouped import GroupedSnn
from tumorcast.nn.segments import segment_sum

_GENE_WIDTH = 8
_KINDS = 3


class MutationCounts(nn.Module):
    """Numbers of each pathway, made of its altered genes, and of the whole tumour.

    A pathway is described by log1p of how many of its genes have a damaging variant, any variant, a copy-number
    alteration, and by the sum of its altered genes' embeddings; the tumour by the same over all genes, and its burden.

    Shapes: (node_gene [N], node_features [N, F], node_course [N], burden [B, 3]) -> [B, P + 1, `features`].
    """

    def __init__(self, genes: int, columns: NodeColumns) -> None:
        super().__init__()
        self.columns = columns
        self.gene = nn.Embedding(genes, _GENE_WIDTH)
        nn.init.normal_(self.gene.weight, std=0.1)
        self.features = _KINDS + _GENE_WIDTH + 3
        self.count = columns.pathways + 1

    def forward(self, inputs: CourseInputs) -> Tensor:
        at, courses = self.columns, len(inputs.burden)
        nodes = inputs.node_features
        kinds = torch.stack(
            [
                nodes[:, list(part)].sum(dim=1).clamp(0, 1)
                for part in (at.damaging, at.impacts, at.copy_number)
            ],
            dim=1,
        )
        is_altered = kinds.amax(dim=1, keepdim=True)
        described = torch.cat([kinds, self.gene(inputs.node_gene) * is_altered], dim=1)
        membership = torch.cat(
            [nodes[:, at.prior : at.prior + at.pathways], torch.ones_like(nodes[:, :1])], dim=1
        )
        total = segment_sum(membership[:, :, None] * described[:, None], inputs.node_course, courses)
        counts = torch.log1p(total[..., :_KINDS].clamp_min(0))
        burden = torch.zeros_like(counts)
        burden[:, -1] = torch.nan_to_num(inputs.burden)
        return torch.cat([counts, total[..., _KINDS:], burden], dim=2)


class MutationGroups(nn.Module):
    """One token a pathway and one of the tumour, from `MutationCounts`. Gives [B, P + 1, W]."""

    def __init__(self, counts: MutationCounts, width: int, dropout: float) -> None:
        super().__init__()
        self.counts = counts
        sizes = torch.full((counts.count,), counts.features)
        self.net = GroupedSnn(sizes, counts.features, width, dropout)

    def forward(self, inputs: CourseInputs) -> Tensor:
        tokens: Tensor = self.net(self.counts(inputs))
        return tokens


class SetGroups(nn.Module):
    """One token a gene set, made of the expression of its genes; unmeasured genes count as average.

    Shapes: (values [B, G], is_measured [B, G]) -> [B, sets, W].

    Args:
        members: columns of each set.
    """

    index: Tensor
    is_member: Tensor

    def __init__(self, members: Sequence[Sequence[int]], width: int, dropout: float) -> None:
        super().__init__()
        sizes = torch.tensor([len(own) for own in members])
        most = int(sizes.max())
        index = torch.zeros(len(members), most, dtype=torch.int64)
        for row, own in enumerate(members):
            index[row, : len(own)] = torch.tensor(own)
        self.register_buffer("index", index)
        self.register_buffer("is_member", torch.arange(most)[None] < sizes[:, None])
        self.net = GroupedSnn(sizes, most, width, dropout)

    def forward(self, values: Tensor, is_measured: Tensor) -> Tensor:
        known = torch.where(is_measured, values, torch.zeros_like(values))
        tokens: Tensor = self.net(known[:, self.index] * self.is_member.to(known.dtype))
        return tokens


class VectorGroup(nn.Module):
    """One token of a numeric layer and its mask. Shapes: ([B, d], [B, d]) -> [B, 1, W]."""

    def __init__(self, features: int, width: int, dropout: float) -> None:
        super().__init__()
        self.net = GroupedSnn(torch.tensor([2 * features]), 2 * features, width, dropout)

    def forward(self, values: Tensor, is_measured: Tensor) -> Tensor:
        known = torch.where(is_measured, values, torch.zeros_like(values))
        tokens: Tensor = self.net(torch.cat([known, is_measured.to(values.dtype)], dim=1)[:, None])
        return tokens


class GroupTokens(nn.Module):
    """Tokens of every modality but slides, the treatment's last; which of them are real.

    Shapes: inputs -> tokens [B, G, W], is_real [B, G]. Tokens of hidden modalities are zero. The treatment is always
    real, so no course is without a token.

    Args:
        modalities: order of `is_present`.
        parts: module of each modality but `slide`: `MutationGroups`, `SetGroups` or `VectorGroup`.
        treatment: width R of the treatment vector.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        parts: dict[str, nn.Module],
        treatment: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.columns = {name: modalities.index(name) for name in parts}
        self.layer_names = tuple(name for name in modalities if name not in ("slide", "mutations"))
        self.parts = nn.ModuleDict({f"of_{name}": part for name, part in parts.items()})
        self.treatment = GroupedSnn(torch.tensor([treatment]), treatment, width, dropout)

    def forward(self, inputs: CourseInputs) -> tuple[Tensor, Tensor]:
        tokens, is_real = [], []
        for name, column in self.columns.items():
            part = self.parts[f"of_{name}"]
            if isinstance(part, MutationGroups):
                found = part(inputs)
            else:
                at = self.layer_names.index(name)
                found = part(inputs.layers[at], inputs.is_measured[at])
            present = inputs.is_present[:, column]
            tokens.append(torch.where(present[:, None, None], found, torch.zeros_like(found)))
            is_real.append(present[:, None].expand(-1, found.shape[1]))
        tokens.append(self.treatment(inputs.treatment[:, None]))
        is_real.append(torch.ones_like(inputs.is_present[:, :1]))
        return torch.cat(tokens, dim=1), torch.cat(is_real, dim=1)
