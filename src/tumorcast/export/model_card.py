"""`model_card.md`: what the model is, what it was trained on, how well it did, what it is not for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from tumorcast import __version__
from tumorcast.clinic.report.notices import FUSION_OPEN
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.export.facts import BundleFacts
from tumorcast.serve.population_text import population_lines
from tumorcast.slides.tuned_on import is_tuned

MINIMUM_PATIENTS = 50
"""Below this many patients, a pattern of measured layers counts as not validated."""

_SIMULATED = """> **TRAINED ON SIMULATED DATA.** No patient is behind any number here. The model knows a
> formula that was written for testing; it says nothing about a real tumour, and `tumorcast predict` refuses
> real studies."""

_LIMITS = f"""- A number for a combination of layers that few training patients had is not validated.
- Calibration beyond the training sites is unknown until it is measured on patients of the new site.
- {FUSION_OPEN}"""

_MEASURES = {"auroc": "AUROC", "auprc": "AUPRC", "brier": "Brier score", "c_index": "C-index"}
_HEADS = {
    "response": "probability of response",
    "ordinal": "level of response (four levels), and from it the probability of response",
    "size": "change of tumour size near week 8 (logarithm of the ratio to baseline)",
    "survival": "log-risk of progression or death (higher is worse)",
}


def model_card(facts: BundleFacts, prepared: Preprocessor) -> str:
    """The card as Markdown."""
    use = facts.intended_use
    parts = [
        f"# Model card: {facts.name}",
        _SIMULATED if facts.origin == "simulated" else "",
        "**Research use only. Status: preliminary.**",
        "## What it is\n\n" + "\n".join(_what(facts, prepared)),
        "## What it is for\n\n"
        + "\n".join(f"- {line}" for line in (*use.purpose, *use.users, *use.patients)),
        "## What it was trained on\n\n" + "\n".join(_training(facts)),
        "## How well it did on held-out patients\n\n" + "\n".join(_figures(facts)),
        "## When a layer is missing\n\n" + "\n".join(_missing(facts)),
        "## What it must not be used for\n\n" + "\n".join(f"- {line}" for line in use.not_for),
        "## Limits\n\n" + "\n".join((_LIMITS, *_tuning(facts))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tuning(facts: BundleFacts) -> Iterator[str]:
    if facts.tile_encoder is not None and is_tuned(facts.tile_encoder.id):
        yield "- The tile encoder was tuned to responses. Where it has seen training patients, early stopping,"
        yield "  calibration and sets of answers, which come of them, may be too sure."
        if facts.tile_encoder_onnx:
            yield "- It carries digests of the patients it was tuned on: who has a patient's id can tell whether that"
            yield "  patient is among them."


def _what(facts: BundleFacts, prepared: Preprocessor) -> Iterator[str]:
    yield f"A multimodal network of tumorcast {__version__}, the mean of an ensemble, as an ONNX graph."
    yield "It adds up one penalised regression a layer and what the network learned beyond them."
    yield ""
    yield from (f"- It gives: {_HEADS[head]}." for head in facts.heads)
    yield f"- It reads: {', '.join(prepared.modalities)}, and the treatment ({_treatments(prepared)})."
    if facts.tile_encoder is not None:
        encoder = facts.tile_encoder
        size = (
            ""
            if encoder.tile_um is None
            else f", tiles of {encoder.tile_um:g} um at {encoder.target_mpp:g} um/px"
        )
        origin = "in the bundle" if facts.tile_encoder_onnx else "not in the bundle: give ready-made features"
        yield f"- Tile encoder: {encoder.id or 'unknown'}, {encoder.dim} wide{size} ({origin})."
    for head, cut in facts.thresholds.items():
        yield f"- Threshold of {head}: {cut:.3g}, chosen on training courses."


def _treatments(prepared: Preprocessor) -> str:
    names = prepared.treatment.agents
    shown = ", ".join(names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
    return shown or "no drug was recorded in training"


def _training(facts: BundleFacts) -> Iterator[str]:
    word = "SIMULATED patients" if facts.origin == "simulated" else "patients"
    yield f"- Study `{facts.study_id}`: {facts.n_patients} {word}, {facts.n_courses} treatment courses."
    days = facts.data.tissue_days_before
    when = "before the first day of treatment" if days == 0 else f"at least {days:g} days before treatment"
    yield f"- Tissue: taken {when}; procedures: {', '.join(facts.data.procedures)}."
    lines = facts.data.lines
    yield f"- Lines of therapy: {'all' if lines is None else ', '.join(map(str, lines))}."
    yield f"- Response label: {facts.data.endpoint}."
    yield from population_lines(facts.population)


def _figures(facts: BundleFacts) -> Iterator[str]:
    rows = list(_table(facts.metrics, "model"))
    if not rows:
        yield "No held-out figures were given at export: treat the model as not validated."
        return
    word = " SIMULATED" if facts.origin == "simulated" else ""
    count = facts.n_held_out or "an unknown number of"
    yield f"Patient-bootstrap intervals; {count}{word} held-out patients."
    if facts.is_refit:
        yield "The figures are those of the models of the cross-validation; this one was then trained on all"
        yield "courses, and its own performance was not measured."
    yield ""
    yield from rows


def _table(metrics: Mapping[str, Any], what: str) -> Iterator[str]:
    """A row a model, a column a measure that any of them has; nothing where there is no figure."""
    rows = {name: values for name, values in metrics.items() if isinstance(values, Mapping)}
    measures = [m for m in _MEASURES if any(_is_figure(values.get(m)) for values in rows.values())]
    if not measures:
        return
    yield f"| {what} | {' | '.join(_MEASURES[m] for m in measures)} |"
    yield "|---" * (len(measures) + 1) + "|"
    for name, values in rows.items():
        cells = " | ".join(_cell(values.get(m)) for m in measures)
        yield f"| {name.replace('_', ' ')} | {cells} |"


def _is_figure(value: Any) -> bool:
    return isinstance(value, Mapping) and "value" in value


def _cell(value: Any) -> str:
    if not _is_figure(value) or not math.isfinite(float(value["value"] or math.nan)):
        return "not assessed"
    ends = [value.get("low"), value.get("high")]
    known = all(end is not None and math.isfinite(float(end)) for end in ends)
    span = f" ({float(ends[0]):.3f} to {float(ends[1]):.3f})" if known else ""
    return f"{float(value['value']):.3f}{span}"


def _missing(facts: BundleFacts) -> Iterator[str]:
    yield "A missing layer is masked, never filled in: the number then rests on what is left."
    if facts.population.patterns:
        yield ""
        yield "| layers measured | training patients | held-out patients | their figures | |"
        yield "|---|---|---|---|---|"
    for pattern in facts.population.patterns:
        verdict = "" if pattern.n_training >= MINIMUM_PATIENTS else "not validated for this combination"
        told = "; ".join(f"{_MEASURES[name]} {_cell(f.model_dump())}" for name, f in pattern.held_out.items())
        layers = "+".join(pattern.layers) or "none"
        figures = told or "not assessed"
        yield f"| {layers} | {pattern.n_training} | {pattern.n_held_out} | {figures} | {verdict} |"
    rows = list(_table(facts.subsets, "held-out patients with only"))
    if rows:
        yield ""
        yield from rows
