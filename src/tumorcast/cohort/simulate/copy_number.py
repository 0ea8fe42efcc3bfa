"""Discrete copy number (GISTIC levels -2..2) of the network's genes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.simulate.planted import PLANTED_GENES
from tumorcast.cohort.simulate.samples import SimulatedSample
from tumorcast.cohort.simulate.settings import world

_AMPLIFIED = {"MYC": 0.08, "CCND1": 0.07, "ERBB2": 0.04, "EGFR": 0.04, "MDM2": 0.04, "CDK4": 0.03,
              "FGFR1": 0.04, "CCNE1": 0.03, "MCL1": 0.04, "PIK3CA": 0.03, "TERT": 0.03}  # fmt: skip
_DELETED = {"CDKN2A": 0.12, "CDKN2B": 0.11, "PTEN": 0.05, "RB1": 0.03, "SMAD4": 0.03, "STK11": 0.02,
            "NF1": 0.01, "TP53": 0.01}  # fmt: skip
_ARMS = 40
_BACKGROUND_FOCAL = 0.002


def draw_copy_number(
    random: np.random.Generator, samples: Sequence[SimulatedSample], n_patients: int
) -> pd.DataFrame:
    """sample x gene for the samples whose mutations were measured.

    Arms gain or lose together (-1, 1); -2 and 2 are focal and never fall on planted genes, whose
    alterations are all in the variant table.
    """
    genes = GeneNetwork.embedded().genes
    arm = world("chromosome arms").integers(0, _ARMS, len(genes))
    by_arm = random.choice([-1, 0, 1], (n_patients, _ARMS), p=[0.14, 0.70, 0.16])
    levels = by_arm[:, arm]
    for level, rates in ((2, _AMPLIFIED), (-2, _DELETED)):
        chance = np.array([rates.get(gene, _BACKGROUND_FOCAL) for gene in genes])
        levels = np.where(random.random(levels.shape) < chance, level, levels)
    is_planted = np.isin(genes, PLANTED_GENES)
    levels[:, is_planted] = np.clip(levels[:, is_planted], -1, 1)
    kept = [sample for sample in samples if "mutations" in sample.layers]
    table = levels[[sample.patient for sample in kept]].astype(np.float32)
    return pd.DataFrame(table, index=[s.sample_id for s in kept], columns=list(genes)).rename_axis(
        "sample_id"
    )
