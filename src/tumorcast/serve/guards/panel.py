"""A panel too small for a mutational burden, or much smaller than what training saw.

Panels of less than about 1 Mb give a burden whose error grows sharply (Buchhalter et al., Int J Cancer 2019, 144:848);
the smallest assays of the Friends of Cancer Research harmonisation cover 0.8 Mb (Merino et al., J Immunother Cancer
2020, 8:e000147; Vega et al., Ann Oncol 2021, 32:1626).
"""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import BURDEN, Case

_LEAST_SHARE = 0.5
"""Of the least that training covered: below it, genes that were not looked at count as unaltered too often."""


def panel_findings(case: Case) -> Iterator[Finding]:
    """Too little covered for a burden; much less covered than in training."""
    sample = case.sample_of("mutations")
    covered = case.given.study.sequenced_mb.get(sample or "")
    if covered is None or "mutations" not in case.layers:
        return
    training, least = case.bundle.manifest.population.sequenced_mb, case.policy.least_megabases
    got = f"{covered:g} Mb"
    if training is not None and covered < _LEAST_SHARE * training.low:
        what = "mutations: the sequencing covers much less than that of training"
        yield Finding("panel_unlike_training", what, got, f"{training.low:g} Mb or more", layer="mutations")
    if covered < least and (training is None or covered < training.low):
        what = "the panel is too small for a mutational burden, which is not given"
        yield Finding("panel_too_small", what, got, f"{least:g} Mb or more", layer=BURDEN)
