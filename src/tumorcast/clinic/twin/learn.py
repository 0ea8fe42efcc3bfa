"""A population from series, whole: the model chosen on held-out patients, then readings and leaving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.band import calibrated_tail
from tumorcast.clinic.twin.fit import LEAST_PATIENTS, FitSettings, fit_population, log_evidence
from tumorcast.clinic.twin.forecast import forecast, posterior
from tumorcast.clinic.twin.leaving import Leaving, fit_leaving
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.readings import fit_readings
from tumorcast.clinic.twin.summary import FAN_TAIL
from tumorcast.readers.size_series import SizeSeries

CHOICES = ("gompertz", "claret", "stein", "g_d_phi", "exponential")
_LEAVING_DRAWS, _LEAVING_VIRTUAL, _MOST_LEAVERS = 64, 256, 150


def learn_population(
    series: Sequence[SizeSeries],
    name: str,
    forms: Sequence[str] = CHOICES,
    settings: FitSettings | None = None,
    seed: int = 0,
    source: str = "",
) -> TwinPopulation:
    """Everything that a twin needs, from whole series of other patients.

    Args:
        forms: models to choose from: each is fitted on half of the patients, the other half says which it is; of
            few patients, the first.

    Raises:
        InputError: too few patients.
    """
    used = [one for one in series if len(one) >= 2]
    can_choose = len(forms) > 1 and len(used) >= 2 * LEAST_PATIENTS
    scores = choose_form(used, forms, settings, seed) if can_choose else {}
    form = max(scores, key=scores.__getitem__) if scores else forms[0]
    found = fit_population(used, form, name, settings, seed)
    gaps = np.concatenate([np.diff(one.days) for one in used])
    lengths = np.array([one.days[-1] - one.days[0] for one in used])
    found = replace(
        found, readings=fit_readings(used), interval_days=float(np.median(gaps)), choice=scores,
        horizon_days=float(np.quantile(lengths, 0.95)), n_patients=len(used),
        n_scans=sum(len(one) for one in used), arms=tuple(sorted({one.arm for one in used if one.arm})),
        source=source,
        caveat="Learnt from the sums of the patients who had scans; who left early is underrepresented late.",
    )  # fmt: skip
    found = replace(found, tail=held_out_tail(used, form, settings, seed))
    return replace(found, leaving=learn_leaving(found, used))


def held_out_tail(
    series: Sequence[SizeSeries], form: str, settings: FitSettings | None = None, seed: int = 0
) -> float:
    """The tail of bands of numbers to come, on half of the patients, by a population of the other half.

    5% where either half is too small.
    """
    fitted, seen = _halves(series, seed)
    if len(fitted) < LEAST_PATIENTS:
        return FAN_TAIL
    found = replace(fit_population(fitted, form, "half", settings, seed), readings=fit_readings(fitted))
    return calibrated_tail(found, seen)


def _halves(series: Sequence[SizeSeries], seed: int) -> list[list[SizeSeries]]:
    half = np.random.default_rng([seed, 2]).permutation(len(series)) % 2
    return [[one for one, side in zip(series, half, strict=True) if side == k] for k in (0, 1)]


def choose_form(
    series: Sequence[SizeSeries], forms: Sequence[str], settings: FitSettings | None = None, seed: int = 0
) -> dict[str, float]:
    """Form -> log density a scan of patients that it was not fitted on: half of them, then the other half."""
    parts = _halves(series, seed)
    n = sum(len(one) for one in parts[1])
    made = {}
    for form in forms:
        found = fit_population(parts[0], form, "half", settings, seed)
        made[form] = float(log_evidence(found, parts[1]).sum()) / n
    return made


def growth_above_nadir(sizes: Floats, offset_mm: float) -> Floats:
    """log(size + offset) over the smallest so far, of sizes [..., T]."""
    z = np.log(sizes + offset_mm)
    return np.asarray(z - np.minimum.accumulate(z, axis=-1))


def learn_leaving(population: TwinPopulation, series: Sequence[SizeSeries]) -> Leaving:
    """From which scans had a next one; every series ends by leaving, whatever the reason."""
    offset = population.deviation.offset_mm
    stayed = []
    for one in series:
        z = np.log(one.high_mm + offset)
        low = np.minimum.accumulate(z)
        stayed.append(np.stack([(z - low)[:-1], z[1:] - low[:-1]], axis=1))
    leavers = [series[k] for k in np.unique(np.linspace(0, len(series) - 1, _MOST_LEAVERS).astype(int))]
    before, after = [], []
    for one in leavers:
        least = float(np.log(one.high_mm + offset).min())
        state = posterior(population, one, n=_LEAVING_VIRTUAL)
        drawn = forecast(state, np.array([one.days[-1] + population.interval_days]), _LEAVING_DRAWS)
        before.append(float(np.log(one.high_mm[-1] + offset)) - least)
        after.append(np.log(drawn.written_mm[:, 0] + offset) - least)
    share = len(series) / len(leavers)
    rows = np.concatenate(stayed)
    rows = rows[:: max(round(share), 1)]
    return fit_leaving(rows, np.array(before), np.stack(after))
