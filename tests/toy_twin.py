"""Made-up records of tumour size: a forecast from scans, a population in place of one, a refusal."""

from __future__ import annotations

import numpy as np

from tumorcast.clinic.twin.build import twin_record
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.record import TwinRecord
from tumorcast.readers.size_series import SizeSeries


def toy_twin(days: tuple[float, ...] = (0, 42, 84), sizes: tuple[float, ...] = (80, 64, 66)) -> TwinRecord:
    """Of the patient of `toy_record`, from a population before any data."""
    values = np.asarray(sizes, dtype=float)
    series = SizeSeries("P-0042", np.asarray(days, dtype=float), values, values, ())
    return twin_record(series, TwinPopulation.before_data("stein", "toy"))
