"""Scores and attention of a trained network for courses, in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from tumorcast.batches.batch import CourseInputs, inputs_from
from tumorcast.batches.budget import MOST_COURSES, within_budget
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.config.models import TrainingConfig
from tumorcast.nn.predictor import Ensemble, Predictor, PredictorOutput, mean_output
from tumorcast.training.processes import has_gpus

_RESPONDER_LEVEL = 1
"""Exceeding this level of the ordinal scale (SD, RCB-II) is a response."""


def outputs_of(
    model: nn.Module, arrays: Sequence[CourseArrays], batch_size: int = MOST_COURSES
) -> Iterator[PredictorOutput]:
    """Outputs batch by batch (`batches.budget`), on the model's device, without gradients."""
    device = next(model.parameters()).device
    for run in within_budget(arrays, batch_size):
        courses = arrays[run.start : run.stop]
        inputs = inputs_from(pack(courses), tuple(courses[0].layers)).to(device)
        with evaluating(model):
            output = model(inputs)
        yield output


@contextmanager
def where_trained(model: nn.Module, settings: TrainingConfig) -> Iterator[None]:
    """On the GPU where training is on one; then back on the CPU, from where it is exported."""
    if not has_gpus(settings):
        yield
        return
    model.to("cuda")
    try:
        yield
    finally:
        model.to("cpu")


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """In evaluation mode and without gradients; each part then has its mode again."""
    modes = [(part, part.training) for part in model.modules()]
    model.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        for part, was_training in modes:
            part.training = was_training


def predict(model: nn.Module, arrays: Sequence[CourseArrays], head: str) -> NDArray[np.float64]:
    """[n] probability of response (heads response, ordinal), log-risk (survival), or log ratio (size)."""
    column = _column(model, head)
    return np.concatenate([_said(output, head, column) for output in outputs_of(model, arrays)])


def predict_with(
    ensemble: Ensemble, arrays: Sequence[CourseArrays], shown: Sequence[NDArray[np.bool_]], head: str
) -> list[NDArray[np.float64]]:
    """As `predict`, once for each of `shown` [M] with these modalities alone; slides are encoded once for all."""
    device = next(ensemble.parameters()).device
    found: list[list[NDArray[np.float64]]] = [[] for _ in shown]
    for run in within_budget(arrays):
        courses = arrays[run.start : run.stop]
        inputs = inputs_from(pack(courses), tuple(courses[0].layers)).to(device)
        with evaluating(ensemble):
            scored = [_scorer(member, inputs) for member in ensemble.members]
            for place, mask in enumerate(shown):
                is_present = inputs.is_present & torch.from_numpy(mask).to(device)
                output = mean_output([score(inputs._replace(is_present=is_present)) for score in scored])
                found[place].append(_said(output, head, _column(ensemble, head)))
    return [np.concatenate(parts) for parts in found]


def _scorer(member: nn.Module, inputs: CourseInputs) -> Callable[..., PredictorOutput]:
    """The network; a predictor with the slides of `inputs` already encoded."""
    if isinstance(member, Predictor) and "slide" in member.modalities:
        return partial(member, slide=member.encode("slide", inputs))
    return member


def _column(model: nn.Module, head: str) -> int:
    """Where a head's score stands."""
    first = model.members[0] if isinstance(model, Ensemble) else model
    return tuple(first.heads).index(head)  # type: ignore[arg-type, union-attr]


def _said(output: PredictorOutput, head: str, column: int) -> NDArray[np.float64]:
    is_ordinal = head == "ordinal"
    logits = output.ordinal_logits[:, _RESPONDER_LEVEL] if is_ordinal else output.scores[:, column]
    values = logits if head in ("survival", "size") else torch.sigmoid(logits)
    return values.double().cpu().numpy()


def narrowed(course: CourseArrays, have: Sequence[str], keep: Sequence[str]) -> CourseArrays:
    """The course as a network of the modalities `keep` (of `have`) sees it."""
    return replace(
        course,
        layers={name: values for name, values in course.layers.items() if name in keep},
        is_measured={name: mask for name, mask in course.is_measured.items() if name in keep},
        is_present=course.is_present[[have.index(name) for name in keep]],
    )
