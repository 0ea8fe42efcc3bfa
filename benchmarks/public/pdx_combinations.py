"""Combination arms beside independent action and additivity of their single drugs in the same tumours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.stats import norm, rankdata

from tumorcast.biology.combinations.additive import additive_times, virtual_patients
from tumorcast.biology.combinations.marginals import risks_of
from tumorcast.biology.combinations.verdict import NOTE, judge, observed_mean_time, spanned
from tumorcast.biology.xenografts import growth_response, time_to_doubling
from tumorcast.metrics.intervals import percentile_interval
from tumorcast.readers.xenografts import XenograftArm, parts_of

LEAST_TUMOURS, DRAWS, VIRTUAL = 8, 500, 4096
CORRELATIONS = (0.0, 0.3, 0.6)
RESPONSES = ("CR", "PR")


def combinations_of(arms: Sequence[XenograftArm], seed: int = 0) -> dict[str, dict]:
    """Each combination whose single drugs were all given to enough of the same tumours, printed.

    Time until the volume has doubled, as a mean up to the last day that all curves reach: observed with its interval,
    both references over a range of correlations, and paired differences from them at the measured correlation by
    bootstrap of tumours. Responses need no assumed correlation: did any of the single drugs' mice respond?
    """
    by_drug: dict[str, dict[str, XenograftArm]] = {}
    for arm in arms:
        by_drug.setdefault(arm.drug, {})[arm.tumour] = arm
    made = {}
    for drug in sorted(by_drug):
        parts = sorted(parts_of(drug))
        if len(parts) < 2:
            continue
        lacking = [part for part in parts if part not in by_drug]
        if lacking:
            print(f"{drug}: {', '.join(lacking)} was not given alone, no reference")
            continue
        groups = [by_drug[name] for name in (drug, *parts)]
        tumours = sorted(set.intersection(*(set(group) for group in groups)))
        if len(tumours) < LEAST_TUMOURS:
            print(f"{drug}: {len(tumours)} tumours with all arms, no reference")
            continue
        made[drug] = _compared(drug, [[group[tumour] for tumour in tumours] for group in groups], seed)
    if made:
        print(NOTE)
    return made


def _compared(drug: str, groups: list[list[XenograftArm]], seed: int) -> dict[str, dict[str, float]]:
    pairs = [[time_to_doubling(arm.days, arm.volumes) for arm in group] for group in groups]
    times = np.asarray([[time for time, _ in group] for group in pairs])
    events = np.asarray([[has for _, has in group] for group in pairs])
    horizon = float(times.max(axis=1).min())
    scan = float(np.median([arm.days[1] for group in groups for arm in group]))
    responses = [[growth_response(arm.days, arm.volumes) for arm in group] for group in groups]
    averages = np.asarray([[response.average for response in group] for group in responses])
    measured = _correlation(averages[1:])
    observed = observed_mean_time(times[0], events[0], horizon)
    references = [_references(times[1:], events[1:], at, scan, horizon) for at in {*CORRELATIONS, measured}]
    verdict = judge(observed, *(spanned(values) for values in zip(*references)))
    paired = _differences(times, events, measured, scan, horizon, seed)
    calls = np.asarray([[response.call in RESPONSES for response in group] for group in responses])
    any_single = calls[1:].any(axis=0)
    responded = _bootstrapped(calls[0].astype(float) - any_single, seed)
    print(
        f"{drug} ({times.shape[1]} tumours, correlation {measured:.2f}): mean days to doubling up to {horizon:.0f}: "
        f"{observed.value:.1f} [{observed.low:.1f}, {observed.high:.1f}], independent "
        f"{verdict.independent.value:.1f}, additive {verdict.additive.value:.1f}: {verdict.finding.value}"
    )
    for name, interval in paired.items():
        print(
            f"  {name.replace('_', ' ')}: {interval['value']:+.1f} [{interval['low']:+.1f}, {interval['high']:+.1f}]"
        )
    print(f"  responses {calls[0].mean():.2f}, of any single drug {any_single.mean():.2f}, difference "
          f"{responded['value']:+.2f} [{responded['low']:+.2f}, {responded['high']:+.2f}]")  # fmt: skip
    return {
        "mean_days_to_doubling": {"value": observed.value, "low": observed.low, "high": observed.high},
        "independent": vars(verdict.independent),
        "additive": vars(verdict.additive),
        **paired,
        "responses_minus_independent": responded,
        "correlation": {"value": measured, "low": np.nan, "high": np.nan},
        "is_synergy": {"value": float(verdict.is_synergy), "low": np.nan, "high": np.nan},
    }


def _references(
    times: np.ndarray, events: np.ndarray, correlation: float, scan: float, horizon: float
) -> tuple[float, float]:
    """Means up to the horizon under independent action and additivity, of single drugs [k, n]."""
    singles = [risks_of(time, has).curve for time, has in zip(times, events)]
    alone = virtual_patients(singles, correlation, VIRTUAL)
    longest, added = alone.max(axis=1), additive_times(alone, scan)
    return float(np.minimum(longest, horizon).mean()), float(np.minimum(added, horizon).mean())


def _differences(
    times: np.ndarray, events: np.ndarray, correlation: float, scan: float, horizon: float, seed: int
) -> Mapping[str, dict[str, float]]:
    """Observed minus each reference, by bootstrap of the tumours [k + 1, n]."""

    def both(rows: np.ndarray) -> np.ndarray:
        own = risks_of(times[0, rows], events[0, rows])
        reach = min(horizon, *(float(times[k, rows].max()) for k in range(len(times))))
        at = np.concatenate([[0.0], own.times[own.times < reach], [reach]])
        seen = float((np.diff(at) * own.curve.survival(at[:-1])).sum())
        return seen - np.asarray(_references(times[1:, rows], events[1:, rows], correlation, scan, reach))

    random = np.random.default_rng(seed)
    n = times.shape[1]
    value = both(np.arange(n))
    drawn = np.asarray([both(random.integers(0, n, n)) for _ in range(DRAWS)])
    names = ("days_minus_independent", "days_minus_additive")
    return {name: percentile_interval(float(value[k]), drawn[:, k]).as_dict() for k, name in enumerate(names)}


def _bootstrapped(values: np.ndarray, seed: int) -> dict[str, float]:
    random = np.random.default_rng(seed)
    drawn = values[random.integers(0, len(values), (DRAWS, len(values)))].mean(axis=1)
    return percentile_interval(float(values.mean()), drawn).as_dict()


def _correlation(averages: np.ndarray) -> float:
    """Of normal scores of the single drugs' responses over tumours [k, n], mean of pairs, within 0 and 0.95."""
    known = averages[:, np.isfinite(averages).all(axis=0)]
    scores = norm.ppf((rankdata(known, axis=1) - 0.5) / known.shape[1])
    pairs = np.corrcoef(scores)[np.triu_indices(len(scores), 1)]
    return float(np.clip(pairs.mean(), 0, 0.95))
