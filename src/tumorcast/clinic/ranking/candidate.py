"""One set of drugs in a ranking: what the model says of it, on what evidence, and what sources say beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tumorcast.clinic.ranking.stated import CautionFact, Drug, Entry, Stated
from tumorcast.domain.errors import InputError

Tier = Literal["seen_here", "seen_elsewhere", "extrapolated", "not_seen"]
Support = Literal["overlap", "counts", "none", "too_few", "unknown_patient", "not_seen"]


@dataclass(frozen=True)
class Estimate:
    """A number with its interval; low and high None where none can be given, with the reason in `method`."""

    value: float
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True)
class Months:
    """Median time without the event among patients of this predicted risk, in months; None: past what the data reach.

    Attributes:
        endpoint: PFS, OS, ...
        low, high: where the band's ends reach a half.
    """

    endpoint: str
    median: float | None
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True)
class Reference:
    """What independent action expects of a combination that was not seen.

    Attributes:
        parts: keys of the sets of drugs that it is made of, each of them seen in training.
        low, high: over correlations of their responses between patients.
        words: always said with it.
    """

    value: float
    low: float
    high: float
    parts: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class OverlapFact:
    """Whether the patient could have received it among the training patients.

    Attributes:
        chance: that a training patient like this one received treatment of this kind; None where it is not known.
    """

    support: Support
    text: str
    chance: float | None = None


@dataclass(frozen=True)
class Candidate:
    """One set of drugs.

    Attributes:
        key: names of its drugs, sorted, joined by " + ".
        name: as the first of its entries calls it.
        kind: "immunotherapy + chemotherapy", ...
        is_standard: a guideline lists it for the cancer, line and setting asked for.
        has_number: False: abstained, for `reason`.
        response: probability among patients who received it; None without such a head.
        event_free: where the model has no response head: share without progression or death up to the ranking's month
            (`record.Outcome`), of its curve; None without curves.
        risk: log-risk of progression or death, higher is worse; None without such a head.
        time: median time without it, where the bundle has curves and a contrast is supported.
        tier_text: the tier in words, with its numbers of patients.
        n_here, n_elsewhere: training patients who received exactly this, of this cancer and of others.
        n_effective: as many of this cancer as they are worth under overlap weights; n_here where there are none.
        group: of ties, from 1; None where no contrast is supported.
        flags: `level:code` of what guards found.
    """

    key: str
    name: str
    kind: str
    drugs: tuple[Drug, ...]
    is_standard: bool
    is_cell_therapy: bool
    entries: tuple[Entry, ...]
    has_number: bool
    reason: str
    response: Estimate | None
    risk: float | None
    time: Months | None
    tier: Tier
    tier_text: str
    n_here: int
    n_effective: float
    n_elsewhere: int
    overlap: OverlapFact
    group: int | None
    reference: Reference | None
    cautions: tuple[CautionFact, ...]
    availability: tuple[Stated, ...]
    cost: tuple[Stated, ...]
    flags: str
    event_free: Estimate | None = None

    @property
    def number(self) -> Estimate | None:
        """What it is compared by: the response, else the share without the event."""
        return self.response if self.response is not None else self.event_free

    def __post_init__(self) -> None:
        told = (self.response, self.event_free, self.risk, self.time, self.reference, self.group)
        if not self.has_number and (any(one is not None for one in told) or not self.reason):
            raise InputError(
                f"{self.key}: a candidate that was abstained from has a reason and no number", got=self.reason
            )
