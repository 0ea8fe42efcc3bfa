"""What a model said before any scan, as facts of a record: whether it can be used, and what it changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import ndtri

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.bank import FORMS
from tumorcast.clinic.twin.checks import LEAST_EFFECTIVE, plausible_until
from tumorcast.clinic.twin.forecast import N_VIRTUAL, Draws
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.prior_size import ModelPrior, PriorSize
from tumorcast.clinic.twin.record import ParameterChange, Percent, PriorFacts, Progression, TwinRecord
from tumorcast.clinic.twin.summary import bands, visits_of
from tumorcast.clinic.twin.unseen import Unseen
from tumorcast.clinic.twin.usual import N_UNSEEN, soft_size
from tumorcast.readers.size_series import SizeSeries

EARLIEST_DAY, LATEST_DAY = -60.0, 7.0
"""Days of treatment between which the first scan is a baseline."""
_LEVELS = (0.5, 0.05, 0.95)


def with_prior(
    record: TwinRecord, series: SizeSeries, population: TwinPopulation, prior: ModelPrior | None
) -> tuple[TwinRecord, PriorSize | None]:
    """The record with what a model said, and that where the prior is moved by it."""
    if prior is None:
        return record, None
    said, why = prior.said, prior.refused or _refusal(series, population, prior.said)
    if said is None or why:
        return without_prior(record, prior, why), None
    start = float(series.days[0]) if len(series) else 0.0
    facts = _moved(population, prior, said, start)
    told = words.PRIOR_MOVED.format(
        source=prior.source, day=said.day, percent=_percent(said.log_ratio),
        low=_percent(said.log_ratio + said.sd * ndtri(0.05)), high=_percent(said.log_ratio + said.sd * ndtri(0.95)),
    )  # fmt: skip
    marks = (prior.watermark,) if prior.watermark else ()
    return replace(record, prior=facts, shift=prior.source, reasons=(*marks, told, *record.reasons)), said


def without_prior(record: TwinRecord, prior: ModelPrior, why: str) -> TwinRecord:
    """The record of a patient whose prior the model does not move, with the reason and no number of the model."""
    told = words.PRIOR_NOT_MOVED.format(source=prior.source, why=why)
    before = tuple(
        one for one in record.reasons if not one.startswith(words.PRIOR_MOVED_CODE) and one != prior.watermark
    )
    return replace(record, prior=PriorFacts(prior.source, why, ""), shift="", reasons=(told, *before))


def with_beside(
    record: TwinRecord, population: TwinPopulation, fan: Draws, visits: Draws, known: Floats | None,
    seen: Progression | None = None,
) -> TwinRecord:  # fmt: skip
    """The record with the forecast that does not know the model's word."""
    assert record.prior is not None
    end = plausible_until(fan, visits, population.tail)
    fan, visits = fan.until(end), visits.until(end)
    days, written = visits.days if known is not None else visits.days[1:], visits.written_mm
    rows = visits_of(population, days, known, written, seen) if len(days) else ()
    facts = replace(record.prior, fan=bands(fan.days, fan.true_mm), visits=rows)
    return replace(record, prior=facts)


def _refusal(series: SizeSeries, population: TwinPopulation, said: PriorSize | None) -> str:
    first = float(series.days[0]) if len(series) else 0.0
    if not EARLIEST_DAY <= first <= LATEST_DAY:
        return words.NO_BASELINE_SCAN.format(first=first, low=EARLIEST_DAY, high=LATEST_DAY)
    if said is not None and said.day - first > population.horizon_days:
        return words.PRIOR_PAST_HORIZON.format(day=said.day, horizon=population.horizon_days)
    return "" if said is None else _unlike(population, said, first)


def _unlike(population: TwinPopulation, said: PriorSize, first: float) -> str:
    """Why the population's virtual patients cannot carry what was said."""
    word = soft_size(population, said, first)
    if word.is_other_population:
        return words.OTHER_SIZES.format(
            theirs=_percent(said.mean), their_sd=said.spread, ours=_percent(word.middle), our_sd=word.spread
        )
    least = LEAST_EFFECTIVE * N_UNSEEN / N_VIRTUAL
    return words.FEW_ALIKE.format(n=word.effective, least=least) if word.effective < least else ""


def _moved(population: TwinPopulation, prior: ModelPrior, said: PriorSize, start: float) -> PriorFacts:
    unseen = Unseen(population, said, start)
    theta, weights = unseen.bank.theta, unseen.weights
    even = np.full(len(weights), 1 / len(weights))
    before, after = ((w @ theta, np.sqrt(w @ (theta - w @ theta) ** 2)) for w in (even, weights))
    changed = tuple(
        ParameterChange(name, *(round(float(of[k]), 4) for of in (*before, *after)))
        for k, name in enumerate(FORMS[population.form].parameters)
    )
    return PriorFacts(
        prior.source, "", prior.watermark, said.day, _normal(said.log_ratio, said.sd),
        _normal(said.mean, said.spread), _weighed(unseen.log_ratio, even), _weighed(unseen.log_ratio, weights), changed,
    )  # fmt: skip


def _normal(middle: float, sd: float) -> Percent:
    return Percent(*(_percent(middle + sd * float(ndtri(level))) for level in _LEVELS))


def _weighed(values: Floats, weights: Floats) -> Percent:
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    places = np.searchsorted(share, _LEVELS).clip(0, len(values) - 1)
    return Percent(*(_percent(float(one)) for one in values[order][places]))


def _percent(log_ratio: float) -> float:
    return round(100 * float(np.expm1(log_ratio)), 1)
