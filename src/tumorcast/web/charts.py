"""Geometry of the results page's charts: numbers in, rectangles and marks out; the templates draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 560.0
_NAME_PX, _VALUE_PX, _ROW_PX = 132.0, 60.0, 26.0


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart; `width` is 0 where there is no value.

    Attributes:
        name, told: left and right of the bar.
        x, width, y: of the bar, px.
    """

    name: str
    told: str
    x: float
    width: float
    y: float
    is_up: bool
    has_value: bool


@dataclass(frozen=True)
class BarChart:
    """Bars to both sides of zero, px."""

    bars: tuple[Bar, ...]
    zero: float
    height: float
    width: float = WIDTH


def bar_chart(values: Sequence[tuple[str, float | None, str]]) -> BarChart:
    """Rows (name, value, what stands there where the value is None), on one scale symmetric about zero."""
    half = (WIDTH - _NAME_PX - _VALUE_PX) / 2
    zero = _NAME_PX + half
    largest = max([abs(value) for _, value, _ in values if value is not None], default=0.0) or 1.0
    bars = []
    for number, (name, value, absent) in enumerate(values):
        length = 0.0 if value is None else abs(value) / largest * half
        is_up = value is not None and value >= 0
        told = absent if value is None else f"{value:+.2f}"
        x = zero if is_up else zero - length
        bars.append(
            Bar(name, told, round(x, 1), round(length, 1), number * _ROW_PX, is_up, value is not None)
        )
    return BarChart(tuple(bars), zero, len(bars) * _ROW_PX + 4)


@dataclass(frozen=True)
class ProbabilityScale:
    """A scale of 0 to 1 with an interval and marks, px; None where not known."""

    left: float
    right: float
    low: float | None
    high: float | None
    mark: float
    base: float | None

    ticks: tuple[tuple[float, str], ...]


def probability_scale(
    value: float, low: float | None, high: float | None, base: float | None, width: float = WIDTH
) -> ProbabilityScale:
    """Where probability, its interval and the training population's share of responders lie."""
    left, right = 12.0, width - 12.0

    def place(each: float | None) -> float | None:
        return None if each is None else round(left + each * (right - left), 1)

    ticks = tuple((place(each / 4) or left, f"{25 * each}%") for each in range(5))
    return ProbabilityScale(left, right, place(low), place(high), place(value) or left, place(base), ticks)
