"""Published determinants of response to immunotherapy and chemotherapy, as few numbers a tumour.

Prior knowledge in place of data: a cohort of some hundred patients cannot find a gene that one tumour in twenty has
altered among twenty thousand, and need not where the literature has. A marker of genes is 1 where one of them has a
damaging variant (truncating or at a splice site), 0 where the tumour was sequenced and has none.

- `antigen_presentation_loss`: interferon-gamma signalling and antigen presentation, resistance to checkpoint inhibitors
  (Zaretsky 2016, N Engl J Med 375:819; Gao 2016, Cell 167:397; Sade-Feldman 2017, Nat Commun 8:1136).
- `recombination_loss`: homologous recombination, response to platinum (Pennington 2014, Clin Cancer Res 20:764) and to
  checkpoint inhibitors (Teo 2018, J Clin Oncol 36:1685).
- `mismatch_repair_loss`: response to checkpoint inhibitors (Le 2015, N Engl J Med 372:2509).
- `stk11_keap1_loss`: resistance of lung cancer (Skoulidis 2018, Cancer Discov 8:822).
- `pten_loss`: resistance of melanoma (Peng 2016, Cancer Discov 6:202).
- `chromatin_remodelling_loss`: response of renal cancer (Miao 2018, Science 359:801).
- `log_burden`: log1p of nonsynonymous variants (Samstein 2019, Nat Genet 51:202).
- `t_cell_inflamed_mean`, `pan_f_tbrs`, `angiogenesis`, `proliferation`: of `expression_scores`, with their sources.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tumorcast.biology.variants import is_nonsynonymous

LOSSES: dict[str, tuple[str, ...]] = {
    "antigen_presentation_loss": ("B2M", "IFNGR1", "IFNGR2", "JAK1", "JAK2", "STAT1", "TAP1", "TAP2"),
    "recombination_loss": (
        "ATM", "BARD1", "BRCA1", "BRCA2", "BRIP1", "CHEK1", "CHEK2", "ABRAXAS1", "MRE11", "NBN", "PALB2", "RAD51C",
        "RAD51D",
    ),
    "mismatch_repair_loss": ("MLH1", "MSH2", "MSH6", "PMS2"),
    "stk11_keap1_loss": ("STK11", "KEAP1"),
    "pten_loss": ("PTEN",),
    "chromatin_remodelling_loss": ("PBRM1", "ARID1A", "ARID2", "BRD7"),
}  # fmt: skip
EXPRESSION_MARKERS = ("t_cell_inflamed_mean", "pan_f_tbrs", "angiogenesis", "proliferation")
_DAMAGING = ("truncating", "splice")


def mutation_markers(variants: pd.DataFrame, sequenced: Iterable[str]) -> pd.DataFrame:
    """sample x marker of every sequenced sample.

    Args:
        variants: `study.Study.variants`. sequenced: `study.Study.sequenced`.
    """
    samples = pd.Index(sorted(sequenced), name="sample_id")
    damaged = variants[variants["impact"].isin(_DAMAGING)]
    made = {
        marker: samples.isin(set(damaged.loc[damaged["gene"].isin(genes), "sample_id"])).astype(float)
        for marker, genes in LOSSES.items()
    }
    counts = variants.loc[variants["impact"].map(is_nonsynonymous), "sample_id"].value_counts()
    made["log_burden"] = np.log1p(counts.reindex(samples).fillna(0).to_numpy(float))
    return pd.DataFrame(made, index=samples)
