"""The figures that criteria are about: of a site's cases, and the bundle's own of training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.evaluation.conformal import SET_NAMES, coverage_report, sets_of
from tumorcast.evaluation.trust import Trust
from tumorcast.lab.site.criteria import Measure
from tumorcast.metrics.calibration import brier_skill_ratio, calibration_intervals
from tumorcast.metrics.delong import delong_difference, delong_interval
from tumorcast.metrics.discrimination import brier
from tumorcast.metrics.intervals import Interval, binomial_interval, percentile_interval, resample_patients
from tumorcast.serve.external import BURDEN, MODEL

_DRAWS = 1000


@dataclass(frozen=True)
class Own:
    """The bundle's figures on training patients that its networks had not seen; `promised` coverage of its sets."""

    courses: int
    auroc: Interval
    brier: float
    in_the_large: Interval
    prevalence: float
    promised: float
    probability: tuple[float, ...]


def own_figures(trust: Trust | None) -> Own | None:
    """From the predictions that the sets of answers were calibrated on; None where the bundle has none."""
    if trust is None:
        return None
    label = np.array(trust.conformal.label, float)
    score = np.array(trust.conformal.score, float)
    probability = np.where(label == 1, 1 - score, score)
    lines = calibration_intervals(label, probability)
    return Own(
        len(label), delong_interval(label, probability), brier(label, probability), lines.in_the_large,
        float(label.mean()), 1 - trust.alpha, tuple(probability.tolist()),
    )  # fmt: skip


def outcome_figures(rows: pd.DataFrame, confidence: float = 0.95, seed: int = 0) -> dict[Measure, Interval]:
    """Figures of predictions with outcomes (`serve.external.external_predictions`), each with its interval."""
    own = rows[rows["model"] == MODEL]
    label, probability = own["label"].to_numpy(float), own["probability"].to_numpy(float)
    people = own["patient_id"].astype(str).to_numpy()
    lines = calibration_intervals(label, probability, people, confidence)
    weights = resample_patients(people, _DRAWS, seed).weights(people)
    skill = brier_skill_ratio(label, probability, np.concatenate([np.ones((1, len(label))), weights])).values(
        1
    )
    made: dict[Measure, Interval] = {
        "auroc": delong_interval(label, probability, people, confidence),
        "in_the_large": lines.in_the_large,
        "calibration_slope": lines.slope,
        "brier_skill": percentile_interval(float(skill[0]), skill[1:], confidence),
    }
    pair = own.merge(rows[rows["model"] == BURDEN], on="course_id", suffixes=("", "_other"))
    if len(pair):
        made["auroc_over_burden"] = delong_difference(
            pair["label"],
            pair["probability"],
            pair["probability_other"],
            pair["patient_id"].astype(str),
            confidence,
        ).difference
    told = own[own["answers"].isin(SET_NAMES)]
    if len(told):
        report = coverage_report(
            sets_of(told["answers"].tolist()), told["label"], told["patient_id"], confidence=confidence
        )
        row = report[report["grouping"] == "all"].iloc[0]
        made["coverage"] = Interval(float(row["coverage"]), float(row["low"]), float(row["high"]))
    return made


def technical_figures(
    table: pd.DataFrame, unlike_below: float = 0.05, confidence: float = 0.95
) -> dict[Measure, Interval]:
    """Shares of a table of predictions: with a number, and of those unlike the training patients."""
    made: dict[Measure, Interval] = {}
    has = (table["probability"] if "probability" in table else table["risk"]).notna()
    if "risk" in table:
        has = has | table["risk"].notna()
    if len(table):
        made["answered"] = share(int(has.sum()), len(table), confidence)
    p = table["like_training"].dropna().to_numpy(float)
    if len(p):
        made["unlike"] = share(int((p <= unlike_below).sum()), len(p), confidence)
    return made


def share(found: int, count: int, confidence: float = 0.95) -> Interval:
    """A share with its exact interval."""
    low, high = binomial_interval(found, count, confidence)
    return Interval(found / count, float(low), float(high))
