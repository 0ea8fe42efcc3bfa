"""A verification as it is kept: counts and figures from which its page is drawn, and no patient, course or file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from tumorcast.lab.site.verify import Verification
from tumorcast.lab.site.write import plain
from tumorcast.metrics.calibration import reliability
from tumorcast.metrics.delong import delong_interval
from tumorcast.metrics.discrimination import brier
from tumorcast.metrics.intervals import Interval
from tumorcast.serve.external import BURDEN, MODEL

_BINS, _FEWEST_A_BIN = 5, 5


def as_record(made: Verification) -> dict[str, Any]:
    """Plain values as JSON has them; nothing of a single case, for the record can never be erased."""
    changed = made.standing.changed
    told = {
        "kind": made.kind, "model_id": made.model_id, "seal": made.seal, "study_id": made.study_id,
        "training_data": made.training_data, "recalibrated": made.recalibrated, "when": made.when,
        "verdict": made.verdict, "is_confirmatory": made.is_confirmatory,
        "criteria": made.criteria.model_dump(mode="json"), "criteria_sha256": made.criteria.sha256,
        "criteria_fixed": made.standing.fixed.when, "looks_before": len(made.standing.earlier),
        "looks_of_copies": made.standing.of_copies, "watermark": made.watermark,
        "changed": None if changed is None else {"cases": changed.cases, "when": changed.when},
        "cases": asdict(made.cases),
        "statuses": {str(k): int(v) for k, v in made.predictions["status"].value_counts().items()},
        "figures": {name: _told(figure) for name, figure in made.figures.items()},
        "own": None if made.own is None else _own(made),
        "here": _here(made) if len(made.scored) else None,
        "judged": [asdict(one) for one in made.judged],
    }  # fmt: skip
    kept: dict[str, Any] = plain(told)
    return kept


def figure_of(told: Mapping[str, float | None] | None) -> Interval | None:
    """A kept figure; ends that could not be given are NaN again."""
    if told is None:
        return None
    ends = [np.nan if end is None else float(end) for end in map(told.get, ("value", "low", "high"))]
    return Interval(*ends)


def _own(made: Verification) -> dict[str, Any]:
    own = made.own
    assert own is not None
    return {
        "auroc": _told(own.auroc), "in_the_large": _told(own.in_the_large), "brier": own.brier,
        "prevalence": own.prevalence, "promised": own.promised,
    }  # fmt: skip


def _here(made: Verification) -> dict[str, Any]:
    """Of the scored cases; bins only where each holds several of them."""
    here, burden = (made.scored[made.scored["model"] == name] for name in (MODEL, BURDEN))
    label, probability = here["label"], here["probability"]
    rank = None
    if len(burden):
        rank = delong_interval(burden["label"], burden["probability"], burden["patient_id"].astype(str))
    bins = None
    if len(here) >= _BINS * _FEWEST_A_BIN:
        found = reliability(label, probability, _BINS, made.criteria.confidence)
        bins = {name: getattr(found, name).tolist() for name in ("predicted", "observed", "low", "high")}
    return {"brier": brier(label, probability), "prevalence": float(label.mean()),
            "burden": _told(rank), "bins": bins}  # fmt: skip


def _told(figure: Interval | None) -> Mapping[str, float] | None:
    return None if figure is None else figure.as_dict()
