"""CLAM with a single branch: gated attention, and a loss on the tiles that it prefers (Lu et al. 2021, Nat Biomed
Eng 5:555)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs, CourseLabels
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.answer import Answer, answered
from tumorcast.nn.rivals.bags import TileProjection
from tumorcast.nn.segments import AttentionPooling

WIDTH, HIDDEN = 512, 256
_SAMPLED = 8
_MARGIN = 1.0


class Clam(CourseNet):
    """As ABMIL, wider, with one classifier of tiles for each of the two responses.

    Not as published: the treatment stands beside the pooled tiles; `auxiliary_weight` weighs the loss on tiles (0.5 to
    1; in the paper 0.3 to 0.7), and courses without a response have none.

    Args:
        treatment: width R of the treatment vector.
    """

    def __init__(
        self,
        modalities: tuple[str, ...],
        heads: tuple[str, ...],
        tiles: TileProjection,
        treatment: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__(modalities, heads)
        self.tiles = tiles
        self.pool = AttentionPooling(width, 1, min(width, HIDDEN))
        self.of_tile = nn.Linear(width, 4)
        self.answer = Answer(width + treatment, len(modalities), (), len(heads), dropout)

    def forward(self, inputs: CourseInputs) -> PredictorOutput:
        bags = self.tiles(inputs)
        pooled, weights = self.pool(bags.rows, bags.course, len(bags.sizes))
        scores = self.answer(torch.cat([pooled[:, 0], inputs.treatment], dim=1), inputs.is_present)
        own = self.of_tile(bags.rows)
        logits = own.new_zeros(len(bags.is_seen), 4).masked_scatter(bags.is_seen[:, None], own)
        attention = bags.attention(weights[:, 0])
        return answered(self, scores, inputs, attention, logits.unflatten(1, (2, 2)))

    def own_losses(self, inputs: CourseInputs, output: PredictorOutput, labels: CourseLabels) -> Tensor:
        return tile_losses(output, inputs.tile_course, labels.response)[:, None]


def tile_losses(output: PredictorOutput, tile_course: Tensor, response: Tensor) -> Tensor:
    """[B] mean loss of each course on its tiles of most and of least attention.

    The classifier of the course's response is to call the first ones its own and the last ones not (eq. 3 and 4 of the
    paper); the loss of a tile is the smooth top-1 SVM's of two classes (Berrada 2018, arXiv:1802.07595), margin 1 and
    temperature 1. NaN for courses without a response, with fewer than two tiles or a hidden slide.

    Args:
        output: `tile_logits` [T, 2, 2] by response and class, `tile_attention` [T]. response: [B] 0, 1 or NaN.
    """
    sizes = torch.bincount(tile_course, minlength=len(response)).tolist()
    attention, logits = output.tile_attention.split(sizes), output.tile_logits.split(sizes)
    losses = []
    for own, of_tiles, truth in zip(attention, logits, response.tolist(), strict=True):
        count = min(_SAMPLED, len(own) // 2)
        if count == 0 or truth != truth or not bool(own.sum() > 0):
            losses.append(output.scores.new_full((), torch.nan))
            continue
        order = torch.argsort(own.detach(), descending=True)
        chosen = of_tiles[torch.cat([order[:count], order[-count:]]), int(truth)].to(output.scores.dtype)
        target = torch.tensor([1] * count + [0] * count, device=chosen.device)
        losses.append(_smooth_svm(chosen, target))
    return torch.stack(losses)


def _smooth_svm(logits: Tensor, target: Tensor) -> Tensor:
    """log sum_j exp(s_j + margin of j) - s_target, mean over rows."""
    own = logits.gather(1, target[:, None])[:, 0]
    wrong = 1 - nn.functional.one_hot(target, logits.shape[1])
    return (torch.logsumexp(logits + _MARGIN * wrong, dim=1) - own).mean()
