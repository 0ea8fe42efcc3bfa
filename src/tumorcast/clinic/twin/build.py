"""From a patient's series and a population to the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.biology.recist.target import PR_SHARE, progression_size_mm
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.belonging import belonging
from tumorcast.clinic.twin.checks import misfit, plausible_until
from tumorcast.clinic.twin.forecast import Draws, Posterior, forecast, posterior
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.prior_record import with_beside, with_prior, without_prior
from tumorcast.clinic.twin.prior_size import ModelPrior, PriorSize
from tumorcast.clinic.twin.progress import best_response_chance, seen_in, undecided_day
from tumorcast.clinic.twin.readings import read_off
from tumorcast.clinic.twin.record import SCHEMA_VERSION, PopulationFacts, Progression, Scan, TwinRecord
from tumorcast.clinic.twin.scenario_record import scenario_record
from tumorcast.clinic.twin.scenarios import Scenario
from tumorcast.clinic.twin.summary import bands, progression_of, visits_of
from tumorcast.clinic.twin.survival import Host, need_link, survival_link
from tumorcast.clinic.twin.unseen import unconditional
from tumorcast.domain.errors import InputError
from tumorcast.readers.size_series import SizeSeries

LEAST_SCANS = 2
_FAN_POINTS = 48


def twin_record(
    series: SizeSeries,
    population: TwinPopulation,
    *,
    horizon_day: float | None = None,
    scenarios: Sequence[Scenario] = (),
    prior: ModelPrior | None = None,
    host: Host | None = None,
    seed: int = 0,
    cancer: str = "",
    is_declared: bool = True,
) -> TwinRecord:
    """The twin of a patient; with fewer than two scans a simulated population, which is no patient.

    Args:
        horizon_day: last day to forecast, as the series counts; None: as far as the population was followed.
        prior: what a model says of the size before any scan; it moves no prior where it refuses.
        host: facts for the survival link.
        cancer: the patient's, OncoTree code or name; "" unknown.
        is_declared: the population was named for this patient; False: cancer or treatment have to be its own.

    Raises:
        InputError: a horizon beyond what the population was followed for, or not after the last scan.
    """
    start = float(series.days[0]) if len(series) else 0.0
    limit = start + population.horizon_days
    horizon = _horizon(series, population, horizon_day)
    refusal, told = belonging(population, series.arm, cancer, is_declared)
    empty = _empty(series, population, horizon)
    if host is not None:
        need_link(population)
    empty, said = with_prior(empty, series, population, prior)
    empty = replace(empty, reasons=(*told, *series.notes, *empty.reasons))
    if refusal:
        return _refused(empty, refusal)
    if len(series) < LEAST_SCANS:
        asked = ((host, words.SURVIVAL_OF_ONE_SCAN), (scenarios, words.SCENARIOS_OF_ONE_SCAN))
        left_out = (text for one, text in asked if one)
        empty = replace(empty, reasons=(*left_out, *empty.reasons))
        return _population_record(empty, series, population, start, horizon, prior, said, seed)
    last = float(series.days[-1])
    if last >= limit:
        past = words.PAST_HORIZON.format(day=last - start, horizon=population.horizon_days)
        return _refused(empty, past)
    return _individual(empty, series, population, horizon, scenarios, prior, said, host, seed)


def _refused(empty: TwinRecord, why: str) -> TwinRecord:
    """No forecast: nor anything of what a model expected."""
    kept = tuple(one for one in empty.reasons if not one.startswith(words.PRIOR_MOVED_CODE))
    prior = empty.prior if empty.prior is not None and empty.prior.refused else None
    return replace(empty, kind="refused", reasons=(why, *kept), prior=prior, shift="")


def _horizon(series: SizeSeries, population: TwinPopulation, asked: float | None) -> float:
    """The last day to forecast: where the population's follow-up ends, or the one that is asked for."""
    start, last = (float(series.days[k]) if len(series) else 0.0 for k in (0, -1))
    limit = start + population.horizon_days
    if asked is None:
        return limit
    if not asked <= limit:
        raise InputError(
            "the horizon lies past the population's follow-up", got=f"day {asked:g}",
            expected=f"day {limit:g} at most: {population.horizon_days:g} days from the first scan",
            fix="choose a nearer horizon; nothing is known of what comes after",
        )  # fmt: skip
    if asked <= last < limit:
        raise InputError(
            "the horizon does not lie after the last scan", got=f"day {asked:g}",
            expected=f"after day {last:g}, until day {limit:g}", fix="choose a later horizon, or leave it out",
        )  # fmt: skip
    return asked


def _individual(
    empty: TwinRecord, series: SizeSeries, population: TwinPopulation, horizon: float,
    scenarios: Sequence[Scenario], prior: ModelPrior | None, said: PriorSize | None, host: Host | None, seed: int,
) -> TwinRecord:  # fmt: skip
    plain = posterior(population, series)
    after = plain if said is None else posterior(population, series, said)
    if prior is not None and said is not None and misfit(after) and not misfit(plain):
        empty, said, after = without_prior(empty, prior, words.PRIOR_CONTRADICTED), None, plain
    fan, visits, end = _plausible(*_future(after, series, population, horizon, seed), population, horizon)
    if prior is not None and said is not None and not len(visits.days):
        empty, said, after = without_prior(empty, prior, words.NO_VISIT), None, plain
        fan, visits, end = _plausible(*_future(after, series, population, horizon, seed), population, horizon)
    why = misfit(after) or ("" if len(visits.days) else words.NO_VISIT)
    if why:
        return _refused(empty, why)
    if end < horizon:
        told = (words.IMPLAUSIBLE.format(day=end), *empty.reasons)
        empty, horizon = replace(empty, reasons=told, horizon_day=end), end
    seen = seen_in(series)
    numbers = series.high_mm
    changed = [scenario_record(one, after, fan, visits, numbers, horizon, seen, seed) for one in scenarios]
    link, why = survival_link(population, fan, host, float(series.days[-1] - series.days[0]))
    if said is not None:
        beside = _future(plain, series, population, horizon, seed)
        empty = with_beside(empty, population, *beside, numbers, seen)
    return replace(
        empty, fan=bands(fan.days, fan.true_mm), effective_draws=round(after.effective, 1),
        visits=visits_of(population, visits.days, numbers, visits.written_mm, seen),
        progression=progression_of(seen, visits.days, numbers, visits.written_mm),
        best_response={} if _is_beside(seen) else best_response_chance(numbers, visits.written_mm),
        survival=link, reasons=(*empty.reasons, *filter(None, (why,))), scenarios=tuple(changed),
    )  # fmt: skip


def _is_beside(seen: Progression | None) -> bool:
    """Progression that sums do not show, or leave open."""
    return seen is not None and seen.seen_by != "sums"


def _future(
    after: Posterior, series: SizeSeries, population: TwinPopulation, horizon: float, seed: int
) -> tuple[Draws, Draws]:
    """Draws on the days of the fan, and at the scans to come."""
    last = float(series.days[-1])
    fan = forecast(after, np.linspace(last, horizon, _FAN_POINTS + 1)[1:], seed=seed)
    return fan, forecast(after, _scan_days(last, horizon, population.interval_days), seed=seed)


def _scan_days(last: float, horizon: float, interval: float) -> Floats:
    days = np.arange(last + interval, horizon + 1e-9, interval)
    return days if len(days) else np.array([horizon])


def _plausible(
    fan: Draws, visits: Draws, population: TwinPopulation, horizon: float
) -> tuple[Draws, Draws, float]:
    """Both until their bands pass the size of a body, and that day."""
    end = min(horizon, plausible_until(fan, visits, population.tail))
    return fan.until(end), visits.until(end), end


def _population_record(
    empty: TwinRecord, series: SizeSeries, population: TwinPopulation, start: float, horizon: float,
    prior: ModelPrior | None, said: PriorSize | None, seed: int,
) -> TwinRecord:  # fmt: skip
    """Draws of the population from its own first sizes: the patient's scan, if there is one, moves nothing."""
    spread = start + np.linspace(0, horizon - start, _FAN_POINTS + 1)
    days = np.r_[start, _scan_days(start, horizon, population.interval_days)]

    def drawn(said: PriorSize | None) -> tuple[Draws, Draws]:
        fan, visits = (unconditional(population, one, start, seed=seed, said=said) for one in (spread, days))
        return fan, visits

    fan, visits, end = _plausible(*drawn(said), population, horizon)
    if prior is not None and said is not None and len(visits.days) < 2:
        empty, said = without_prior(empty, prior, words.NO_VISIT), None
        fan, visits, end = _plausible(*drawn(None), population, horizon)
    if len(visits.days) < 2:
        return _refused(empty, words.NO_VISIT)
    if said is not None:
        empty = with_beside(empty, population, *drawn(None), None)
        empty = replace(empty, reasons=(words.NO_ONE_ALIKE, *empty.reasons))
    if end < horizon:
        told = (words.IMPLAUSIBLE.format(day=end), *empty.reasons)
        empty = replace(empty, reasons=told, horizon_day=end)
    written = read_off(visits.measured_mm, np.zeros(0), None, visits.luck)
    rows = visits_of(population, visits.days[1:], None, written)
    return replace(
        empty, kind="population_simulation", reasons=(words.ONE_SCAN.format(n=len(series)), *empty.reasons),
        fan=bands(fan.days, fan.true_mm), best_response={},
        visits=rows if said is None else tuple(replace(one, progression=None) for one in rows),
        progression=progression_of(None, visits.days[1:], None, written) if said is None else None,
    )  # fmt: skip


def _empty(series: SizeSeries, population: TwinPopulation, horizon: float) -> TwinRecord:
    """Everything that needs no forecast."""
    numbers = series.high_mm
    has_any = len(series) > 0
    nadir = float(numbers.min()) if has_any else None
    missing = [Scan(day, None, None, None, "not_evaluated") for day in series.not_evaluated]
    read = [
        Scan(day, high if low == high else None, low, high, "measured" if low == high else "below")
        for day, low, high in zip(
            series.days.tolist(), series.low_mm.tolist(), series.high_mm.tolist(), strict=True
        )
    ]
    return TwinRecord(
        SCHEMA_VERSION, "individual", series.patient_id, _reasons(series), _facts(population),
        tuple(sorted([*read, *missing], key=lambda one: one.day)), float(numbers[0]) if has_any else None, nadir,
        float((1 - PR_SHARE) * numbers[0]) if has_any else None,
        None if nadir is None else float(progression_size_mm(nadir)), float(numbers[-1]) if has_any else None,
        horizon, "", None, (), (), None, {}, None, (), words.NOTICES,
    )  # fmt: skip


def _reasons(series: SizeSeries) -> tuple[str, ...]:
    """What has to be said in any case."""
    seen = seen_in(series)
    bound = _bound(series)
    if seen is None or not _is_beside(seen):
        return bound
    if seen.seen_by == "undecided":
        return (words.UNDECIDED.format(day=undecided_day(series)), *bound)
    return (
        *bound,
        words.PROGRESSED.format(day=seen.seen_day, grounds=words.GROUNDS[seen.seen_by]),
    )


def _bound(series: SizeSeries) -> tuple[str, ...]:
    """The last scan, or the one of the smallest size, where it is no measurement."""
    if not len(series):
        return ()
    places = sorted({int(series.high_mm.argmin()), len(series) - 1})
    return tuple(
        words.BOUNDED.format(day=series.days[k], low=series.low_mm[k], high=series.high_mm[k])
        for k in places
        if not series.is_measured[k]
    )


def _facts(one: TwinPopulation) -> PopulationFacts:
    return PopulationFacts(
        one.name, one.form, one.n_patients, one.n_scans, one.horizon_days, one.arms, one.source, one.caveat,
        one.cancer, one.is_horizon_assumed,
    )  # fmt: skip
