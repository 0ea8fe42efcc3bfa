"""Sample identifiers of files brought to those of a study."""

from __future__ import annotations

import pandas as pd


def sample_ids(barcodes: pd.Series, samples: pd.Index) -> pd.Series:
    """TCGA's aliquot barcodes shortened to the study's sample identifiers (15 characters, no vial); others stay."""
    text = barcodes.astype(str)
    short = text.str.slice(0, 15)
    is_aliquot = ~text.isin(samples) & text.str.startswith("TCGA-") & short.isin(samples)
    return text.mask(is_aliquot, short)
