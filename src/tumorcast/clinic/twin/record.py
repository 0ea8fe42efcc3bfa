"""What `tumorcast twin` says of a patient: plain facts, from which pages and pictures are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 1
Kind = Literal["individual", "population_simulation", "refused"]


@dataclass(frozen=True)
class Scan:
    """One scan as it was read; days as the table counts them.

    Attributes:
        size_mm: None where not measured.
        low_mm: least and
        high_mm: most that it can be; None where not evaluated.
        status: measured, below (known within bounds) or not_evaluated.
    """

    day: float
    size_mm: float | None
    low_mm: float | None
    high_mm: float | None
    status: Literal["measured", "below", "not_evaluated"]


@dataclass(frozen=True)
class Band:
    """Credible band of the size on a day, mm: the low and high ends of 90%, quartiles, median."""

    day: float
    low_mm: float
    quarter_mm: float
    median_mm: float
    three_quarters_mm: float
    high_mm: float


@dataclass(frozen=True)
class Visit:
    """Forecast of the number at a scan to come.

    Attributes:
        median_mm: and
        low_mm: and
        high_mm: ends of the band that holds nine in ten of the numbers that would be written down.
        progression: chance that progression by sums was seen at this scan or before;
            None: it was seen already, that is not decided, or a model weighed patients of whom no two scans are known.
        followed: chance that the patient is still scanned, where the population knows how patients leave.
        last_value_mm: the last value carried forward.
    """

    day: float
    median_mm: float
    low_mm: float
    high_mm: float
    progression: float | None
    followed: float | None
    last_value_mm: float | None


@dataclass(frozen=True)
class Progression:
    """Time to progression by sums (20% and 5 mm above the nadir), from scans at the given interval.

    Attributes:
        seen_day: of the scan on which it has been seen; nothing is forecast then.
        median_day: None: less than half of the draws progress before the horizon.
        by_horizon: chance until the last scan before the horizon.
        seen_by: sums, or grounds that a table of lesions has: new_lesion, non_target, target, reappeared;
            undecided: bounds leave it open, and nothing is forecast.
    """

    seen_day: float | None
    median_day: float | None
    by_horizon: float | None
    seen_by: Literal["", "sums", "new_lesion", "non_target", "target", "reappeared", "undecided"] = ""


@dataclass(frozen=True)
class SurvivalLink:
    """Overall survival from time to growth, where the population's publication links them.

    Attributes:
        median_days: middle and
        low_days: 5% and
        high_days: 95% of the posterior of the median survival from the first scan, given that the patient lives at
            the last; None: past the population's follow-up.
        note: whose formula, and for whom.
    """

    median_days: float
    low_days: float
    high_days: float | None
    note: str


@dataclass(frozen=True)
class ScenarioRecord:
    """A "what if".

    Attributes:
        refused: why there is no number; "" where there is one.
        assumption: what was assumed beside the patient's posterior.
        caveat: what it does not say.
    """

    name: str
    assumption: str
    caveat: str
    refused: str
    fan: tuple[Band, ...]
    visits: tuple[Visit, ...]
    progression: Progression | None


@dataclass(frozen=True)
class PopulationFacts:
    """The population behind a record, in short.

    Attributes:
        n_patients: 0: not published.
        cancer: OncoTree code, "" not known.
        is_horizon_assumed: its follow-up is not published: `horizon_days` is an assumption.
    """

    name: str
    model: str
    n_patients: int
    n_scans: int
    horizon_days: float
    arms: tuple[str, ...]
    source: str
    caveat: str
    cancer: str = ""
    is_horizon_assumed: bool = False


@dataclass(frozen=True)
class Percent:
    """Change of the sum of diameters from baseline, percent: median, 5% and 95%."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class ParameterChange:
    """A parameter of the curve (a logarithm, or as docs/twin.md says) among virtual patients, before any scan.

    Attributes:
        middle, sd: mean and standard deviation in the population.
        moved_middle, moved_sd: as weighed by the model's word.
    """

    name: str
    middle: float
    sd: float
    moved_middle: float
    moved_sd: float


@dataclass(frozen=True)
class PriorFacts:
    """What a model said of this patient before any scan, and what it changed.

    Attributes:
        source: the model.
        refused: why it moved nothing, a stable code before the colon; then there is no number.
        watermark: of the model on this patient; "" none.
        day: of treatment that it speaks of.
        expected: by the model, its error on patients that it had not seen included.
        usual: of the patients whom it learnt from.
        population: on that day among the virtual patients, and
        moved: the same once they are weighed by the model's word.
        parameters: of the curve, likewise.
        fan, visits: the forecast without the model's word.
    """

    source: str
    refused: str
    watermark: str
    day: float | None = None
    expected: Percent | None = None
    usual: Percent | None = None
    population: Percent | None = None
    moved: Percent | None = None
    parameters: tuple[ParameterChange, ...] = ()
    fan: tuple[Band, ...] = ()
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True)
class TwinRecord:
    """`twin.json`.

    Attributes:
        kind: individual; population_simulation (fewer than two scans: nothing is said of the patient); refused.
        reasons: why it is not individual, or what was left out; with stable codes before the colon.
        baseline_mm: first size.
        nadir_mm: smallest number so far.
        response_mm: the sum at or below which it is a partial response.
        progression_mm: the sum from which on it is progression.
        last_value_mm: carried forward, always drawn; None where there is no scan.
        horizon_day: where forecasts end: no patient of the population was followed longer from the first scan.
        shift: the model that moved the prior, "" where it was not moved.
        effective_draws: how many virtual patients the posterior rests on.
        progression: None: refused, or fewer than two scans of a patient whom a model spoke of.
        best_response: word -> chance, by sums alone; empty where progression was seen that sums do not show.
        prior: what a model said before any scan; None: none was asked.
    """

    schema: int
    kind: Kind
    patient_id: str
    reasons: tuple[str, ...]
    population: PopulationFacts
    scans: tuple[Scan, ...]
    baseline_mm: float | None
    nadir_mm: float | None
    response_mm: float | None
    progression_mm: float | None
    last_value_mm: float | None
    horizon_day: float
    shift: str
    effective_draws: float | None
    fan: tuple[Band, ...]
    visits: tuple[Visit, ...]
    progression: Progression | None
    best_response: dict[str, float]
    survival: SurvivalLink | None
    scenarios: tuple[ScenarioRecord, ...]
    notices: tuple[str, ...]
    prior: PriorFacts | None = None

    @property
    def last_text(self) -> str:
        """The last value in mm, as a number or as the upper bound that it is."""
        known = [one for one in self.scans if one.high_mm is not None]
        bound = "" if not known or known[-1].size_mm is not None else "at most "
        return "no scan" if self.last_value_mm is None else f"{bound}{self.last_value_mm:.0f}"
