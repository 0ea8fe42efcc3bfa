"""The predictor: encoders -> tokens -> fusion -> heads; parts, not subclasses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.fusion import Fusion, TreatmentCondition
from tumorcast.nn.graph_encoder import GraphEncoder
from tumorcast.nn.losses import OrdinalThresholds
from tumorcast.nn.slide_encoder import SlideEncoder

ORDINAL_LEVELS = 4
"""PD, SD, PR, CR; or RCB-III to pCR."""


class PredictorOutput(NamedTuple):
    """Outputs for B courses, H heads, M modalities.

    scores: one number a head (logit of response, latent of the ordinal scale, log-risk of an event).
    ordinal_logits: of exceeding each level of the ordinal scale ([B, 0] without that head).
    single_scores: what each modality alone says (the auxiliary read-outs).
    tile_attention, gene_attention: attention weight of each tile and altered gene, summing to 1 in a course.
    """

    scores: Float[Tensor, "b h"]
    ordinal_logits: Float[Tensor, "b k"]
    single_scores: Float[Tensor, "b m h"]
    tile_attention: Float[Tensor, " t"]
    gene_attention: Float[Tensor, " n"]


class Predictor(nn.Module):
    """Multimodal predictor of the outcome of a treatment course.

    Each modality's tokens are modulated by the treatment. A read-out per modality gives its own score; the
    fused score is a learned sum of the present ones plus the fusion transformer's correction, which starts at
    zero: a small cohort stays near the additive model, a large one can leave it. Treatment alone has a
    read-out of its own, so that a course with no modality left still has a finite score.

    Args:
        modalities: order of `is_present`.
        encoders: one a modality.
        treatment: width R of the treatment vector.
        heads: names of the scores.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        encoders: dict[str, nn.Module],
        treatment: int,
        heads: tuple[str, ...],
        fusion: Fusion,
        width: int,
        modality_dropout: float,
    ) -> None:
        super().__init__()
        self.modalities, self.heads = modalities, heads
        self.layer_names = tuple(n for n in modalities if n not in ("slide", "mutations"))
        self.encoders = nn.ModuleDict({f"of_{name}": module for name, module in encoders.items()})
        self.identity = nn.Parameter(torch.randn(len(modalities), width) * 0.1)
        self.condition = TreatmentCondition(treatment, width)
        self.summarise = nn.ModuleList(nn.Linear(width, 1) for _ in modalities)
        self.read_out = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(heads))) for _ in modalities
        )
        self.share = nn.Parameter(torch.full((len(modalities),), 0.7))
        self.treatment_score = nn.Linear(treatment, len(heads))
        self.fusion = fusion
        self.correction = nn.Linear(width, len(heads))
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)
        self.ordinal = OrdinalThresholds(ORDINAL_LEVELS) if "ordinal" in heads else None
        self.modality_dropout = modality_dropout

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        is_present = self._hide_some(inputs.is_present)
        tokens, tile_attention, gene_attention = self._encode(inputs)
        conditioned, is_real, singles = [], [], []
        for m, name in enumerate(self.modalities):
            present = is_present[:, m, None, None]
            clean = torch.where(present, tokens[name], torch.zeros_like(tokens[name]))
            token = self.condition(clean + self.identity[m], inputs.treatment)
            conditioned.append(token)
            is_real.append(is_present[:, m, None].expand(-1, token.shape[1]))
            weights = torch.softmax(self.summarise[m](token), dim=1)
            singles.append(self.read_out[m]((weights * token).sum(dim=1)))
        single_scores = torch.stack(singles, dim=1)
        voted = torch.where(is_present[:, :, None], single_scores, torch.zeros_like(single_scores))
        additive = (voted * self.share[None, :, None]).sum(dim=1) + self.treatment_score(inputs.treatment)
        summary = self.fusion(torch.cat(conditioned, dim=1), torch.cat(is_real, dim=1))
        scores = additive + self.correction(summary)
        return PredictorOutput(
            scores, self._ordinal_logits(scores), single_scores, tile_attention, gene_attention
        )

    def _ordinal_logits(self, scores: Tensor) -> Tensor:
        if self.ordinal is None:
            return scores.new_zeros((scores.shape[0], 0))
        return self.ordinal(scores[:, self.heads.index("ordinal")])

    def _encode(self, inputs: CourseInputs) -> tuple[dict[str, Tensor], Tensor, Tensor]:
        """Tokens by modality, attention over tiles and over genes (empty where the modality is not used)."""
        count = inputs.is_present.shape[0]
        tokens = {}
        tile_attention, gene_attention = inputs.tiles.new_zeros(0), inputs.tiles.new_zeros(0)
        for name in self.modalities:
            encoder = self.encoders[f"of_{name}"]
            if isinstance(encoder, SlideEncoder):
                tokens[name], weights = encoder(inputs.tiles, inputs.tile_course, count)
                tile_attention = weights.mean(dim=1)
            elif isinstance(encoder, GraphEncoder):
                tokens[name], weights = encoder(
                    inputs.node_gene, inputs.node_features, inputs.edge_index, inputs.edge_type,
                    inputs.node_course, inputs.burden,
                )  # fmt: skip
                gene_attention = weights.mean(dim=1)
            else:
                i = self.layer_names.index(name)
                tokens[name] = encoder(inputs.layers[i], inputs.is_measured[i])
        return tokens, tile_attention, gene_attention

    def _hide_some(self, is_present: Tensor) -> Tensor:
        """In training, hide each present modality with the chance `modality_dropout`; one always stays."""
        if not self.training or self.modality_dropout == 0 or is_present.shape[1] == 1:
            return is_present
        draw = torch.rand(is_present.shape, device=is_present.device)
        kept = is_present & (draw >= self.modality_dropout)
        highest = torch.where(is_present, draw, torch.full_like(draw, -1.0)).argmax(dim=1)
        spared = torch.zeros_like(kept).scatter(1, highest[:, None], True) & is_present
        return torch.where(kept.any(dim=1, keepdim=True), kept, spared)


class Ensemble(nn.Module):
    """Mean of the members' scores: the model that is evaluated and exported."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        outputs = [member(inputs) for member in self.members]
        return PredictorOutput(*(torch.stack(parts).mean(dim=0) for parts in zip(*outputs, strict=True)))
