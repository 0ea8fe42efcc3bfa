"""What a site asks of a model before go-live, written down before anyone looks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tumorcast.domain.errors import InputError

Measure = Literal[
    "auroc", "auroc_over_burden", "brier_skill", "in_the_large", "calibration_slope", "coverage", "answered",
    "unlike", "repeatability", "reference",
]  # fmt: skip
Base = Literal["zero", "own", "promised"]
NEEDS_OUTCOMES: tuple[Measure, ...] = (
    "auroc", "auroc_over_burden", "brier_skill", "in_the_large", "calibration_slope", "coverage",
)  # fmt: skip


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Criterion(_Section):
    """One figure and where its whole interval must lie.

    Attributes:
        at_least, at_most: added to `base`. base: "zero"; "own": the bundle's own held-out figure; "promised": the
            coverage that its sets promise.
        is_required: what is not is told and decides nothing.
    """

    measure: Measure
    at_least: float | None = None
    at_most: float | None = None
    base: Base = "zero"
    is_required: bool = True
    why: str = ""

    @model_validator(mode="after")
    def _has_a_limit(self) -> Criterion:
        if self.at_least is None and self.at_most is None:
            raise ValueError("a criterion has at_least, at_most, or both")
        return self


class Criteria(_Section):
    """All that a site asks.

    Attributes:
        fewest_responders, fewest_others: patients with a known outcome below which nothing about outcomes is judged.
        fewest_cases: cases below which nothing is judged.
    """

    name: str = "default"
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    fewest_responders: Annotated[int, Field(ge=10)] = 20
    fewest_others: Annotated[int, Field(ge=10)] = 20
    fewest_cases: Annotated[int, Field(ge=5)] = 20
    criteria: Annotated[tuple[Criterion, ...], Field(min_length=1)]

    @property
    def sha256(self) -> str:
        """Of the content, however the file is laid out."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


DEFAULT = Criteria(
    criteria=(
        Criterion(measure="auroc", at_least=0.5, why="better than chance"),
        Criterion(measure="auroc", at_least=-0.1, base="own", why="not much worse than in training"),
        Criterion(measure="in_the_large", at_least=-0.8, at_most=0.8, why="on the whole neither too high nor too low"),
        Criterion(measure="coverage", at_least=-0.1, base="promised", why="sets hold the truth nearly as promised"),
        Criterion(measure="brier_skill", at_least=0.0, is_required=False, why="better than the share of responders"),
        Criterion(measure="auroc_over_burden", at_least=0.0, is_required=False, why="better than the burden alone"),
        Criterion(measure="answered", at_least=0.7, why="most cases get a number"),
        Criterion(measure="unlike", at_most=0.25, why="most patients are like those of training"),
        Criterion(measure="repeatability", at_most=1e-6, why="one case twice gives one number"),
        Criterion(measure="reference", at_most=1e-4, is_required=False, why="this machine computes as the maker's did"),
    )
)  # fmt: skip
"""Strictness that some eighty cases with outcomes can show; a site states its own where it needs more."""


def read_criteria(path: Path | None) -> Criteria:
    """A YAML file; None: `DEFAULT`.

    Raises:
        InputError: not there, not YAML, or of unknown content.
    """
    if path is None:
        return DEFAULT
    try:
        return Criteria.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} cannot be read", got=str(error).splitlines()[0]) from None
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise InputError(
            f"{path.name} is not understood",
            got=told,
            expected="what `tumorcast site criteria` writes",
        ) from None


def criteria_text(criteria: Criteria) -> str:
    """As YAML, to be changed by hand before it is fixed."""
    told = criteria.model_dump(mode="json", exclude_none=True)
    head = "# Acceptance criteria. Change them before the first look, then: tumorcast site fix BUNDLE FILE\n"
    return head + yaml.safe_dump(told, sort_keys=False, allow_unicode=True)
