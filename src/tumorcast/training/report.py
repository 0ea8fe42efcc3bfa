"""What a run says of itself: scores with intervals, figures, a text table."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.evaluation import figures
from tumorcast.evaluation.scores import score_predictions
from tumorcast.training.fold import FUSED
from tumorcast.training.workspace import Workspace

Metrics = dict[str, dict[str, dict[str, float]]]


def score(work: Workspace, predictions: pd.DataFrame) -> Metrics:
    """`metrics.json` of these predictions."""
    settings = work.config.evaluation
    present = set(predictions["model"])
    return score_predictions(
        predictions,
        n_bootstrap=settings.bootstrap,
        seed=work.config.seed,
        confidence=settings.confidence,
        fused=FUSED,
        singles=tuple(name for name in work.config.data.modalities if name in present),
    )


def score_subsets(work: Workspace, subsets: pd.DataFrame) -> Metrics:
    """The fused model's scores for each subset of modalities (model = names joined by +)."""
    settings = work.config.evaluation
    return {
        str(name): score_predictions(
            table.assign(model=FUSED),
            n_bootstrap=settings.bootstrap,
            seed=work.config.seed,
            confidence=settings.confidence,
            fused=FUSED,
            singles=(),
        )[FUSED]
        for name, table in subsets.groupby("model", sort=False)
    }


def primary(work: Workspace) -> str:
    """The metric that ranks: auroc, or c_index where time is predicted."""
    return "c_index" if work.config.model.heads[0] == "survival" else "auroc"


def draw_figures(
    work: Workspace, predictions: pd.DataFrame, metrics: Metrics, subsets: Metrics, folder: Path
) -> None:
    """ROC, precision-recall, calibration (or Kaplan-Meier), forest and missing-modality figures as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    simulated = work.is_simulated
    fused = predictions[predictions["model"] == FUSED]
    n_courses, confidence = len(fused), work.config.evaluation.confidence
    forest = figures.forest_figure(metrics, simulated, n_courses=n_courses, confidence=confidence)
    drawn = {"forest": forest}
    if primary(work) == "auroc":
        drawn["roc"] = figures.roc_figure(predictions, simulated)
        drawn["precision_recall"] = figures.precision_recall_figure(predictions, simulated)
        drawn["calibration"] = figures.calibration_figure(fused, simulated)
    else:
        within_fold = fused.groupby("fold")["risk"].rank(pct=True)  # risks of different folds do not compare
        drawn["kaplan_meier"] = figures.kaplan_meier_figure(
            fused["time_days"].to_numpy(), fused["is_event"].to_numpy(), within_fold.to_numpy(), simulated
        )
    if subsets:
        values = {name: found[primary(work)] for name, found in subsets.items()}
        drawn["missing_modality_curve"] = figures.subsets_figure(
            values, simulated, n_courses=n_courses, confidence=confidence
        )
    for name, figure in drawn.items():
        figures.save_figure(figure, folder / f"{name}.png")
