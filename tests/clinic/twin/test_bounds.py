"""An upper bound is no measurement: it shows no progression, and is told where it stands as a number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from clinic.twin.cohorts import DAYS, known_population
from tumorcast.clinic.report.panel_twin import twin_panel
from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.forecast import forecast, posterior
from tumorcast.clinic.twin.html import html_of
from tumorcast.clinic.twin.progress import seen_in
from tumorcast.clinic.twin.readings import Readings
from tumorcast.clinic.twin.table import table_text
from tumorcast.readers.size_series import SizeSeries


def _bounded(*cells: tuple[float, float]) -> SizeSeries:
    low, high = np.array(cells, float).T
    return SizeSeries("P", DAYS[: len(cells)], low, high)


@pytest.mark.parametrize(
    ("cells", "seen_by"),
    [
        (((40, 40), (20, 20), (0, 30)), "undecided"),
        (((40, 40), (0, 0), (0, 5)), "undecided"),
        (((40, 40), (0, 30), (33, 33)), "undecided"),
        (((40, 40), (20, 20), (0, 22)), None),
        (((40, 40), (0, 5), (6, 6)), None),
        (((40, 40), (20, 20), (26, 31)), "sums"),
        (((40, 40), (0, 30), (36, 36)), "sums"),
    ],
)
def test_progression_needs_a_size_that_reaches_it(
    cells: tuple[tuple[float, float], ...], seen_by: str | None
) -> None:
    found = seen_in(_bounded(*cells))
    assert (found and found.seen_by) == seen_by


def test_what_bounds_leave_open_is_not_forecast_and_is_told() -> None:
    record = twin_record(_bounded((40, 40), (30, 30), (0, 38)), known_population())
    assert record.kind == "individual"
    assert record.progression is not None
    assert (record.progression.seen_day, record.progression.by_horizon) == (None, None)
    assert not record.best_response
    assert all(one.progression is None for one in record.visits)
    assert {"progression_undecided", "upper_bound"} <= {one.split(":")[0] for one in record.reasons}
    assert "last at most 38" in table_text(record)
    assert "not decided" in html_of(record)
    assert any("last at most 38 mm" in line for line in twin_panel(record).lines)


def test_an_upper_bound_is_not_written_down_again() -> None:
    always = replace(known_population(), readings=Readings((8.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)))
    ahead = DAYS[3:5]
    bound = forecast(posterior(always, _bounded((40, 40), (20, 20), (0, 60)), n=512), ahead, 500)
    number = forecast(posterior(always, _bounded((40, 40), (20, 20), (22, 22)), n=512), ahead, 500)
    assert (bound.written_mm[:, 0] == 60).mean() < 0.1
    assert (number.written_mm[:, 0] == 22).mean() > 0.9
