"""What `tumorcast clock` says of samples: readings with coverage, refusals with a reason and no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tumorcast.biology.clocks.acceleration import AgeLine
from tumorcast.biology.clocks.clock import Clock
from tumorcast.biology.clocks.tissues import Tissue


@dataclass(frozen=True)
class Refusal:
    """Why there is no number: a stable code, and a sentence."""

    code: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """What one clock says of one sample.

    Attributes:
        value: in the clock's unit; None: refused.
        coverage: share of the clock's probes that were measured in the sample; None: the sample was not looked at.
        imputed: share of the clock's probes that stand for something else than the sample's own measurement.
        notes: what a reader of the number must know.
    """

    clock: Clock
    value: float | None
    coverage: float | None
    imputed: float | None
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SampleReadings:
    """One sample.

    Attributes:
        refusal: why nothing at all is said of the sample.
        notes: contradictions that do not refuse it.
    """

    sample: str
    tissue: Tissue | None
    platform: str | None
    age_years: float | None
    readings: tuple[Reading, ...]
    refusal: Refusal | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Acceleration:
    """One clock over the samples of one tissue and platform whose age is given.

    Attributes:
        points: (sample, given age, clock age), years.
        line: None: too few of them; no residual is told.
    """

    clock: str
    tissue: str
    platform: str
    points: tuple[tuple[str, float, float], ...]
    line: AgeLine | None

    @property
    def residuals(self) -> tuple[float | None, ...]:
        """Years, one a point."""
        if self.line is None:
            return (None,) * len(self.points)
        return tuple(float(value) for value in self.line.residuals)


@dataclass(frozen=True)
class ClockRecord:
    """Everything of one run.

    Attributes:
        files: name -> (scale found, CpG rows).
        settings: what was chosen, as text.
        told: what was left out or repaired while reading.
    """

    clocks: tuple[Clock, ...]
    samples: tuple[SampleReadings, ...]
    accelerations: tuple[Acceleration, ...]
    files: Mapping[str, tuple[str, int]]
    settings: Mapping[str, str | float]
    told: Sequence[str]
