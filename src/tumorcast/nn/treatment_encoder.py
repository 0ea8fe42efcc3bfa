"""Treatment encoder: the drugs of a course, as a set -> what conditions the tokens, and tokens of its own."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs
from tumorcast.nn.segments import AttentionPooling, segment_sum

LINE_WIDTH = 2
"""Last columns of the treatment vector: line of therapy, and whether it is known."""

_AGENT_WIDTH, _PAIR_WIDTH, _REACH_WIDTH = 8, 8, 3
_LOWEST = -1e4


class Treated(NamedTuple):
    """Of B courses: `condition` [B, W] modulates the tokens of all modalities; `tokens` [B, K, W] are those of the
    drugs, and `is_real` [B] says whether there is any drug."""

    condition: Tensor
    tokens: Tensor
    is_real: Tensor


class TreatmentEncoder(nn.Module):
    """A set of drugs by what they are: sum and maximum over the drugs (Zaheer et al. 2017, arXiv:1703.06114), and the
    sum over pairs of drugs of the product of their factors (Rendle 2010, doi:10.1109/ICDM.2010.127, eq. 1), which is
    zero for a drug alone.

    A drug is its class, its targets, its plan, what its targets have to do with the altered genes (only where mutations
    are present), and an embedding of its name, which starts at zero and is that of no drug for a drug not seen in
    training. The order of the drugs does not matter. Weights of what a drug is start at zero: a class that training
    does not show says nothing. Those of the embedding do not: with both at zero neither would ever learn.

    Args:
        agents: number of agents seen in training.
        features: columns Q of `drug_features`.
        with_reach: whether the network sees mutations.
        tokens: K, learned queries over the drugs.
    """

    def __init__(
        self, agents: int, features: int, width: int, tokens: int, dropout: float, with_reach: bool
    ) -> None:
        super().__init__()
        self.with_reach = with_reach
        self.agent = nn.Embedding(agents + 1, _AGENT_WIDTH, padding_idx=0)
        nn.init.zeros_(self.agent.weight)
        self.describe = nn.Linear(features + _AGENT_WIDTH + _REACH_WIDTH * with_reach, width)
        with torch.no_grad():
            self.describe.weight[:, :features] = 0
            self.describe.weight[:, features + _AGENT_WIDTH :] = 0
        self.drug = nn.Sequential(nn.GELU(), nn.Dropout(dropout), nn.Linear(width, width), nn.GELU())
        self.factors = nn.Linear(width, _PAIR_WIDTH, bias=False)
        self.join = nn.Linear(2 * width + _PAIR_WIDTH + LINE_WIDTH, width)
        self.pool = AttentionPooling(width, tokens, hidden=width)

    def forward(self, inputs: CourseInputs, sees_mutations: Tensor) -> Treated:
        """`sees_mutations` [B]: whether the course shows its mutations."""
        count, course = inputs.treatment.shape[0], inputs.drug_course
        known = (inputs.drug_agent > 0)[:, None]
        name = self.agent(inputs.drug_agent)
        parts = [inputs.drug_features, torch.where(known, name, torch.zeros_like(name))]
        if self.with_reach:
            shown = sees_mutations[course][:, None]
            parts.append(torch.where(shown, inputs.drug_reach, torch.zeros_like(inputs.drug_reach)))
        drugs = self.drug(self.describe(torch.cat(parts, dim=1)))
        total, highest = segment_sum(drugs, course, count), _segment_max(drugs, course, count)
        factors = self.factors(drugs)
        pairs = segment_sum(factors, course, count).square() - segment_sum(factors.square(), course, count)
        line = inputs.treatment[:, -LINE_WIDTH:]
        condition = self.join(torch.cat([total, highest, pairs / 2, line], dim=1))
        tokens, _ = self.pool(drugs, course, count)
        there = segment_sum(torch.ones_like(drugs[:, 0]), course, count) > 0
        return Treated(condition, tokens, there)


def _segment_max(values: Tensor, segment: Tensor, count: int) -> Tensor:
    """[B, W] the highest of each segment's rows; zero for an empty one."""
    index = segment[:, None].expand_as(values)
    highest = values.new_full((count, values.shape[1]), _LOWEST).scatter_reduce(0, index, values, "amax")
    return torch.where(highest > _LOWEST, highest, torch.zeros_like(highest))
