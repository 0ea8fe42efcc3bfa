"""Every scan and threshold stands at its own height; only bands may be cut off, and that is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from reportlab.graphics.shapes import Circle, String

from clinic.twin.cohorts import known_population, series
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.charts import fan_drawing
from tumorcast.clinic.twin.record import Band, TwinRecord

_DAYS = np.array([0.0, 42, 84, 126])


def _record(sizes: list[float]) -> TwinRecord:
    return twin_record(series("P1", _DAYS[: len(sizes)], np.array(sizes)), known_population())


def _axis(record: TwinRecord) -> tuple[float, float]:
    """Height of zero and of one mm, from the numbers beside the axis."""
    marks = [
        (float(one.text), one.y + 3)
        for one in fan_drawing(record).contents
        if isinstance(one, String) and one.textAnchor == "end" and one.text.replace(".", "").isdigit()
    ]
    (zero, low), (top, high) = min(marks), max(marks)
    assert zero == 0
    return low, (high - low) / top


@pytest.mark.parametrize("sizes", [[150, 60, 40, 38], [400, 30, 10, 5], [20, 30, 60, 120], [80]])
def test_circles_stand_where_their_sizes_are(sizes: list[float]) -> None:
    record = _record(sizes)
    zero, each = _axis(record)
    circles = [one.cy for one in fan_drawing(record).contents if isinstance(one, Circle)]
    np.testing.assert_allclose(circles, [zero + each * size for size in sizes], atol=1e-6)


def test_a_band_above_the_axis_is_said_to_go_on() -> None:
    record = _record([80, 60, 50, 52])
    assert not _cut(record)
    end = record.fan[-1].day
    high = replace(record, fan=(*record.fan, Band(end + 1, 10, 20, 30, 40, 4000)))
    assert _cut(high)[0].endswith("they go on to 4000 mm")
    zero, each = _axis(high)
    first = next(one for one in fan_drawing(high).contents if isinstance(one, Circle))
    assert first.cy == pytest.approx(zero + 80 * each)


def _cut(record: TwinRecord) -> list[str]:
    found = (one.text for one in fan_drawing(record).contents if isinstance(one, String))
    return [text for text in found if "cut off" in text]
