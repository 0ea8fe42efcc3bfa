"""Layers that are not what the model read in training: another scale, too few of its features."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case

_DENSE = ("expression", "copy_number", "copy_number_log2", "methylation")
"""Layers of which every sample has every feature; of others much may be lacking."""


def scale_findings(case: Case) -> Iterator[Finding]:
    """Expression on another scale, where the course has expression."""
    told = case.shared.scale_mismatch
    if told is not None and case.sample_of("expression") is not None:
        yield Finding("not_on_scale", f"expression: {told}", layer="expression")


def feature_findings(case: Case) -> Iterator[Finding]:
    """Layers of whose features, as the model knows them, too few were measured."""
    least = case.policy.least_measured
    for name in (name for name in _DENSE if name in case.layers):
        features = list(case.bundle.prepared.layers[name].features)
        values = pd.to_numeric(case.row(case.cohort.layers[name]).reindex(features), errors="coerce")
        measured = int(values.notna().sum())
        if 0 < measured < least * len(features):
            what = f"{name}: too few of the features that the model reads"
            expected = f"{least:.0%} of {len(features)} or more"
            fix = "give the whole file, of a human tumour, with the names of its genes"
            yield Finding("too_few_features", what, f"{measured}", expected, fix, name)
