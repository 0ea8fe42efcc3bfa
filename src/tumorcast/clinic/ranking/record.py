"""The record of a ranking: plain facts, which the table, the chart and the page are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tumorcast.clinic.ranking.contrast import Contrast
from tumorcast.domain.errors import InputError

SCHEMA_VERSION = "tumorcast-ranking/1"

Tier = Literal["seen_here", "seen_elsewhere", "extrapolated", "not_seen"]
Status = Literal["compared", "no_order", "refused"]
Support = Literal["overlap", "counts", "none", "too_few", "unknown_patient", "not_seen"]


@dataclass(frozen=True)
class Cited:
    """A statement's source; doi "" where it has none; `verification`: with what it was compared."""

    name: str
    citation: str
    doi: str
    date: str
    verification: str = ""


@dataclass(frozen=True)
class Stated:
    """Free text with its source and date."""

    text: str
    source: str
    date: str


@dataclass(frozen=True)
class Drug:
    """A drug: name, class, targets (gene symbols)."""

    name: str
    cls: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class DoseText:
    """What a source says of a drug's dose: quoted, never computed; "" where it is not given."""

    drug: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A regimen as one source describes it.

    Attributes:
        cancers: OncoTree codes that it is described for.
        doses: quoted from `source`.
        standard: the guideline that lists it for the setting; None: not known here to be one.
        origin: "embedded" or the user's file.
        doses_verification: with what the doses were compared, or that nobody did.
    """

    name: str
    setting: str
    lines: tuple[int, ...]
    cancers: tuple[str, ...]
    biomarker: str
    cycle_days: int | None
    route: tuple[str, ...]
    doses: tuple[DoseText, ...]
    source: Cited
    standard: Cited | None
    origin: str
    doses_verification: str = ""


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
class CautionFact:
    """What a label says of a drug; `state` "present", "absent", "not known", "" where it turns on no fact."""

    drug: str
    kind: Literal["toxicity", "caution", "contraindication"]
    flag: str
    state: Literal["present", "absent", "not known", ""]
    source: str
    date: str


@dataclass(frozen=True)
class Candidate:
    """One set of drugs.

    Attributes:
        key: names of its drugs, sorted, joined by " + ".
        name: as the first of its entries calls it.
        kind: "immunotherapy + chemotherapy", ...
        is_standard: a guideline lists it for the cancer, line and setting asked for.
        has_number: False: abstained, for `reason`.
        response: probability among patients who received it.
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

    def __post_init__(self) -> None:
        told = (self.response, self.risk, self.time, self.reference, self.group)
        if not self.has_number and (any(one is not None for one in told) or not self.reason):
            raise InputError(
                f"{self.key}: a candidate that was abstained from has a reason and no number", got=self.reason
            )


@dataclass(frozen=True)
class Prognosis:
    """What is the same under every candidate that is compared: mean and range of their probabilities."""

    mean: float
    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Interaction:
    """Whether the model lets the patient's tumour change the difference between treatments.

    Attributes:
        moved: see `serve.candidates.CandidateAnswers`; None: could not be told, or nothing is compared.
        is_additive: True: the same order for every patient; None likewise.
    """

    moved: float | None
    is_additive: bool | None
    text: str


@dataclass(frozen=True)
class Subject:
    """Whom it is about.

    Attributes:
        cancer: OncoTree code; cancer_name: its name; told: whether the study or the user declared it.
        line, setting: asked for; None and "" all.
        received: key of the treatment that the study records for the course; "" none.
    """

    patient_id: str
    course_id: str
    cancer: str
    cancer_name: str
    told: str
    line: int | None
    setting: str
    received: str


@dataclass(frozen=True)
class Model:
    """Which model: id, where its data come from, and how many patients it was trained on."""

    id: str
    training_data: str
    n_patients: int
    n_of_cancer: int


@dataclass(frozen=True)
class Ranking:
    """All of it; `ranking.json` (docs/ranking.md).

    Attributes:
        status: "compared": at least two candidates are in order or tie; "no_order": numbers without contrasts;
            "refused": no number at all.
        reason: why there is no order or no number; "" otherwise.
        statement: how the numbers are to be read.
        candidates: guideline standards first, then the others; within these by group of ties, then by name.
        tie_groups: keys; the first group's probabilities are the higher ones; within a group there is no order.
        level: of each candidate's interval, and of all contrasts together.
        facts: that cautions turn on, and where each comes from.
        left_out: keys that the user did not want.
    """

    schema: str
    subject: Subject
    model: Model
    status: Status
    reason: str
    watermark: str
    statement: str
    prognosis: Prognosis | None
    interaction: Interaction
    candidates: tuple[Candidate, ...]
    contrasts: tuple[Contrast, ...]
    tie_groups: tuple[tuple[str, ...], ...]
    level: float
    facts: tuple[Stated, ...]
    left_out: tuple[str, ...]
    limits: tuple[str, ...]

    def __post_init__(self) -> None:
        has_order = bool(self.contrasts or self.tie_groups or self.prognosis)
        if has_order != (self.status == "compared") or bool(self.reason) == (self.status == "compared"):
            raise InputError(
                "only a ranking that compares has contrasts, and any other a reason", got=self.status
            )
        if self.status == "refused" and any(one.has_number for one in self.candidates):
            raise InputError("a refused ranking holds a number", got=self.reason)
