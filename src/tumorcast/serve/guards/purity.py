"""Too little tumour in a sample: what is measured is then mostly of other cells.

Makers of large sequencing panels ask for 20% tumour nuclei at least: below it variants and losses are missed.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tumorcast.cohort.people import purity_of
from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case

_FEWEST_VARIANTS, _CLONAL = 10, 0.9


def purity_findings(case: Case) -> Iterator[Finding]:
    """A declared purity below the least that is asked for and that training had; where none is declared, one estimated
    from the variants."""
    training = case.bundle.manifest.population.purity
    least = min(case.policy.least_purity, training.low if training is not None else 1.0)
    declared = {name: purity_of(case.given.study, name) for name in case.samples}
    for name, own in declared.items():
        if 0 < own < least:
            what = f"sample {name} has too few tumour cells"
            yield Finding("low_purity", what, f"{own:.0%}", f"{least:.0%} or more", "give a purer sample")
    sample, variants = case.sample_of("mutations"), case.given.study.variants
    if sample is None or variants is None or not np.isnan(declared.get(sample, np.nan)):
        return
    estimated = estimated_purity(variants[variants["sample_id"] == sample])
    if estimated < least:
        what = f"sample {sample} seems to have few tumour cells"
        got = f"{estimated:.0%} by the fractions of its variants"
        yield Finding("low_purity_estimated", what, got, f"{least:.0%} or more", "state TUMOR_PURITY")


def estimated_purity(variants: pd.DataFrame) -> float:
    """Twice the 90th percentile of the allele fractions, 1 at most: where most clonal variants stand on one of two
    copies, so that it is too high rather than too low where copies were lost; NaN for fewer than ten variants."""
    vaf = variants["vaf"].to_numpy(float)
    vaf = vaf[np.isfinite(vaf)]
    if len(vaf) < _FEWEST_VARIANTS:
        return float("nan")
    return float(min(1.0, 2 * np.quantile(vaf, _CLONAL)))
