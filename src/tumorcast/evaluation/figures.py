"""Pictures of a run, as matplotlib figures; the colour-blind can read them, simulated data are marked."""

from tumorcast.evaluation.curve_figures import (
    calibration_figure,
    kaplan_meier_figure,
    precision_recall_figure,
    roc_figure,
)
from tumorcast.evaluation.figure_style import save_figure
from tumorcast.evaluation.interval_figures import forest_figure, subsets_figure

__all__ = [
    "calibration_figure",
    "forest_figure",
    "kaplan_meier_figure",
    "precision_recall_figure",
    "roc_figure",
    "save_figure",
    "subsets_figure",
]
