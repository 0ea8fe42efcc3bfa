"""Sentences that stand in every report: what it is not, and what it does not say."""

from __future__ import annotations

RESEARCH_USE = (
    "Research use only: not for decisions about a patient. Preliminary until a named pathologist signs."
)

ATTENTION = "Colours and tiles show what the model weighed, not a cause and not a diagnosis."

PROGNOSIS = (
    "The probability is that of response among patients who received this regimen. It does not say what the regimen "
    "causes, nor what another regimen would do."
)

FUSION_OPEN = (
    "No public cohort known to the authors has slides, mutations, expression and treatment response together: that "
    "joining them helps real patients is an open question."
)
"""Said by README, model card, every report and the API."""

NO_RANKING = "It does not rank regimens, recommends none, and gives no dose."
SIDE_BY_SIDE = "It recommends no regimen and gives no dose; that regimens stand side by side is no advice."
"""Instead of `NO_RANKING` where a report has the ranking's panel."""

LIMITS = (
    PROGNOSIS,
    NO_RANKING,
    "Contributions, genes, programmes and heatmaps say what moved the model's number; they are not causes.",
    "Calibration was measured on patients of the training sites. At another site it is unknown until it is measured "
    "there.",
    FUSION_OPEN,
)
"""Said of every prediction."""

SIMULATED_LIMIT = (
    "The model was trained on simulated data: no patient is behind any number here, and it says nothing about a real "
    "tumour."
)
