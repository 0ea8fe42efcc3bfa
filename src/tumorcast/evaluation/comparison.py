"""What a patient is compared with: distributions among the training patients, as quantiles, without a row of anyone.

Contributions and probabilities are those of models that had not seen the patient (inner folds). A distribution is kept
only of `FEWEST` patients or more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

FEWEST = 50
"""Patients below which no distribution is kept, and a combination of layers counts as not validated."""
LEVELS = tuple(float(level) for level in np.linspace(0.5, 99.5, 100))
"""Percentiles that are kept; neither the least nor the greatest value of anyone."""


@dataclass(frozen=True)
class Distribution:
    """Of `n` patients: values at `LEVELS`; none where they are fewer than `FEWEST`."""

    n: int
    quantiles: tuple[float, ...] = ()

    def percentile(self, value: float) -> float | None:
        """Share of patients below, in percent, ties in the middle; None where there are no quantiles."""
        if not self.quantiles or not np.isfinite(value):
            return None
        below, up_to = (np.searchsorted(self.quantiles, value, side=side) for side in ("left", "right"))
        if below < up_to:
            return float(100 * (below + up_to) / 2 / len(self.quantiles))
        return float(np.interp(value, self.quantiles, LEVELS))


@dataclass(frozen=True)
class Comparison:
    """What a patient is compared with.

    Attributes:
        contributions: modality -> what it adds to the first head's score, held out.
        quantities: name as shown -> its values ("Age", "TMB").
        outputs: "probability" (as the report shows it) or "risk" -> held-out values.
        programmes: expression programme -> (mean, standard deviation) of its plain mean of standardised genes.
    """

    contributions: dict[str, Distribution] = field(default_factory=dict)
    quantities: dict[str, Distribution] = field(default_factory=dict)
    outputs: dict[str, Distribution] = field(default_factory=dict)
    programmes: dict[str, tuple[float, float]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Comparison:
        """The inverse of `to_json`, lists for tuples allowed."""
        distributions = {
            kind: {
                name: Distribution(own["n"], tuple(own["quantiles"])) for name, own in fields[kind].items()
            }
            for kind in ("contributions", "quantities", "outputs")
        }
        return cls(
            **distributions,
            programmes={name: (float(mean), float(sd)) for name, (mean, sd) in fields["programmes"].items()},
        )


def distribution(values: ArrayLike, patients: ArrayLike) -> Distribution:
    """Of the first known value of each patient."""
    table = pd.DataFrame({"value": np.asarray(values, float), "patient": np.asarray(patients).astype(str)})
    known = table.dropna().drop_duplicates("patient")["value"].to_numpy()
    return Distribution(len(known), tuple(float(f"{q:.5g}") for q in kept_quantiles(known)))


def kept_quantiles(values: Array, fewest: int = FEWEST) -> tuple[float, ...]:
    """Of patients' finite values [n], one a patient: those at `LEVELS`; none of fewer than `fewest` patients."""
    return () if len(values) < fewest else tuple(np.percentile(values, LEVELS).tolist())
