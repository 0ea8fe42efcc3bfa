"""What is planted: the genes behind the response, and the coefficients of the formula.

Published findings that the formula imitates: lymphocyte infiltration and the T-cell-inflamed programme go
with response to checkpoint inhibitors (Tumeh 2014, Nature 515:568; Ayers 2017, J Clin Invest 127:2930); loss
of interferon-gamma signalling or antigen presentation goes with resistance (Zaretsky 2016, N Engl J Med
375:819; Sade-Feldman 2017, Nat Commun 8:1136); loss of homologous recombination repair goes with response to
platinum (Pennington 2014, Clin Cancer Res 20:764). The sizes of the effects are ours.
"""

from __future__ import annotations

REGIMEN_CLASSES = ("immunotherapy", "combination", "chemotherapy")

INTERFERON_GENES = {"JAK1": 0.095, "B2M": 0.080, "JAK2": 0.045, "STAT1": 0.030}
"""Interferon-gamma and antigen presentation: gene -> rate of driver alterations a tumour."""

REPAIR_GENES = {"BRCA2": 0.095, "ATM": 0.080, "BRCA1": 0.045, "PALB2": 0.030}
"""Homologous recombination repair: gene -> rate of driver alterations a tumour."""

PLANTED_GENES = (*INTERFERON_GENES, *REPAIR_GENES)

PLANTED_PATHWAYS = ("interferon_jak_stat", "antigen_presentation", "homologous_recombination")
"""Pathways of the embedded gene network that the planted genes stand for."""

PROGRAMME_GENES = (
    "CCL5", "CD27", "CD274", "CD276", "CD8A", "CMKLR1", "CXCL9", "CXCR6", "HLA-DQA1", "HLA-DRB1", "HLA-E",
    "IDO1", "LAG3", "NKG7", "PDCD1LG2", "PSMB10", "STAT1", "TIGIT",
)  # fmt: skip
"""The T-cell-inflamed gene expression profile (Ayers 2017)."""

TERMS = ("infiltration", "interferon_loss", "repair_loss", "programme", "clinical")

MODALITY_TERMS = {
    "slide": ("infiltration",),
    "mutations": ("interferon_loss", "repair_loss"),
    "expression": ("programme",),
    "clinical": ("clinical",),
}

COEFFICIENTS = {
    "infiltration": (1.30, 1.17, 0.78),
    "interferon_loss": (-2.30, -2.07, -0.92),
    "repair_loss": (0.92, 2.07, 2.76),
    "programme": (1.30, 1.17, 0.78),
    "clinical": (0.30, 0.30, 0.30),
}
"""Log odds a unit of the term, for each of `REGIMEN_CLASSES`: the interaction with the regimen."""

INTERCEPTS = (-0.20, -0.30, -0.75)

MEAN_DENSITY_PER_MM2, SD_DENSITY_PER_MM2 = 1600.0, 650.0
"""Lymphocytes per mm2 of tissue over patients: 20 and 8 a tile."""
