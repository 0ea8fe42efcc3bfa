"""A course beside the training patients: its place among them, what a missing layer could change, who was like it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tumorcast.clinic.report.record import MissingLayer, Pattern, Placement, Programme, Response, Survival
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.summaries import quantities
from tumorcast.evaluation.comparison import FEWEST, Comparison
from tumorcast.evaluation.conformal import set_names
from tumorcast.metrics.logistic import expit
from tumorcast.serve.answer import Answer
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.guards.pattern import figures_of
from tumorcast.serve.naming import label_of, with_unit
from tumorcast.serve.occlusion import score_of
from tumorcast.serve.population import Figure, PatternFigures
from tumorcast.serve.unlike import UNKNOWN

QUANTILES = (5, 25, 50, 75, 95)
ASSUMPTION = (
    "drawn from what the layer added among {n} training patients who had it (models that had not seen them), as if it "
    "did not depend on this patient's other layers"
)


def missing_of(bundle: Bundle, answer: Answer) -> tuple[MissingLayer, ...]:
    """What each absent modality could change; nothing for a model without a probability."""
    if not np.isfinite(answer.said.probability):
        return ()
    absent = zip(bundle.prepared.modalities, answer.course.is_present, strict=True)
    return tuple(_missing(bundle, answer, name) for name, is_present in absent if not is_present)


def _missing(bundle: Bundle, answer: Answer, name: str) -> MissingLayer:
    known = None if bundle.comparison is None else bundle.comparison.contributions.get(name)
    if known is None:
        return MissingLayer(name, (), None, 0, "the bundle does not say what the layer adds")
    if not known.quantiles:
        note = f"{known.n} training patients had the layer, fewer than {FEWEST}: what it would change is not known"
        return MissingLayer(name, (), None, known.n, note)
    raw = expit(score_of(answer.said) + np.array(known.quantiles))
    values, changes = raw, None
    if bundle.trust is not None:
        values = bundle.trust.probability(raw)
        if answer.row.answers and answer.row.answers != UNKNOWN:
            names = set_names(bundle.trust.sets(raw))
            changes = float(np.mean([each != answer.row.answers for each in names]))
    shown = tuple(float(v) for v in np.percentile(values, QUANTILES))
    return MissingLayer(name, shown, changes, known.n, ASSUMPTION.format(n=known.n))


def pattern_of(bundle: Bundle, answer: Answer) -> Pattern:
    """The measured layers, and how the model did on training patients with exactly these."""
    modalities, is_present = bundle.prepared.modalities, answer.course.is_present
    layers = tuple(name for name, is_there in zip(modalities, is_present, strict=True) if is_there)
    own = figures_of(bundle.manifest.population.patterns, layers)
    if own is None or own.n_training < FEWEST:
        count = 0 if own is None else own.n_training
        note = f"not validated for this combination: {count} training patients had it, fewer than {FEWEST}"
        return Pattern(layers, count, False, note)
    return Pattern(layers, own.n_training, True, _calibration(own))


def _calibration(own: PatternFigures) -> str:
    told = f"{own.n_training} training patients had exactly these layers"
    ratio, brier = (own.calibration.get(name) for name in ("observed_expected", "brier"))
    if ratio is None or brier is None:
        return f"{told}; how true the probabilities were for them is not known"
    return (
        f"{told}; by models that had not seen them, responses over the sum of probabilities {_figure(ratio)}, "
        f"Brier score {_figure(brier)}"
    )


def _figure(own: Figure) -> str:
    return f"{own.value:.2f}" + (
        "" if own.low is None or own.high is None else f" (95% interval {own.low:.2f} to {own.high:.2f})"
    )


def placements_of(
    bundle: Bundle, answer: Answer, response: Response | None, survival: Survival | None
) -> tuple[Placement, ...]:
    """Where the course's plain numbers and its prediction lie among the training patients."""
    known = bundle.comparison
    found = []
    outputs = {
        "probability": None if response is None else response.probability,
        "risk": None if survival is None else survival.risk,
    }
    for name, value in outputs.items():
        place = known.outputs.get(name) if known is not None else None
        if value is not None and place is not None and place.quantiles:
            shown = f"{value:.0%}" if name == "probability" else f"{value:.2f}"
            found.append(Placement(f"Predicted {name}", shown, place.percentile(value)))
    for name, value in quantities(bundle.prepared, answer.course).items():
        if np.isfinite(value):
            place = known.quantities.get(name) if known is not None else None
            percentile = None if place is None else place.percentile(value)
            found.append(Placement(label_of(name), with_unit(name, value), percentile))
    return tuple(found)


def in_deviations(
    programmes: Sequence[Programme], prepared: Preprocessor, comparison: Comparison | None
) -> tuple[Programme, ...]:
    """Programmes with `z` on the scale of the programme's own score among training patients; None where not known."""
    known = {} if comparison is None else comparison.programmes
    made = []
    for one in programmes:
        z = one.z
        if one.layer == "expression" and z is not None:
            mean, sd = known.get(one.name, (0.0, float("nan")))
            z = (z - mean) / sd if np.isfinite(sd) else None
        made.append(Programme(one.name, one.layer, z, one.effect))
    return tuple(made)
