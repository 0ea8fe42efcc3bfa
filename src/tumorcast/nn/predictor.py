"""The predictor: anchors; encoders -> tokens -> fusion -> heads; parts, not subclasses."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.anchors import Anchors, Encoded
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.fusion import Fusion, TreatmentCondition
from tumorcast.nn.graph_encoder import GraphEncoder
from tumorcast.nn.slide_encoder import SlideEncoder
from tumorcast.nn.treatment_encoder import TreatmentEncoder


class PredictorOutput(NamedTuple):
    """Outputs for B courses, H heads, M modalities.

    scores: one number a head (logit of response, latent of the ordinal scale, log-risk of an event).
    ordinal_logits: of exceeding each level of the ordinal scale ([B, 0] without that head).
    single_scores: what each modality adds to the score (anchor and network).
    read_outs: what the network makes of each modality alone; the auxiliary loss trains them.
    tile_attention, gene_attention: attention weight of each tile and altered gene, summing to 1 in a course.
    tile_logits: what a network with a loss on tiles (CLAM) says of each; empty for others.
    """

    scores: Float[Tensor, "b h"]
    ordinal_logits: Float[Tensor, "b k"]
    single_scores: Float[Tensor, "b m h"]
    read_outs: Float[Tensor, "b m h"]
    tile_attention: Float[Tensor, " t"]
    gene_attention: Float[Tensor, " n"]
    tile_logits: Tensor = torch.zeros(0)


class Predictor(CourseNet):
    """Multimodal predictor of the outcome of a treatment course.

    score = anchors (one frozen penalised regression a modality, one of the treatment, and how the former
    change with the classes of drugs; `training.anchors`)
    + share * read-outs (what the network makes of each modality's tokens, modulated by the treatment)
    + correction (the fusion transformer over all tokens, those of the drugs among them).
    Shares and correction start at zero: a cohort too small to teach the network anything stays with the
    regressions, a large one leaves them.

    Args:
        modalities: order of `is_present`.
        encoders: one a modality.
        treatment: encoder of the drugs.
        treatment_width: R of the treatment vector, which the anchors see.
        classes: its columns that are classes of drugs.
        heads: names of the scores.
        modality_dropout: chance that training hides a present modality (`nn.modality_dropout`).
        agent_dropout: chance that training hides which drugs a course has (`nn.agent_dropout`).
        starts_from_anchors: False for a network alone: anchors stay zero, shares start at one.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        encoders: dict[str, nn.Module],
        treatment: TreatmentEncoder,
        treatment_width: int,
        classes: slice,
        heads: tuple[str, ...],
        fusion: Fusion,
        width: int,
        modality_dropout: float,
        agent_dropout: float = 0.0,
        starts_from_anchors: bool = True,
    ) -> None:
        super().__init__(modalities, heads)
        self.layer_names = tuple(n for n in modalities if n not in ("slide", "mutations"))
        self.encoders = nn.ModuleDict({f"of_{name}": module for name, module in encoders.items()})
        self.identity = nn.Parameter(torch.randn(len(modalities), width) * 0.1)
        self.treatment = treatment
        self.drugs = nn.Parameter(torch.randn(width) * 0.1)
        self.condition = TreatmentCondition(width, width)
        self.summarise = nn.ModuleList(nn.Linear(width, 1) for _ in modalities)
        self.read_out = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, len(heads))) for _ in modalities
        )
        widths = [_summary_width(encoders[name]) for name in modalities]
        self.anchors = Anchors(widths, treatment_width, len(heads), classes)
        self.share = nn.Parameter(torch.full((len(modalities),), 0.0 if starts_from_anchors else 1.0))
        self.fusion = fusion
        self.correction = nn.Linear(width, len(heads))
        nn.init.zeros_(self.correction.weight)
        nn.init.zeros_(self.correction.bias)
        self.modality_dropout, self.agent_dropout = modality_dropout, agent_dropout

    def forward(
        self, inputs: CourseInputs, anchored: Tensor | None = None, slide: Encoded | None = None
    ) -> PredictorOutput:
        """`anchored` [B, M + 1, H] stands in for the anchors' scores: in training, those of regressions that
        have not seen the course. `slide` stands in for what the slide encoder makes of the tiles."""
        is_present = inputs.is_present
        ready = {} if slide is None else {"slide": slide}
        encoded = {
            name: ready.get(name) or self.encode(name, inputs, with_summary=anchored is None)
            for name in self.modalities
        }
        treated = self.treatment(inputs, self._shows("mutations", is_present))
        conditioned, is_real, singles = [], [], []
        for m, part in enumerate(encoded.values()):
            present = is_present[:, m, None, None]
            clean = torch.where(present, part.tokens, torch.zeros_like(part.tokens))
            token = self.condition(clean + self.identity[m], treated.condition)
            conditioned.append(token)
            is_real.append(is_present[:, m, None].expand(-1, token.shape[1]))
            weights = torch.softmax(self.summarise[m](token), dim=1)
            singles.append(self.read_out[m]((weights * token).sum(dim=1)))
        read_outs = torch.stack(singles, dim=1)
        if anchored is None:
            summaries = [part.summary for part in encoded.values()]
            anchored = self.anchors(summaries, inputs.treatment, is_present)
        added = anchored[:, :-1] + read_outs * self.share[None, :, None]
        single_scores = torch.where(is_present[:, :, None], added, torch.zeros_like(added))
        ground = single_scores.sum(dim=1) + anchored[:, -1] + self.anchors.intercept
        conditioned.append(treated.tokens + self.drugs)
        is_real.append(treated.is_real[:, None].expand(-1, treated.tokens.shape[1]))
        scores = ground + self.correction(
            self.fusion(torch.cat(conditioned, dim=1), torch.cat(is_real, dim=1))
        )
        return PredictorOutput(
            scores, self.ordinal_logits(scores), single_scores, read_outs,
            _attention(encoded.get("slide"), scores), _attention(encoded.get("mutations"), scores),
        )  # fmt: skip

    def _shows(self, name: str, is_present: Tensor) -> Tensor:
        """[B] whether the courses show a modality."""
        if name not in self.modalities:
            return torch.zeros_like(is_present[:, 0])
        return is_present[:, self.modalities.index(name)]

    def encode(self, name: str, inputs: CourseInputs, with_summary: bool = True) -> Encoded:
        """Tokens, summary and attention of one modality; the mean tile only `with_summary`."""
        encoder = self.encoders[f"of_{name}"]
        if isinstance(encoder, SlideEncoder):
            return encoder(inputs.tiles, inputs.tile_course, inputs.is_present.shape[0], with_summary)
        if isinstance(encoder, GraphEncoder):
            return encoder(
                inputs.node_gene, inputs.node_features, inputs.edge_index, inputs.edge_type,
                inputs.edge_weight, inputs.node_course, inputs.burden,
            )  # fmt: skip
        i = self.layer_names.index(name)
        return encoder(inputs.layers[i], inputs.is_measured[i])

    def summary(self, name: str, inputs: CourseInputs) -> Tensor:
        """[B, F] fixed numbers of one modality; of slides nothing else is computed."""
        encoder = self.encoders[f"of_{name}"]
        if isinstance(encoder, SlideEncoder):
            return encoder.summary(inputs.tiles, inputs.tile_course, inputs.is_present.shape[0])
        return self.encode(name, inputs).summary


def _summary_width(encoder: nn.Module) -> int:
    width = encoder.summary_width
    assert isinstance(width, int)
    return width


def _attention(part: Encoded | None, like: Tensor) -> Tensor:
    """Mean over the queries; empty without the modality."""
    if part is None or part.attention is None:
        return like.new_zeros(0)
    return part.attention.mean(dim=1)


class Ensemble(nn.Module):
    """Mean of the members' scores: the model that is evaluated and exported."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        return mean_output([member(inputs) for member in self.members])


def mean_output(outputs: list[PredictorOutput]) -> PredictorOutput:
    """The mean of what several members say."""
    return PredictorOutput(*(torch.stack(parts).mean(dim=0) for parts in zip(*outputs, strict=True)))
