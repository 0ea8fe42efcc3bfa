"""What a fine-tuning of a tile encoder is: every setting with its range and default."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tumorcast.config.models import Count, Positive
from tumorcast.config.section import Section


class FinetuneConfig(Section):
    """Weakly supervised fine-tuning: tiles -> encoder -> gated attention -> response.

    Attributes:
        method: "lora" (adapters of low rank), "last-blocks", or "full".
        rank, alpha: of the adapters (`nn.lora.LowRank`); alpha None is the rank.
        blocks: how many of the last blocks are trained, under "last-blocks".
        tiles: of a course, drawn each epoch from those kept.
        kept_tiles: of each slide, drawn once and kept on disk; epochs read no slides.
        batch: courses a step.
        accumulate: parts of a step whose gradients are summed: less memory, same step.
        chunk: tiles that pass through the encoder at a time; more than one chunk, and each is computed again in the
            backward pass, so that memory holds the activations of one.
        epochs, patience: most of them, and how many without a better inner loss end the training.
        rate, head_rate: learning rates of the encoder and of pooling and read-out.
        stain: strength of the stain augmentation (`slides.stain_augment`); 0 is none.
        inner_folds: one of so many parts of the patients decides when to stop.
        precision: "auto" is bfloat16 on a GPU that has it, else float32.
    """

    method: Literal["lora", "last-blocks", "full"] = "lora"
    rank: Count = 8
    alpha: Positive | None = None
    blocks: Count = 2
    tiles: Count = 16
    kept_tiles: Count = 64
    batch: Count = 8
    accumulate: Count = 1
    chunk: Count = 32
    epochs: Count = 20
    patience: Count = 5
    rate: Positive = 3e-4
    head_rate: Positive = 1e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1e-2
    width: Count = 64
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.25
    stain: Annotated[float, Field(ge=0, le=0.5)] = 0.05
    inner_folds: Annotated[int, Field(ge=2)] = 5
    seed: Annotated[int, Field(ge=0)] = 0
    precision: Literal["auto", "32", "bf16"] = "auto"

    @model_validator(mode="after")
    def _parts_are_not_empty(self) -> FinetuneConfig:
        if self.accumulate > self.batch:
            raise ValueError(f"accumulate={self.accumulate} parts of a batch of {self.batch} courses")
        if self.tiles > self.kept_tiles:
            raise ValueError(f"tiles={self.tiles} of {self.kept_tiles} kept tiles")
        return self
