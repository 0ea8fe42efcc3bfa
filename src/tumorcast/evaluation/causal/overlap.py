"""Could this patient have received that treatment? Learned from training courses, no row of anyone kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.evaluation.causal.never import Never, never_of, never_received
from tumorcast.evaluation.causal.propensity import Propensity, cross_fitted, fit_propensity
from tumorcast.evaluation.causal.weights import balance, effective_size, overlap_weights

FEWEST = 20
"""Patients of a treatment below which it is not in the record."""
FEWEST_IN_ALL = 50
_FEWEST_OF_A_VALUE = 10
_LEAST_CHANCE, _TAIL, _LEAST_OF_SHARE = 0.02, 0.01, 0.25
_MOST_MISSING = 0.5

Support = Literal["overlap", "none", "too_few", "unknown_patient"]


@dataclass(frozen=True)
class Verdict:
    """Whether a contrast of a treatment is supported for one patient.

    Attributes:
        support: "overlap": patients like this one received it; "none": hardly any did; "too_few": the treatment is not
            in the record; "unknown_patient": too little is known of the patient.
        chance: that a training patient like this one received it; None where it cannot be said.
        floor: chance below which there is no overlap.
        n_received: training patients who received it; 0 where it is not in the record.
        reason: one sentence.
    """

    support: Support
    chance: float | None
    floor: float | None
    n_received: int
    reason: str

    @property
    def is_supported(self) -> bool:
        """True where the patient could have received it."""
        return self.support == "overlap"


@dataclass(frozen=True)
class Overlap:
    """Who received what among the training patients.

    Attributes:
        propensity: chances of the treatments given baseline numbers.
        counts: treatment -> patients who received it.
        floors: treatment -> chance below which a patient is unlike those who received it: the first percentile among
            these, by models that had not seen them; at least 0.02, at most a quarter of the share who received it.
        effective: treatment -> effective sample size under overlap weights.
        before, after: mean over the baseline numbers of the largest standardised difference between two treatments,
            unweighted and weighted.
        left_out: treatments of fewer than `FEWEST` patients.
        never: values with which nobody received a treatment.
    """

    propensity: Propensity
    counts: dict[str, int]
    floors: dict[str, float]
    effective: dict[str, float]
    before: float
    after: float
    left_out: tuple[str, ...]
    never: tuple[Never, ...] = ()

    def judge(self, numbers: Mapping[str, float], treatment: str) -> Verdict:
        """Of one patient.

        Args:
            numbers: baseline numbers by name, NaN or absent where missing; those of no use here are passed over.
            treatment: as `biology.treatment_families.treatment_key` writes it.
        """
        if treatment not in self.counts:
            few = f"fewer than {FEWEST}" if treatment in self.left_out else "no"
            return Verdict("too_few", None, None, 0, f"{few} training patients received it")
        n, floor = self.counts[treatment], self.floors[treatment]
        table = pd.DataFrame([dict(numbers)]).reindex(columns=list(self.propensity.columns)).astype(float)
        known = np.isfinite(table.to_numpy()).mean()
        if known < 1 - _MOST_MISSING:
            told = f"{1 - known:.0%} of the baseline numbers are missing"
            return Verdict("unknown_patient", None, floor, n, told)
        excluded = never_of(self.never, numbers, treatment)
        if excluded is not None:
            told = (
                f"none of {excluded.n} training patients of {excluded.column} {excluded.value:g} received it"
            )
            return Verdict("none", None, floor, n, told)
        chance = float(self.propensity.chances(table)[0, self.propensity.groups.index(treatment)])
        told = f"of training patients like this one {chance:.1%} received it (limit {floor:.1%})"
        return Verdict("overlap" if chance >= floor else "none", chance, floor, n, told)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Overlap:
        """The inverse of `to_json`, lists for tuples allowed."""
        own = {
            "propensity": Propensity.from_json(fields["propensity"]),
            "left_out": tuple(fields["left_out"]),
            "never": tuple(Never(**one) for one in fields.get("never", ())),
        }
        return cls(**{**fields, **own})


def fit_overlap(
    table: pd.DataFrame, given: Sequence[str], patients: Sequence[str], seed: int = 0
) -> Overlap | None:
    """From training courses; the first of each patient counts.

    Args:
        table: course x baseline numbers. given: [n] treatment (`treatment_key`). patients: [n].

    Returns:
        None where fewer than two treatments have `FEWEST` patients, they have fewer than fifty in all, or no number
        varies among them.
    """
    frame = pd.DataFrame({"given": list(given), "patient": [str(p) for p in patients]}, index=table.index)
    first = ~frame["patient"].duplicated().to_numpy()
    frame, numbers = frame[first], table[first]
    counted = frame["given"].value_counts()
    kept = counted[counted >= FEWEST]
    left_out = tuple(sorted(str(name) for name in counted.index[counted < FEWEST]))
    is_kept = frame["given"].isin(kept.index).to_numpy()
    numbers, frame = telling(numbers[is_kept]), frame[is_kept]
    if len(kept) < 2 or len(frame) < FEWEST_IN_ALL or numbers.columns.empty:
        return None
    names, people = frame["given"].tolist(), frame["patient"].tolist()
    propensity = fit_propensity(numbers, names, people, seed=seed)
    groups, held = cross_fitted(numbers, names, people, seed=seed)
    received = np.array([groups.index(name) for name in names])
    weights = overlap_weights(held, received)
    differences = balance(numbers, names, weights)
    of = {name: received == k for k, name in enumerate(groups)}
    return Overlap(
        propensity,
        {name: int(rows.sum()) for name, rows in of.items()},
        {name: _floor(held[rows, groups.index(name)], float(rows.mean())) for name, rows in of.items()},
        {name: round(effective_size(weights[rows]), 1) for name, rows in of.items()},
        float(differences["before"].mean()),
        float(differences["after"].mean()),
        left_out,
        never_received(numbers, names),
    )


def _floor(chances: NDArray[np.float64], share: float) -> float:
    return float(max(_LEAST_CHANCE, min(np.quantile(chances, _TAIL), _LEAST_OF_SHARE * share)))


def telling(table: pd.DataFrame) -> pd.DataFrame:
    """Columns that say something of enough patients: a value that fewer than ten differ from tells who they are."""
    values = table.to_numpy(float)
    kept = []
    for own in values.T:
        known = own[np.isfinite(own)]
        most = np.unique(known, return_counts=True)[1].max(initial=0)
        kept.append(len(known) - most >= _FEWEST_OF_A_VALUE)
    return table.loc[:, kept]
