"""The record of a ranking: plain facts, which the table, the chart and the page are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tumorcast.clinic.host.record import HostRecord
from tumorcast.clinic.ranking.candidate import Candidate
from tumorcast.clinic.ranking.contrast import Contrast
from tumorcast.clinic.ranking.stated import Stated
from tumorcast.domain.errors import InputError

SCHEMA_VERSION = "tumorcast-ranking/1"

Status = Literal["compared", "no_order", "refused"]


@dataclass(frozen=True)
class Outcome:
    """What the numbers of candidates are of: "response", or an endpoint (PFS, OS) and the month of that share."""

    name: str
    month: float | None


RESPONSE = Outcome("response", None)


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
        outcome: of the numbers.
        host: what the patient's pharmacogenes say of the candidates' drugs; None: nobody asked.
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
    outcome: Outcome = RESPONSE
    host: HostRecord | None = None

    def __post_init__(self) -> None:
        has_order = bool(self.contrasts or self.tie_groups or self.prognosis)
        if has_order != (self.status == "compared") or bool(self.reason) == (self.status == "compared"):
            raise InputError(
                "only a ranking that compares has contrasts, and any other a reason", got=self.status
            )
        if self.status == "refused" and any(one.has_number for one in self.candidates):
            raise InputError("a refused ranking holds a number", got=self.reason)
