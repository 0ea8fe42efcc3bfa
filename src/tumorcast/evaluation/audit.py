"""What a reviewer asks of predictions with known outcomes: discrimination, calibration, use, each with its interval.

Every model is scored on all its courses, folds pooled for calibration and use, within folds for discrimination (as
`scores`). Differences to the first model carry DeLong's p (Obuchowski's where patients have several courses) and,
because several are tested, Holm's adjusted one (1979, Scand J Stat 6:65).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import add
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.evaluation.conformal import SET_NAMES, coverage_report, sets_of
from tumorcast.evaluation.prediction_table import check_predictions, is_survival
from tumorcast.evaluation.scores import score_predictions
from tumorcast.metrics.calibration import (
    FEWEST_FOR_ERROR,
    brier_skill_ratio,
    calibration_error,
    calibration_intervals,
)
from tumorcast.metrics.decision import net_benefit_draws, treat_all
from tumorcast.metrics.delong import delong_difference, delong_interval
from tumorcast.metrics.intervals import percentile_interval, resample_patients
from tumorcast.metrics.ratio import Ratio
from tumorcast.metrics.shift import holm
from tumorcast.metrics.time_dependent import (
    Censoring,
    dynamic_auc_ratios,
    integrated_brier_ratio,
    survival_curves,
    uno_c_ratio,
)

DECISIONS = (0.2, 0.3, 0.4, 0.5)
"""Thresholds of the decision table."""
_QUARTERS = (0.25, 0.5, 0.75)

Figures = dict[str, Any]


def audit(
    table: pd.DataFrame,
    fused: str,
    n_bootstrap: int = 1000,
    seed: int = 0,
    training: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Everything that can be said of a table of predictions.

    Args:
        table: as `score_predictions` takes it; `answers` where the model gives sets.
        fused: the model that the others are compared with.
        training: of times: model, time_days, is_event, risk of the training courses. None: the censoring is that of
            the test courses, and no survival curve can be drawn.

    Returns:
        patients, courses, events or responders; `scores` (as metrics.json); `models` (name -> figures); `differences`
        (name -> DeLong's); `coverage`: rows of the sets' report.

    Raises:
        InputError: as `score_predictions`.
    """
    rows = check_predictions(table)
    survival = is_survival(rows)
    told: dict[str, Any] = {
        "patients": int(rows["patient_id"].nunique()),
        "courses": int(rows["course_id"].nunique()),
        "events": int(rows.drop_duplicates("course_id")["is_event" if survival else "label"].sum()),
        "bootstrap": n_bootstrap,
        "seed": seed,
        "scores": score_predictions(rows, n_bootstrap=n_bootstrap, seed=seed, fused=fused),
    }
    by_model = {str(name): own for name, own in rows.groupby("model", sort=False)}
    if survival:
        told["models"] = {
            name: _of_risk(own, n_bootstrap, seed, _part(training, name)) for name, own in by_model.items()
        }
    else:
        told["models"] = {name: _of_probability(own, n_bootstrap, seed) for name, own in by_model.items()}
        told["differences"] = _differences(by_model, fused)
        told["coverage"] = _coverage(rows)
    return told


def _part(training: pd.DataFrame | None, model: str) -> pd.DataFrame | None:
    """A model's own training courses; None without any."""
    if training is None:
        return None
    own = training[training["model"] == model] if "model" in training else training
    return own if len(own) else None


def _of_probability(rows: pd.DataFrame, n_bootstrap: int, seed: int) -> Figures:
    label, probability = rows["label"].to_numpy(float), rows["probability"].to_numpy(float)
    people = rows["patient_id"].astype(str).to_numpy()
    weights = resample_patients(people, n_bootstrap, seed).weights(people)
    line = calibration_intervals(label, probability, people)
    skill = brier_skill_ratio(label, probability, np.concatenate([np.ones((1, len(label))), weights])).values(
        1
    )
    made: Figures = {
        "auroc_delong": delong_interval(label, probability, people).as_dict(),
        "calibration_slope": line.slope.as_dict(),
        "calibration_intercept": line.intercept.as_dict(),
        "calibration_in_the_large": line.in_the_large.as_dict(),
        "brier_skill": percentile_interval(float(skill[0]), skill[1:]).as_dict(),
        "net_benefit": _benefit(label, probability, weights),
    }
    if len(np.unique(people)) >= FEWEST_FOR_ERROR:
        error = calibration_error(label, probability, seed=seed)
        made["calibration_error"] = {
            "value": error.value, "null_mean": error.null_mean, "null_high": error.null_high
        }  # fmt: skip
    return made


def _benefit(label: np.ndarray, probability: np.ndarray, weights: np.ndarray) -> list[dict[str, float]]:
    """At each of `DECISIONS`: net benefit, that of treating all, and the gain over the better of all and none."""
    both = np.concatenate([np.ones((1, len(label))), weights])
    model = net_benefit_draws(label, probability, DECISIONS, both)
    everyone = net_benefit_draws(label, np.ones(len(label)), DECISIONS, both)
    gain = model - np.maximum(everyone, 0)
    overall = treat_all(label, DECISIONS)
    rows = []
    for k, threshold in enumerate(DECISIONS):
        interval = percentile_interval(float(gain[0, k]), gain[1:, k])
        rows.append(
            {
                "threshold": threshold, "net_benefit": float(model[0, k]), "treat_all": float(overall[k]),
                "gain": interval.value, "gain_low": interval.low, "gain_high": interval.high,
            }
        )  # fmt: skip
    return rows


def _differences(by_model: Mapping[str, pd.DataFrame], fused: str) -> Figures:
    if fused not in by_model:
        return {}
    made: Figures = {}
    for name, own in by_model.items():
        if name == fused:
            continue
        pair = by_model[fused].merge(own, on=["fold", "course_id"], suffixes=("", "_other"))
        if pair.empty:
            continue
        found = delong_difference(
            pair["label"], pair["probability"], pair["probability_other"], pair["patient_id"].astype(str)
        )
        made[name] = {**found.difference.as_dict(), "p": found.p}
    adjusted = holm([values["p"] for values in made.values()])
    for values, p in zip(made.values(), adjusted.tolist(), strict=True):
        values["p_holm"] = p
    return made


def _coverage(rows: pd.DataFrame) -> list[dict[str, Any]]:
    if "answers" not in rows:
        return []
    own = rows[rows["answers"].isin(SET_NAMES)]
    if own.empty:
        return []
    report = coverage_report(sets_of(own["answers"].tolist()), own["label"], own["patient_id"])
    return [{str(k): v for k, v in row.items()} for row in report.to_dict("records")]


def _of_risk(rows: pd.DataFrame, n_bootstrap: int, seed: int, training: pd.DataFrame | None) -> Figures:
    """Uno's C up to, and AUROC at, quartiles of the event times, pairs within folds; with training courses, whose
    censoring and baseline hazard then count, the integrated Brier score between the quartiles too."""
    times = np.quantile(rows.loc[rows["is_event"] == 1, "time_days"], _QUARTERS)
    weights = np.concatenate(
        [
            np.ones((1, len(rows))),
            resample_patients(rows["patient_id"], n_bootstrap, seed).weights(rows["patient_id"]),
        ]
    )
    concordances, areas, losses = [], [], []
    for _, place in rows.reset_index(drop=True).groupby("fold").groups.items():
        own, weight = rows.iloc[place], weights[:, place]
        time, event, risk = (own[k].to_numpy(float) for k in ("time_days", "is_event", "risk"))
        known = own if training is None else training
        censoring = Censoring.fit(known["time_days"], known["is_event"])
        concordances.append(uno_c_ratio(censoring, time, event, risk, weight, float(times[-1]) + 1e-9))
        areas.append(dynamic_auc_ratios(censoring, time, event, risk, times, weight))
        if training is not None:
            before, died, said = (training[k].to_numpy(float) for k in ("time_days", "is_event", "risk"))
            curves = survival_curves(before, died, said, risk, times)
            losses.append(integrated_brier_ratio(censoring, time, event, curves, times, weight))
    by_time = [reduce(add, column) for column in zip(*areas, strict=True)]
    made: Figures = {
        "uno_c": {**_told(reduce(add, concordances)), "until_days": float(times[-1])},
        "auroc_by_time": [{"days": float(t), **_told(area)} for t, area in zip(times, by_time, strict=True)],
    }
    if losses:
        made["integrated_brier"] = _told(reduce(add, losses))
    return made


def _told(ratio: Ratio) -> dict[str, float]:
    values = ratio.values()
    return percentile_interval(float(values[0]), values[1:]).as_dict()
