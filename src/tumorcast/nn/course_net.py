"""What the trainer trains: any network that turns packed courses into scores."""

from __future__ import annotations

from torch import nn

from tumorcast.nn.losses import OrdinalThresholds


class CourseNet(nn.Module):
    """A module whose `forward` takes `CourseInputs` and gives `PredictorOutput`.

    Attributes:
        modalities: order of `is_present`.
        heads: names of the scores.
        ordinal: the thresholds of the head `ordinal`; None without it.
        modality_dropout: chance that training hides a present modality (`nn.modality_dropout`).
    """

    modalities: tuple[str, ...]
    heads: tuple[str, ...]
    ordinal: OrdinalThresholds | None
    modality_dropout: float = 0.0
