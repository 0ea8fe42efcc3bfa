"""Scores of forecasts by tumour, their means and paired differences with intervals by bootstrap of tumours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import kendalltau

from tumorcast.metrics.intervals import percentile_interval, resample_patients

Values = Mapping[str, Mapping[str, float]]
"""Metric -> tumour -> value."""


class TumourScores:
    """What each model got in each tumour; several random sets of shown arms are averaged.

    Metrics: `kendall_tau` (of drugs within the tumour), `top1_regret` (best average response of the drug put first
    minus that of the best one, in % of the first volume; where all are the same, of a drug at random), `average_mae`,
    `call_agreement` (mRECIST), `curve_mae` (ln of the volume), `coverage_90`.
    """

    def __init__(self) -> None:
        self._found: dict[str, dict[str, dict[str, list[float]]]] = {}

    def add(
        self,
        model: str,
        tumour: str,
        observed: np.ndarray,
        predicted: np.ndarray,
        is_asked: np.ndarray,
        is_call_right: np.ndarray | None,
        curve_error: float | None,
    ) -> None:
        """Of one tumour's drugs [D], on those that are asked for."""
        truth, told = observed[is_asked], predicted[is_asked]
        if np.ptp(told) > 0:
            self._put(model, "kendall_tau", tumour, float(kendalltau(told, truth).statistic))
            self._put(model, "top1_regret", tumour, float(truth[told.argmin()] - truth.min()))
        else:
            self._put(model, "top1_regret", tumour, float(truth.mean() - truth.min()))
        self._put(model, "average_mae", tumour, float(np.abs(told - truth).mean()))
        if is_call_right is not None:
            self._put(model, "call_agreement", tumour, float(is_call_right[is_asked].mean()))
        if curve_error is not None:
            self._put(model, "curve_mae", tumour, curve_error)

    def coverage(self, model: str, tumour: str, share: float) -> None:
        """Share of a tumour's measurements within their bands."""
        self._put(model, "coverage_90", tumour, share)

    def by_model(self) -> dict[str, Values]:
        """Model -> metric -> tumour -> mean over the sets of shown arms."""
        return {
            model: {
                metric: {tumour: float(np.mean(values)) for tumour, values in tumours.items()}
                for metric, tumours in metrics.items()
            }
            for model, metrics in self._found.items()
        }

    def _put(self, model: str, metric: str, tumour: str, value: float) -> None:
        if np.isfinite(value):
            self._found.setdefault(model, {}).setdefault(metric, {}).setdefault(tumour, []).append(value)


def means(values: Values) -> dict[str, dict[str, float]]:
    """Metric -> mean over tumours with its interval."""
    return {metric: _mean(list(found), list(found.values())) for metric, found in values.items()}


def differences(scores: TumourScores, ours: str, others: Sequence[str]) -> dict[str, dict]:
    """`OURS_minus_OTHER` for each setting: means of paired differences on the same tumours and drugs."""
    found = scores.by_model()
    made = {}
    for model, values in found.items():
        if not model.startswith(ours):
            continue
        for other in others:
            against = found.get(other + model.removeprefix(ours))
            if against is None:
                continue
            made[f"{model}_minus_{other}"] = {
                metric: _mean(both, [values[metric][t] - against[metric][t] for t in both])
                for metric in values
                if metric in against and (both := [t for t in values[metric] if t in against[metric]])
            }
    return made


def _mean(tumours: Sequence[str], values: Sequence[float]) -> dict[str, float]:
    drawn = resample_patients(tumours)
    weights = drawn.weights(tumours)
    array = np.asarray(values)
    total = weights.sum(axis=1)
    resampled = weights @ array / np.where(total > 0, total, np.nan)
    return percentile_interval(float(array.mean()), resampled).as_dict()
