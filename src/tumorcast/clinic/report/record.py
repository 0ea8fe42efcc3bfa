"""`PatientReport`: all that a report says of one treatment course, as plain facts; `report.json` is this, whole.

HTML, PDF, FHIR and the web page are drawn from it alone. A refusal carries its reason and no number: then `response`,
`survival`, `contributions`, `missing`, `genes`, `programmes`, `tiles`, `placements`, `ranking`, `curves` and `twin` are
empty. `host` may stand beside a refusal: it rests on other files than the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import ConfigDict

from tumorcast.clinic.curves.record import PatientCurves
from tumorcast.clinic.host.record import HostRecord
from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.twin.record import TwinRecord
from tumorcast.domain.errors import InputError

SCHEMA_VERSION = 1
Level = Literal["refusal", "warning", "note"]
Status = Literal["predicted", "predicted_partly", "not_predicted", "refused"]


class _Fact:
    """How a fact is read back from JSON: every field known, of its own type, every number finite."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)


@dataclass(frozen=True)
class Subject(_Fact):
    """Whom the report is of; identifiers as the lab gave them."""

    study_id: str
    patient_id: str
    course_id: str
    regimen: str
    line: str
    samples: tuple[str, ...]
    clinical: tuple[tuple[str, str], ...]
    """(name, value with unit) in the order to be shown."""


@dataclass(frozen=True)
class Provenance(_Fact):
    """By what the report was made.

    Attributes:
        model_id: name and start of the predictor's digest.
        bundle_seal: sha256 of the manifest, which holds the digest of every file.
        signature: who signed the bundle and whether it was checked ("unsigned", "signed by KEY, verified").
        digests: input file -> sha256.
        libraries: name -> version.
    """

    model_id: str
    bundle_format: int
    bundle_seal: str
    signature: str
    training_data: Literal["simulated", "real"]
    training_study: str
    n_training_patients: int
    tile_encoder: str
    tumorcast: str
    created: str
    digests: tuple[tuple[str, str], ...]
    libraries: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Response(_Fact):
    """The probability of response.

    Attributes:
        low, high: interval of the probability at `level`, by `interval_method`, in words.
        answers: conformal set ("R", "NR", "both", "empty", "unknown"; "" where none is given) at level 1 - `alpha`.
        calibration: statement on how true such probabilities were on held-out patients.
        base_rate: share of responders in training, for comparison.
    """

    probability: float
    low: float | None
    high: float | None
    level: float
    interval_method: str
    answers: str
    alpha: float | None
    calibration: str
    base_rate: float | None

    def __post_init__(self) -> None:
        bounds = [value for value in (self.low, self.probability, self.high) if value is not None]
        if bounds != sorted(bounds) or not 0 <= bounds[0] <= bounds[-1] <= 1:
            raise InputError("an interval does not hold its probability", got=bounds)


@dataclass(frozen=True)
class Survival(_Fact):
    """Log-risk (higher is worse) and its percentile among the training patients; None where not known."""

    risk: float
    percentile: float | None


@dataclass(frozen=True)
class Contribution(_Fact):
    """What one modality adds to the logit (to the log-risk where there is no response head).

    The modality "baseline" is what no layer says alone: the regimen, the model's intercept, and what layers say
    together. All add up to the model's own logit, before calibration.
    """

    modality: str
    is_present: bool
    value: float | None
    detail: str


@dataclass(frozen=True)
class MissingLayer(_Fact):
    """What measuring an absent modality could change: a distribution, never one number.

    Attributes:
        quantiles: probability at 5, 25, 50, 75, 95% over training patients' values of the layer.
        changes_answer: share of them for whom the set of answers would be another.
        n_drawn: how many were drawn; fewer than 50 training patients with the layer give no quantiles and say so.
    """

    modality: str
    quantiles: tuple[float, ...]
    changes_answer: float | None
    n_drawn: int
    note: str


@dataclass(frozen=True)
class Pattern(_Fact):
    """The pattern of measured layers: how many training patients had it, and how the model did on them."""

    layers: tuple[str, ...]
    n_training: int
    is_validated: bool
    note: str


@dataclass(frozen=True)
class Gene(_Fact):
    """An altered gene: `weight` is its attention (None: hidden), `effect` the change of the logit without it."""

    gene: str
    alteration: str
    vaf: float | None
    weight: float | None
    effect: float | None
    pathways: tuple[str, ...]


@dataclass(frozen=True)
class Programme(_Fact):
    """An expression programme or numeric layer's part: value in training SD, change of the logit without it."""

    name: str
    layer: str
    z: float | None
    effect: float | None


@dataclass(frozen=True)
class Tile(_Fact):
    """A tile among the highest or lowest: `image` is a JPEG, base64; x, y in level-0 pixels."""

    slide_id: str
    x: int
    y: int
    score: float
    is_top: bool
    image: str


@dataclass(frozen=True)
class SlidePicture(_Fact):
    """A slide with its heatmap, or why there is none.

    Attributes:
        image: JPEG, base64; "" where there is none.
        legend: what the colours mean.
        note: why there is no picture, or none with colours; "" where there is.
        side_px: side of a tile in level-0 pixels; None where it is not known.
        heat: (x, y, weight) of every tile: corner in level-0 pixels, attention relative to the course's mean tile.
            Empty where attention is hidden.
    """

    slide_id: str
    image: str
    legend: str
    n_tiles: int
    note: str
    side_px: float | None = None
    heat: tuple[tuple[int, int, float], ...] = ()


@dataclass(frozen=True)
class Flag(_Fact):
    """Something that speaks against the number: `code` is stable, `sentence` is for people."""

    level: Level
    code: str
    sentence: str


@dataclass(frozen=True)
class Placement(_Fact):
    """Where the patient lies among the training patients: a value and its percentile."""

    name: str
    value: str
    percentile: float | None


@dataclass(frozen=True)
class SignOff(_Fact):
    """Who stands for the report; "preliminary" until a named pathologist signs."""

    status: Literal["preliminary", "final", "amended", "withdrawn"]
    by: str
    at: str
    comment: str


@dataclass(frozen=True)
class PatientReport(_Fact):
    """One treatment course. `watermark` is "" or printed across every page and field.

    `ranking` is the record of candidate regimens (docs/ranking.md), `curves` that of survival curves, `twin` that
    of tumour size (docs/twin.md), `host` what the patient's own genome and methylome say of the regimens at hand
    (docs/report.md), where they were asked for.
    """

    subject: Subject
    provenance: Provenance
    status: Status
    reason: str
    watermark: str
    response: Response | None
    survival: Survival | None
    contributions: tuple[Contribution, ...]
    missing: tuple[MissingLayer, ...]
    pattern: Pattern | None
    genes: tuple[Gene, ...]
    programmes: tuple[Programme, ...]
    tiles: tuple[Tile, ...]
    slides: tuple[SlidePicture, ...]
    flags: tuple[Flag, ...]
    placements: tuple[Placement, ...]
    never_tested: tuple[str, ...]
    """For whom the model was never tested, a sentence each."""
    limits: tuple[str, ...]
    """What the report does not say (safety notices), a sentence each."""
    sign_off: SignOff
    ranking: Ranking | None = None
    curves: PatientCurves | None = None
    twin: TwinRecord | None = None
    host: HostRecord | None = None
    schema: int = SCHEMA_VERSION

    def __post_init__(self) -> None:
        if self.is_predicted:
            return
        empty = (
            "response",
            "survival",
            "contributions",
            "missing",
            "genes",
            "programmes",
            "tiles",
            "placements",
            "ranking",
            "curves",
            "twin",
        )
        told = [name for name in empty if getattr(self, name)]
        if told or not self.reason:
            got = f"{self.status} with {', '.join(told) or 'no reason'}"
            raise InputError("a report without a prediction has a reason and no number", got=got)

    @property
    def is_predicted(self) -> bool:
        """True where there is a number."""
        return self.status in ("predicted", "predicted_partly")
