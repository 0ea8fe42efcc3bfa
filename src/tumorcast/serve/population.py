"""What a manifest says of its training patients and of the model's intended use: counts, ranges, figures."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

UNKNOWN = "unknown"
"""Key of the patients whose value is not recorded."""


class Section(BaseModel):
    """A part of the manifest: frozen, without unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Range(Section):
    """Of `n` known values: the least, the median and the greatest."""

    n: int
    low: float
    median: float
    high: float


class Figure(Section):
    """A held-out figure with its patient-bootstrap interval; None where too few patients give one."""

    value: float
    low: float | None = None
    high: float | None = None


class PatternFigures(Section):
    """A pattern of measured layers.

    Attributes:
        layers: that were measured, in the manifest's order.
        n_training: training patients with exactly these.
        n_held_out: held-out patients with exactly these.
        held_out: measure ("auroc", "brier", "c_index") -> figure of those patients; empty below ten of them.
        masked: measure -> figure of all held-out patients with only these layers shown to the model.
        calibration: "brier" and "observed_expected" (responders by the sum of probabilities) of the training patients
            with exactly these, predicted by models that had not seen them; empty below 50 of them.
    """

    layers: tuple[str, ...]
    n_training: int
    n_held_out: int = 0
    held_out: dict[str, Figure] = {}
    masked: dict[str, Figure] = {}
    calibration: dict[str, Figure] = {}


class TreatmentCount(Section):
    """Training patients of one cancer type who received one set of drugs.

    Attributes:
        cancer: as the study writes it, "unknown" where it is not recorded.
        agents: names, sorted; () where no drug is recorded.
        n: patients.
        n_with_response, responders: of them; None below ten with a known response.
    """

    cancer: str
    agents: tuple[str, ...]
    n: int
    n_with_response: int | None = None
    responders: int | None = None


class Population(Section):
    """The training patients. Tables are value -> patients; empty: the study has no such column.

    Values that are not recorded for some are counted as "unknown". Ages of 90 and above count as 90.

    Attributes:
        agents, regimens, lines: of therapy; a patient with several courses counts for each.
        responders, n_with_response: patients with a response, and with a known one; None without that head.
        procedures: how the tissue was taken; preservations: FFPE or frozen.
        slide_mpp: um/px of level 0 of the training slides; slides: how many.
        stains, scanners: slides, not patients.
        sequenced_mb: Mb of the genome that the sequencing covered.
        purity: stated share of tumour cells of the samples.
        tiles: of a course's slides.
        patterns: by measured layers, the most frequent first.
        treatments: by cancer type and set of drugs, the most frequent first; the first course of each patient.
    """

    cancer_types: dict[str, int] = {}
    sexes: dict[str, int] = {}
    ages: Range | None = None
    races: dict[str, int] = {}
    ancestries: dict[str, int] = {}
    sites: dict[str, int] = {}
    regimens: dict[str, int] = {}
    agents: dict[str, int] = {}
    lines: dict[str, int] = {}
    responders: int | None = None
    n_with_response: int | None = None
    procedures: dict[str, int] = {}
    preservations: dict[str, int] = {}
    slides: int = 0
    slide_mpp: Range | None = None
    stains: dict[str, int] = {}
    scanners: dict[str, int] = {}
    sequenced_mb: Range | None = None
    purity: Range | None = None
    tiles: Range | None = None
    patterns: tuple[PatternFigures, ...] = ()
    treatments: tuple[TreatmentCount, ...] = ()


class IntendedUse(Section):
    """Who may use the model, for what, on whom, and what it is not for; a sentence each."""

    users: tuple[str, ...]
    purpose: tuple[str, ...]
    patients: tuple[str, ...]
    not_for: tuple[str, ...]
