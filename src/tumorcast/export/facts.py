"""`BundleFacts`: what a bundle says beside its numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tumorcast.config.models import DataConfig, Head
from tumorcast.evaluation.causal.effects import Effects
from tumorcast.evaluation.causal.overlap import Overlap
from tumorcast.evaluation.comparison import Comparison
from tumorcast.evaluation.out_of_distribution import Reference
from tumorcast.evaluation.spreads import Spreads
from tumorcast.evaluation.survival_curves import SurvivalRecord
from tumorcast.evaluation.trust import Trust
from tumorcast.export.intended_use import intended_use
from tumorcast.readers.study import Origin
from tumorcast.serve.manifest import SizeResiduals, TileEncoderInfo
from tumorcast.serve.population import IntendedUse, Population


@dataclass(frozen=True)
class BundleFacts:
    """What a bundle says beside its numbers.

    Attributes:
        name: of the run.
        origin: "simulated" where any training course is.
        study_id: of the training study.
        n_patients, n_courses: the model was trained on.
        heads: of the model, in the order of its scores.
        data: the run's data settings; their rules (which tissue, which courses) travel in the manifest.
        tile_encoder: that made the training features; None where the model reads no slide.
        tile_encoder_onnx: its graph, copied into the bundle; None where it is not known.
        thresholds: cut of the probability or risk by head, chosen on training courses.
        metrics: `metrics.json`: held-out figures with intervals, ours and the comparisons'.
        subsets: the fused model's figures by the layers that it was given ("slide+mutations").
        n_held_out: patients behind `metrics`.
        is_refit: the model was trained again on all courses; the figures are those of the folds' models.
        population: the training patients.
        provenance: of the training (`git_commit`, `data_sha256`), where known.
        trust: calibration, sets of answers and operating points; None where there was too little to learn them from.
        reference: what the training patients look like; None where they are too few.
        size: how far the head `size` was off on inner folds; None without it.
        spreads: how each number of a case is spread over them; None likewise.
        comparison: what a report compares a patient with.
        survival: what survival curves are drawn from; None without such a head, or of too few patients.
        overlap: which treatments a training patient could have received; None where there is nothing to compare.
        effects: adjusted outcomes of kinds of treatment; None where too few patients received two of them.
    """

    name: str
    origin: Origin
    study_id: str
    n_patients: int
    n_courses: int
    heads: tuple[Head, ...]
    data: DataConfig
    tile_encoder: TileEncoderInfo | None = None
    tile_encoder_onnx: Path | None = None
    thresholds: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    subsets: dict[str, Any] = field(default_factory=dict)
    n_held_out: int = 0
    is_refit: bool = False
    population: Population = field(default_factory=Population)
    provenance: dict[str, str] = field(default_factory=dict)
    trust: Trust | None = None
    reference: Reference | None = None
    spreads: Spreads | None = None
    size: SizeResiduals | None = None
    comparison: Comparison | None = None
    overlap: Overlap | None = None
    survival: SurvivalRecord | None = None
    effects: Effects | None = None

    @property
    def intended_use(self) -> IntendedUse:
        """Who may use the model, for what, on whom."""
        return intended_use(self.heads, self.population, self.origin)
