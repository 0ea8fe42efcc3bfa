"""A control slide: what it shows when all is well, and whether a new scan of it still does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from tumorcast.domain.errors import InputError
from tumorcast.metrics.control_rules import (
    FEWEST_RUNS,
    MEANING,
    REJECTING,
    Baseline,
    Rule,
    is_rejected,
    violations,
)
from tumorcast.metrics.logistic import expit
from tumorcast.serve.slide_reading import SlideReading

Mode = Literal["scans", "file"]
PROBABILITY, DISTANCE, SHARPNESS = "log-odds", "feature distance", "pixels: sharpness"
DECIDING = (PROBABILITY, DISTANCE, SHARPNESS)
"""Numbers whose rules reject a run; those of colour warn by 1-3s alone, lest nine series cry wolf."""
_SAME_PROBABILITY, _SAME_FEATURES = 1e-5, 1e-3


@dataclass(frozen=True)
class Control:
    """What a control is compared with.

    Attributes:
        mode: "scans": the glass is scanned anew each time, a number varies; "file": one file, it must not.
        baselines: number -> mean, SD and runs; of a file SD 0.
        features: [dim] mean of the tiles' features over the runs.
        scale: [dim] their spread in training, the unit of the distance.
    """

    name: str
    mode: Mode
    baselines: dict[str, Baseline]
    features: tuple[float, ...]
    scale: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Control:
        """The inverse of `to_json`."""
        baselines = {name: Baseline(**own) for name, own in told["baselines"].items()}
        return cls(told["name"], told["mode"], baselines, tuple(told["features"]), tuple(told["scale"]))

    def numbers(self, reading: SlideReading) -> dict[str, float]:
        """What is charted of a reading."""
        distance = _distance(reading.features, np.array(self.features), np.array(self.scale))
        return {PROBABILITY: reading.logit, DISTANCE: _log(distance), **_charted(reading.pixels)}


@dataclass(frozen=True)
class ControlRun:
    """One run.

    Attributes:
        z: number -> normal score. broken: number -> rules that it breaks together with the runs before.
        is_in_control: False where the deciding numbers reject it, or it could not be read.
    """

    probability: float
    numbers: dict[str, float]
    z: dict[str, float]
    broken: dict[str, tuple[Rule, ...]]
    is_in_control: bool
    sentence: str


def make_control(name: str, readings: Sequence[SlideReading], scale: np.ndarray) -> Control:
    """From repeated scans, or from one file.

    Args:
        readings: at least `FEWEST_RUNS` scans of one glass, or one reading of a file that will be read again.
        scale: [dim] spread of tile features in training.

    Raises:
        InputError: one could not be read, or two to nine scans.
    """
    for reading in readings:
        if reading.problem:
            raise InputError("the control cannot be read", got=f"{reading.name}: {reading.problem}")
    if len(readings) != 1 and len(readings) < FEWEST_RUNS:
        raise InputError(
            "too few scans of the control",
            got=f"{len(readings)}",
            expected=f"at least {FEWEST_RUNS} scans (20 or more on several days are better), or one file",
        )
    features = np.stack([reading.features for reading in readings])
    mean = features.mean(axis=0)
    if len(readings) == 1:
        only = readings[0]
        known = {PROBABILITY: Baseline(only.logit, 0.0, 1), DISTANCE: Baseline(_log(0.0), 0.0, 1)}
        known |= {number: Baseline(value, 0.0, 1) for number, value in _charted(only.pixels).items()}
        return Control(name, "file", known, tuple(mean.tolist()), tuple(scale.tolist()))
    others = (features.sum(axis=0) - features) / (len(features) - 1)
    series: dict[str, list[float]] = {
        PROBABILITY: [reading.logit for reading in readings],
        DISTANCE: [_log(_distance(own, rest, scale)) for own, rest in zip(features, others, strict=True)],
    }
    for number in _charted(readings[0].pixels):
        series[number] = [reading.pixels.get(number, np.nan) for reading in readings]
    known = {number: Baseline.of(v) for number, v in series.items() if np.isfinite(v).all()}
    return Control(name, "scans", known, tuple(mean.tolist()), tuple(scale.tolist()))


def judge_run(control: Control, reading: SlideReading, before: Sequence[Mapping[str, float]]) -> ControlRun:
    """A new run after those before it.

    Args:
        before: number -> normal score of the earlier runs, the oldest first.
    """
    if reading.problem:
        return ControlRun(float("nan"), {}, {}, {}, False, "OUT OF CONTROL: the scan could not be read")
    numbers = control.numbers(reading)
    if control.mode == "file":
        return _judge_file(control, reading, numbers)
    z, broken = {}, {}
    for number, baseline in control.baselines.items():
        if number not in numbers:
            continue
        z[number] = float(baseline.z([numbers[number]])[0])
        rules = violations([*(run.get(number, np.nan) for run in before), z[number]])
        broken[number] = rules if number in DECIDING else tuple(r for r in rules if r == "1-3s")
    rejected = [number for number in DECIDING if is_rejected(broken.get(number, ()))]
    return ControlRun(reading.probability, numbers, z, broken, not rejected, _sentence(broken, rejected))


def _judge_file(control: Control, reading: SlideReading, numbers: dict[str, float]) -> ControlRun:
    """The same file: any change beyond rounding is one of software or machine."""
    expected = float(expit(control.baselines[PROBABILITY].mean))
    change = abs(reading.probability - expected)
    distance = _distance(reading.features, np.array(control.features), np.array(control.scale))
    is_same = bool(change <= _SAME_PROBABILITY and distance <= _SAME_FEATURES)
    told = f"probability differs by {change:.1e}, features by {distance:.1e} SD from the file's first reading"
    z = {PROBABILITY: 0.0 if change <= _SAME_PROBABILITY else float("inf")}
    broken: dict[str, tuple[Rule, ...]] = {} if is_same else {PROBABILITY: ("1-3s",)}
    return ControlRun(
        reading.probability,
        numbers,
        z,
        broken,
        is_same,
        ("in control: " if is_same else "OUT OF CONTROL: ") + told,
    )


def _sentence(broken: Mapping[str, tuple[Rule, ...]], rejected: Sequence[str]) -> str:
    if rejected:
        told = "; ".join(
            f"{number} ({', '.join(MEANING[rule] for rule in broken[number] if rule in REJECTING)})"
            for number in rejected
        )
        return f"OUT OF CONTROL: {told}"
    warned = [f"{number} {', '.join(rules)}" for number, rules in broken.items() if rules]
    return "in control" + (f"; to be watched: {'; '.join(warned)}" if warned else "")


def _charted(pixels: Mapping[str, float]) -> dict[str, float]:
    """Without the pixel size, which is exact and not of the glass."""
    return {name: value for name, value in pixels.items() if name != "pixels: mpp" and np.isfinite(value)}


def _distance(features: np.ndarray, centre: np.ndarray, scale: np.ndarray) -> float:
    """Root mean square of the differences, in training SDs."""
    return float(np.sqrt((((features - centre) / scale) ** 2).mean()))


def _log(distance: float) -> float:
    return float(np.log10(max(distance, 1e-6)))
