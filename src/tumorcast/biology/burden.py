"""Tumour mutational burden (TMB): nonsynonymous somatic mutations per megabase of covered coding sequence.

Sources: Chalmers et al., Genome Med 2017, 9:34 (panel size against exome TMB); Buchhalter et al., Int J Cancer
2019, 144:848 (the error of small panels); Merino et al., J Immunother Cancer 2020, 8:e000147 and Vega et al.,
Ann Oncol 2021, 32:1626 (Friends of Cancer Research harmonisation).
"""

from __future__ import annotations

import math

WHOLE_EXOME_MB = 38.0
"""Megabases taken for an exome whose covered region is not stated: a convention in wide use for TCGA exomes.
Capture kits range over about 30-50 Mb (the harmonisation project used 32.1 Mb of TCGA's shared exome), so a
stated region is always to be preferred. It is never applied silently: a reader that uses it reports so."""

SMALLEST_PANEL_MB = 0.8
"""Smallest covered region for which a TMB is given: the smallest assays of the harmonisation project (Merino
2020) cover about 0.8 Mb; the error of smaller panels grows sharply (Chalmers 2017, Buchhalter 2019)."""


def burden_refusal(covered_mb: float | None) -> str | None:
    """Why no TMB can be given for a covered region of `covered_mb` megabases, or None where it can."""
    if covered_mb is None or math.isnan(covered_mb):
        return "covered_mb_unknown"
    if covered_mb <= 0:
        return "covered_mb_not_positive"
    if covered_mb < SMALLEST_PANEL_MB:
        return "panel_too_small"
    return None


def tmb_per_mb(n_nonsynonymous: float | None, covered_mb: float | None) -> float:
    """Nonsynonymous somatic mutations per covered megabase.

    What counts is defined by `variants.is_nonsynonymous`. The value of a panel is not interchangeable with an
    exome's, or another panel's, without calibration (Vega 2021).

    Args:
        n_nonsynonymous: mutations counted; NaN or None is "not sequenced".
        covered_mb: megabases of coding sequence covered.

    Returns:
        Mutations per Mb; NaN where the count is unknown or `burden_refusal` gives a reason.
    """
    if n_nonsynonymous is None or covered_mb is None or burden_refusal(covered_mb) is not None:
        return math.nan
    return float(n_nonsynonymous / covered_mb)
