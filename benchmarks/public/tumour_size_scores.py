"""Scores of forecast sizes and of forecast progression, with patient-bootstrap intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.metrics.intervals import percentile_interval, resample_patients
from tumorcast.metrics.survival import concordance_ratio
from tumorcast.metrics.time_dependent import Censoring, brier_losses, dynamic_auc_ratios

TWIN, LAST = "twin", "last_value"
DRAWS = 4000
_RULES = {
    "growth above the nadir so far": "growth_so_far",
    "last number over the limit of progression": "over_limit",
}


def size_scores(predictions: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Mean absolute error of each model, differences to carrying the last value, coverage; printed."""
    errors = (
        predictions.assign(error=(predictions["predicted_mm"] - predictions["observed_mm"]).abs())
        .groupby(["patient_id", "model"])["error"]
        .mean()
        .unstack()
    )
    weights = resample_patients(errors.index, DRAWS, seed).weights(errors.index)
    made: dict[str, Any] = {}
    for model in errors:
        made[model] = {"mae_mm": _mean(errors[model].to_numpy(), weights)}
        if model != LAST:
            difference = (errors[model] - errors[LAST]).to_numpy()
            made[f"{model}_minus_{LAST}"] = {"mae_mm": _mean(difference, weights)}
    ours = predictions[predictions["model"] == TWIN]
    inside = ours["observed_mm"].between(ours["low_mm"] - 1e-9, ours["high_mm"] + 1e-9).astype(float)
    by_patient = inside.groupby(ours["patient_id"]).mean().reindex(errors.index).to_numpy()
    made[TWIN]["coverage_90"] = _mean(by_patient, weights)
    made[TWIN]["band_width_mm"] = _mean(
        (ours["high_mm"] - ours["low_mm"])
        .groupby(ours["patient_id"])
        .mean()
        .reindex(errors.index)
        .to_numpy(),
        weights,
    )
    for model, values in made.items():
        cells = [f"{k} {v['value']:+.3f} [{v['low']:+.3f}, {v['high']:+.3f}]" for k, v in values.items()]
        print(f"  {model:34s} " + "  ".join(cells))
    return made


def progression_scores(events: Sequence[dict[str, Any] | None], seed: int) -> dict[str, Any]:
    """Concordance, AUROC at the middle horizon, Brier score, calibration and days of forecast progression; printed.

    Carrying the last value forward forecasts no progression, ever: its concordance is a half.
    """
    used = [one for one in events if one is not None]
    if not used:
        return {"run": {"patients": 0, "events": 0}}
    time = np.array([one["time"] for one in used], float)
    event = np.array([one["is_event"] for one in used])
    if not event.any():
        print(f"  progression: {len(used)} patients, none progressed: nothing to score")
        return {"run": {"patients": len(used), "events": 0}}
    horizon = float(np.median([one["days"][min(1, len(one["days"]) - 1)] for one in used]))
    chance = np.array([np.interp(horizon, np.r_[0, one["days"]], np.r_[0, one["chance"]]) for one in used])
    weights = resample_patients(range(len(used)), DRAWS // 4, seed).weights(range(len(used)))
    both = np.vstack([np.ones(len(used)), weights])
    censoring = Censoring.fit(time, event)
    made: dict[str, Any] = {
        "run": {"patients": len(used), "events": int(event.sum()), "horizon_days": horizon}
    }
    rivals = {name: np.array([one[key] for one in used]) for name, key in _RULES.items()}
    for name, risk in {TWIN: chance, **rivals}.items():
        c = concordance_ratio(time, event, risk, both).values()
        auc = dynamic_auc_ratios(censoring, time, event, risk, np.array([horizon]), both)[0].values()
        made[name] = {"c_index": _interval(c), "auroc_at_horizon": _interval(auc)}
    moments = np.array([horizon])
    brier = brier_losses(censoring, time, event, 1 - chance[:, None], moments)[:, 0]
    share = float(np.mean(chance))
    flat = brier_losses(censoring, time, event, np.full((len(used), 1), 1 - share), moments)[:, 0]
    made[TWIN]["brier"] = _mean(brier, weights)
    made["brier_twin_minus_same_for_all"] = {"brier": _mean(brier - flat, weights)}
    made["calibration"] = _calibration(used, weights)
    made["days"] = _days(used, weights)
    print(f"  progression: {made['run']}")
    for name in (TWIN, *_RULES, "brier_twin_minus_same_for_all", "calibration", "days"):
        cells = [f"{k} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]" for k, v in made[name].items()]
        print(f"    {name:32s} " + "  ".join(cells))
    return made


def _days(used: Sequence[dict[str, Any]], weights: np.ndarray) -> dict[str, Any]:
    """Days to progression, or to the last scan where that is earlier: of everyone the scans until then are known.

    The forecast is the middle of the draws; "never" forecasts the last scan for all.
    """
    last = np.array([one["days"][-1] for one in used], float)
    seen = np.array([one["time"] if one["is_event"] else one["days"][-1] for one in used], float)
    middle = np.array([_middle(one["days"], one["chance"]) for one in used])
    mean = np.array([one["days"][0] + (1 - one["chance"][:-1]) @ np.diff(one["days"]) for one in used])
    error, never = np.abs(middle - seen), np.abs(last - seen)
    return {
        "error_days": _mean(error, weights),
        "error_minus_never_days": _mean(error - never, weights),
        "mean_forecast_minus_seen_days": _mean(mean - seen, weights),
    }


def _middle(days: np.ndarray, chance: np.ndarray) -> float:
    over = np.flatnonzero(chance >= 0.5)
    return float(days[over[0]] if len(over) else days[-1])


def _calibration(used: Sequence[dict[str, Any]], weights: np.ndarray) -> dict[str, Any]:
    """Forecast and observed share with progression at the next scan: no censoring lies between."""
    forecast = np.array([one["chance"][0] for one in used])
    seen = np.array([one["is_event"] and one["time"] <= one["days"][0] + 1e-9 for one in used], float)
    ratio = (weights @ seen) / np.maximum(weights @ forecast, 1e-9)
    return {
        "next_scan_forecast": _mean(forecast, weights),
        "next_scan_observed": _mean(seen, weights),
        "observed_over_forecast": percentile_interval(float(seen.sum() / forecast.sum()), ratio).as_dict(),
    }


def _mean(values: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    return percentile_interval(float(values.mean()), weights @ values / weights.sum(axis=1)).as_dict()


def _interval(values: np.ndarray) -> dict[str, float]:
    return percentile_interval(float(values[0]), values[1:]).as_dict()
