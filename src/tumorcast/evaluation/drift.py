"""Do the cases that come in still look like those that a model was made and verified for?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from tumorcast.evaluation.spreads import Array, Spreads
from tumorcast.metrics.drift_charts import Chart, ewma, ewma_limit
from tumorcast.metrics.intervals import Interval, binomial_interval
from tumorcast.metrics.shift import holm, kolmogorov_p, population_stability

ALPHA, HORIZON = 0.05, 100
"""With nothing changed, at most a share `ALPHA` of series of `HORIZON` cases gives an alarm on any chart."""
FEWEST_CASES = 10
"""Of a number, below which its distribution is not compared."""
_BY_SCANNER = ("slide: ", "pixels: ")


@dataclass(frozen=True)
class DriftChart:
    """One number of one scanner's cases (or of all) as an EWMA.

    Attributes:
        group: the scanner; "all" for what no scanner makes.
        cases: of the chart's places. z: [n] normal scores. limit: in SDs of the chart. baseline: patients behind it.
    """

    name: str
    group: str
    cases: tuple[str, ...]
    days: tuple[str, ...]
    z: Array
    chart: Chart
    limit: float
    baseline: int

    @property
    def alarm_after(self) -> int | None:
        """Cases of the group until the first alarm, that one counted; None without one."""
        return None if self.chart.first is None else self.chart.first + 1


@dataclass(frozen=True)
class DriftReport:
    """What `judge_drift` returns.

    Attributes:
        charts: one a number and group.
        inputs: number, group, cases, reference (patients), shift (mean normal score), psi, psi_by_chance, ks_p,
            ks_adjusted (Holm's over all rows), is_shifted.
        unlike: share of cases unlike those of training, with its exact interval; None where it is not known.
        expected_unlike: share that would be flagged without a change, at most.
        unjudged: numbers without a reference.
    """

    cases: int
    charts: tuple[DriftChart, ...]
    inputs: pd.DataFrame
    unlike: Interval | None
    expected_unlike: float
    unjudged: tuple[str, ...]

    @property
    def alarms(self) -> tuple[DriftChart, ...]:
        """Charts out of their limits, the earliest first."""
        found = [chart for chart in self.charts if chart.alarm_after is not None]
        return tuple(sorted(found, key=lambda chart: chart.alarm_after or 0))

    @property
    def shifted(self) -> pd.DataFrame:
        """Rows of `inputs` whose distribution is another than the reference's."""
        return self.inputs[self.inputs["is_shifted"]]

    @property
    def more_unlike_than_expected(self) -> bool:
        """Whether even the interval's lower end lies above what is expected."""
        return self.unlike is not None and self.unlike.low > self.expected_unlike


def judge_drift(
    table: pd.DataFrame, population: Spreads, alpha: float = ALPHA, horizon: int = HORIZON
) -> DriftReport:
    """Charts and tests of cases against a population.

    Args:
        table: one row a case in the order of arrival; index: case; columns `day` (ISO), `scanner` ("" unknown),
            `p_like` (of being like training; NaN unknown) and numbers, named as the population's.

    Returns:
        EWMA charts whose limits share `alpha` over `horizon` cases; distributions by Kolmogorov and Smirnov with
        Holm's correction at `alpha`, beside the population stability index.
    """
    unlike, expected = _unlike(table)
    return DriftReport(
        len(table),
        drift_charts(table, population, alpha, horizon),
        _inputs(population, _parts(table, population), alpha),
        unlike,
        expected,
        tuple(name for name in _numbers(table) if name not in population.spreads),
    )


def drift_charts(
    table: pd.DataFrame, population: Spreads, alpha: float = ALPHA, horizon: int = HORIZON
) -> tuple[DriftChart, ...]:
    """The charts of `judge_drift`."""
    parts = _parts(table, population)
    limit = ewma_limit(alpha, horizon, max(len(parts), 1))
    return tuple(_chart(population, name, group, rows, limit) for name, group, rows in parts)


def _numbers(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table.columns if name not in ("day", "scanner", "p_like")]


def _parts(table: pd.DataFrame, population: Spreads) -> list[tuple[str, str, pd.DataFrame]]:
    """(number, group, its cases) of the numbers that can be judged."""
    known = [name for name in _numbers(table) if name in population.spreads and table[name].notna().any()]
    return [(name, group, rows) for name in known for group, rows in _groups(table, name)]


def _groups(table: pd.DataFrame, name: str) -> list[tuple[str, pd.DataFrame]]:
    if not name.startswith(_BY_SCANNER):
        return [("all", table)]
    measured = table[table[name].notna()]
    return [(str(scanner) or "unknown scanner", rows) for scanner, rows in measured.groupby("scanner")]


def _chart(population: Spreads, name: str, group: str, rows: pd.DataFrame, limit: float) -> DriftChart:
    rows, spread = rows[rows[name].notna()], population.spreads[name]
    z = spread.z(rows[name])
    cases, days = (tuple(map(str, values)) for values in (rows.index, rows["day"]))
    made = ewma(z, limit, baseline=spread.n)
    return DriftChart(name, group, cases, days, z, made, limit, spread.n)


def _inputs(population: Spreads, parts: list[tuple[str, str, pd.DataFrame]], alpha: float) -> pd.DataFrame:
    rows = []
    for name, group, own in parts:
        values, spread = own[name].dropna().to_numpy(float), population.spreads[name]
        if len(values) < FEWEST_CASES:
            continue
        stability = population_stability(values, spread.sample())
        rows.append(
            {
                "number": name, "group": group, "cases": len(values), "reference": spread.n,
                "shift": float(spread.z(values).mean()), "psi": stability.value, "psi_by_chance": stability.by_chance,
                "ks_p": kolmogorov_p(values, spread.sample()),
            }
        )  # fmt: skip
    columns = ["number", "group", "cases", "reference", "shift", "psi", "psi_by_chance", "ks_p"]
    made = pd.DataFrame(rows, columns=columns)
    made["ks_adjusted"] = holm(made["ks_p"].to_numpy(float))
    return made.assign(is_shifted=made["ks_adjusted"] < alpha)


def _unlike(table: pd.DataFrame, expected: float = 0.05) -> tuple[Interval | None, float]:
    """Share of cases with p at most `expected`, and that share."""
    if "p_like" not in table or not table["p_like"].notna().any():
        return None, expected
    p = table["p_like"].dropna().to_numpy(float)
    found = float((p <= expected).sum())
    low, high = binomial_interval(found, len(p))
    return Interval(found / len(p), float(low), float(high)), expected
