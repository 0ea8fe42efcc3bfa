"""A difference between two candidates, and what is left of it once their patients are made alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Adjusted:
    """Mean outcome if all training patients of the cancer had received the first family of drugs, less the second's.

    Doubly robust, adjusted for what was measured before treatment (`evaluation.causal`); of all these patients, not of
    this one.

    Attributes:
        first, second: families of drugs (`biology.treatment_families.treatment_key`).
        outcome: "response", or the time to event. horizon: months up to which the time without it counts; None: the
            numbers are probabilities, else months.
        n, n_measured: patients, and numbers that were adjusted for.
        low, high: all pairs of families together at 95%.
        e_value, e_bound: how strong an unmeasured cause would have to be to explain the difference away, and to bring
            the interval to 0; None where there is no ratio.
    """

    first: str
    second: str
    outcome: str
    horizon: float | None
    n: int
    n_measured: int
    difference: float
    low: float
    high: float
    e_value: float | None
    e_bound: float | None


@dataclass(frozen=True)
class Contrast:
    """Difference of two candidates' probabilities for this patient, first less second; simultaneous interval.

    Attributes:
        is_tie: the interval holds 0, or the adjusted one does not lie above it.
        adjusted: of their families; None: not adjusted for why patients got what they got.
        unsupported: why there is no adjusted difference of these two families, though there is of others: then they
            tie; "" otherwise.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    is_tie: bool
    adjusted: Adjusted | None = None
    unsupported: str = ""
