"""Methylomes -> readings: which clock may read which sample, with what coverage, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.clocks.acceleration import age_line
from tumorcast.biology.clocks.clock import Clock
from tumorcast.biology.clocks.imputation import Imputation, filled
from tumorcast.biology.clocks.tissues import Tissue, why_not
from tumorcast.clinic.clock.look import Declared, Methylomes, looked_at
from tumorcast.clinic.clock.record import Acceleration, Reading, Refusal, SampleReadings
from tumorcast.readers.probe_manifest import ARRAYS

Numbers = NDArray[np.float64]

_PLAUSIBLE, _POSSIBLE = (-1.0, 120.0), (-250.0, 500.0)
"""Years: of persons, beyond which an age is warned of (linear clocks of adults go below 0 in children); and what betas
at random can still give, beyond which it is refused."""
NOBODYS = "WARNING: no age of a person; the betas are unlike those that the clock was made for"


def read_all(
    methylomes: Methylomes,
    declared: Sequence[Declared],
    clocks: Sequence[Clock],
    reference: Mapping[str, float],
    how: Imputation,
    min_coverage: float,
) -> list[SampleReadings]:
    """One entry a sample, in order; every clock in each, read or refused."""
    told, refusals = looked_at(methylomes, declared)
    groups: dict[tuple[Tissue, str], list[int]] = {}
    for n, ((tissue, _), one) in enumerate(zip(told, declared, strict=True)):
        if refusals[n] is None and tissue is not None:
            groups.setdefault((tissue, one.platform or ""), []).append(n)
    readings = [[Reading(clock, None, None, None, refusal) for clock in clocks] for refusal in refusals]
    places = {probe: place for place, probe in enumerate(methylomes.probes)}
    for k, clock in enumerate(clocks):
        columns = [places[probe] for probe in clock.probes]
        known = _reference(clock, reference)
        for (tissue, platform), rows in groups.items():
            if clock.formula == "mean" and not clock.probes:
                group = [_mean_of_all(clock, methylomes, n, platform, min_coverage) for n in rows]
            else:
                group = _of_group(clock, methylomes.betas[np.ix_(rows, columns)], known, how, min_coverage)
            refused = why_not(clock, tissue)
            for n, reading in zip(rows, group, strict=True):
                readings[n][k] = _refused(reading, refused) if refused else reading
    return [
        SampleReadings(sample, tissue, one.platform, one.age_years, tuple(readings[n]), refusals[n], notes)
        for n, (sample, one, (tissue, notes)) in enumerate(
            zip(methylomes.samples, declared, told, strict=True)
        )
    ]


def _reference(clock: Clock, reference: Mapping[str, float]) -> Numbers:
    """[probes], NaN unknown; a clock's own gold means count first."""
    if "gold" in clock.numbers:
        return clock.numbers["gold"]
    return np.array([reference.get(probe, np.nan) for probe in clock.probes], float)


def _of_group(
    clock: Clock, betas: Numbers, reference: Numbers, how: Imputation, min_coverage: float
) -> list[Reading]:
    """Samples of one tissue and platform; those of too low coverage fill nothing in the others."""
    coverage = _shares(~np.isnan(betas), clock, np.min)
    is_enough = coverage >= min_coverage
    values, is_filled = betas.copy(), np.isnan(betas)
    if is_enough.any():
        values[is_enough], is_filled[is_enough] = filled(betas[is_enough], reference, how)
    imputed = _shares(is_filled, clock, np.max)
    is_whole: NDArray[np.bool_] = np.all(~np.isnan(values), axis=1)
    results = np.full(len(betas), np.nan)
    if is_whole.any():
        results[is_whole] = clock.read_out(values[is_whole])
    made = []
    for n, value in enumerate(results):
        refusal = (
            _too_little(coverage[n], imputed[n], min_coverage)
            or _not_whole(bool(is_whole[n]), how)
            or _implausible(clock, float(value))
        )
        shown = None if refusal else float(value)
        notes = () if shown is None or _is_within(clock, shown, _PLAUSIBLE) else (NOBODYS,)
        made.append(Reading(clock, shown, float(coverage[n]), float(imputed[n]), refusal, notes))
    return made


def _shares(is_so: NDArray[np.bool_], clock: Clock, worst: Callable[..., Any]) -> Numbers:
    """[samples] share of probes; of a clock with a background the worse of its own probes' and all."""
    shares = np.stack([is_so.mean(axis=1), is_so[:, clock.is_core].mean(axis=1)])
    return np.asarray(worst(shares, axis=0), float)


def _too_little(coverage: float, imputed: float, least: float) -> Refusal | None:
    if not coverage:
        return Refusal("not_measured", "none of the probes is measured")
    if coverage < least:
        return Refusal("coverage", f"{coverage:.1%} of the probes are measured, less than {least:.0%}")
    if imputed > 1 - least + 1e-12:
        return Refusal(
            "imputed", f"{imputed:.1%} of the probes would stand for others, more than {1 - least:.0%}"
        )
    return None


def _not_whole(is_whole: bool, how: Imputation) -> Refusal | None:
    if is_whole:
        return None
    why = "imputation is off" if how == "none" else "nothing is known to stand for them (--reference FILE)"
    return Refusal("not_measured", f"probes are missing and {why}")


def _implausible(clock: Clock, value: float) -> Refusal | None:
    if _is_within(clock, value, _POSSIBLE):
        return None
    why = "the result is far from any age: the betas or the clock's numbers are not what they should be"
    return Refusal("implausible_age", why)


def _is_within(clock: Clock, value: float, ends: tuple[float, float]) -> bool:
    return clock.kind != "age" or ends[0] <= value <= ends[1]


def _mean_of_all(
    clock: Clock, methylomes: Methylomes, sample: int, platform: str, min_coverage: float
) -> Reading:
    size = ARRAYS.get(platform)
    if size is None:
        return Reading(clock, None, None, None, Refusal("array_unknown", f"size of {platform} is not known"))
    coverage = min(1.0, float(methylomes.n_cpgs[sample]) / size)
    refusal = _too_little(coverage, 0.0, min_coverage)
    value = None if refusal else float(methylomes.mean_beta[sample])
    return Reading(clock, value, coverage, 0.0, refusal)


def _refused(reading: Reading, why: tuple[str, str]) -> Reading:
    return Reading(reading.clock, None, reading.coverage, reading.imputed, Refusal(*why))


def accelerations(samples: Sequence[SampleReadings], clocks: Sequence[Clock]) -> list[Acceleration]:
    """One a clock of ages, tissue and platform in which an age is given."""
    groups: dict[tuple[str, str, str], list[tuple[str, float, float]]] = {}
    for place, clock in enumerate(clocks):
        if clock.kind != "age":
            continue
        for one in samples:
            value = one.readings[place].value
            if value is not None and one.age_years is not None and one.tissue:
                key = (clock.name, one.tissue.name, one.platform or "")
                groups.setdefault(key, []).append((one.sample, one.age_years, value))
    return [
        Acceleration(*key, tuple(points), age_line(*(np.array(column, float) for column in _ages(points))))
        for key, points in groups.items()
    ]


def _ages(points: Sequence[tuple[str, float, float]]) -> tuple[list[float], list[float]]:
    """(clock ages, given ages)."""
    return [age for _, _, age in points], [age for _, age, _ in points]
