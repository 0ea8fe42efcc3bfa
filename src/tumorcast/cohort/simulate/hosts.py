"""The hosts of a simulated cohort: habits and DPD activity, and what both add to the log odds of response.

Published findings that are imitated: smokers' tumours respond more often to checkpoint inhibitors (Rizvi 2015, Science
348:124); carriers of DPYD variants have severe toxicity under fluoropyrimidines (Meulendijks 2015, Lancet Oncol
16:1639) and stop early. The sizes of the effects are ours, and deficiency is several times as frequent as it is, so
that a small cohort can show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tumorcast.cohort.simulate.patients import F64
from tumorcast.cohort.simulate.treatments import Treatments

HOST_TERMS = {"exposures": ("smoking",), "pharmacogenes": ("dpd_deficiency",)}
"""Modality -> terms of the formula."""
STATED = {
    "smoking": "(pack-years, at most 60, - 15) / 18",
    "dpd_deficiency": "1 where the DPYD activity score is below 2; every chemotherapy has a fluoropyrimidine",
}
_COEFFICIENTS: Mapping[str, Mapping[str, float]] = {
    "smoking": {"immunotherapy": 1.80, "dual_immunotherapy": 1.80, "combination": 1.50},
    "dpd_deficiency": {"combination": -1.60, "chemotherapy": -2.60},
}
FLUOROPYRIMIDINES = (
    ("Cisplatin", "Fluorouracil"),
    ("Carboplatin", "Fluorouracil"),
    ("Oxaliplatin", "Capecitabine"),
)
"""The chemotherapies of such a cohort."""
STATUS = ("never", "former", "current")
_SHARES_OF_STATUS = (0.35, 0.40, 0.25)
_MEDIAN_PACK_YEARS, _LOG_SD_PACK_YEARS, _MOST_PACK_YEARS = 24.0, 0.6, 60.0
_ACTIVITIES, _SHARES_OF_ACTIVITY = (2.0, 1.5, 1.0, 0.5), (0.75, 0.10, 0.12, 0.03)
_SHARE_STOPPED = 0.6


@dataclass(frozen=True)
class Hosts:
    """n patients: `status` (index into `STATUS`), `pack_years`, `bmi` (kg/m2), `activity` (DPYD score), and whether
    toxicity ends a fluoropyrimidine early."""

    status: NDArray[np.int64]
    pack_years: F64
    bmi: F64
    activity: F64
    has_toxicity: NDArray[np.bool_]

    def terms(self) -> dict[str, F64]:
        """The formula's terms of the host."""
        return {
            "smoking": (np.minimum(self.pack_years, _MOST_PACK_YEARS) - 15) / 18,
            "dpd_deficiency": (self.activity < 2).astype(float),
        }


def draw_hosts(random: np.random.Generator, n: int) -> Hosts:
    """Draw n hosts, independent of the tumour."""
    status = random.choice(len(STATUS), n, p=_SHARES_OF_STATUS)
    pack_years = np.exp(random.normal(np.log(_MEDIAN_PACK_YEARS), _LOG_SD_PACK_YEARS, n)).round(1)
    activity = random.choice(_ACTIVITIES, n, p=_SHARES_OF_ACTIVITY)
    return Hosts(
        status=status,
        pack_years=np.where(status == 0, 0.0, pack_years),
        bmi=np.clip(random.normal(26, 4, n), 16, 48).round(1),
        activity=activity,
        has_toxicity=(activity < 2) & (random.random(n) < _SHARE_STOPPED),
    )


def with_hosts(treatments: Treatments) -> Treatments:
    """The same regimens, with what the host adds."""
    own = {
        term: tuple(weights.get(name, 0.0) for name in treatments.classes)
        for term, weights in _COEFFICIENTS.items()
    }
    return replace(treatments, coefficients={**treatments.coefficients, **own})
