"""What a twin knows before it sees a patient: parameters between patients, departures, readings, leaving."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.clinic.twin.bank import FORMS
from tumorcast.clinic.twin.deviation import Deviation
from tumorcast.clinic.twin.leaving import Leaving
from tumorcast.clinic.twin.readings import Readings

FORMAT = 1


@dataclass(frozen=True)
class TwinPopulation:
    """A population of tumour sizes.

    Attributes:
        name: of the population.
        form: key of `FORMS`: the model of the mean.
        centre: of the parameters (logarithms), by name of the form.
        covariance: of the parameters between patients.
        first_log_mm: middle and standard deviation of the logarithm of the first size.
        deviation: departures and error.
        readings: how numbers are written down; None: as they are measured.
        leaving: how patients leave; None: not known.
        tail: of the draws on either side of a band of 90% of the numbers to come, as patients calibrate it that a
            fit had not seen.
        horizon_days: how long its patients were followed from their first scan: forecasts end there.
        interval_days: usual time between scans.
        n_patients: that it was learnt from.
        n_scans: of theirs.
        arms: treatments of the patients.
        source: publication, or the files' names.
        caveat: what it is not.
        cancer: OncoTree code, "" not known.
        is_horizon_assumed: its follow-up is not published.
        choice: held-out log-likelihood a scan of each model that was tried.
    """

    name: str
    form: str
    centre: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    first_log_mm: tuple[float, float]
    deviation: Deviation = field(default_factory=Deviation)
    readings: Readings | None = None
    leaving: Leaving | None = None
    tail: float = 0.05
    horizon_days: float = 365.0
    interval_days: float = 42.0
    n_patients: int = 0
    n_scans: int = 0
    arms: tuple[str, ...] = ()
    source: str = ""
    caveat: str = ""
    cancer: str = ""
    is_horizon_assumed: bool = False
    choice: dict[str, float] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def middle(self) -> Floats:
        """[parameters]."""
        return np.array(self.centre)

    @property
    def spread(self) -> Floats:
        """[parameters, parameters]."""
        return np.array(self.covariance)

    @classmethod
    def before_data(cls, form: str, name: str = "") -> TwinPopulation:
        """The form's middles and spreads, before any data."""
        shape = FORMS[form]
        rows = np.diag(np.square(shape.spread)).tolist()
        return cls(name, form, shape.typical, tuple(map(tuple, rows)), (3.4, 0.7))
