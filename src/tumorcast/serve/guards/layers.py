"""Layers that are not what the model read in training: another scale, too few of its features."""

from __future__ import annotations

from collections.abc import Iterator

from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case


def scale_findings(case: Case) -> Iterator[Finding]:
    """Expression on another scale, where the course has expression."""
    told = case.shared.scale_mismatch
    if told is not None and case.sample_of("expression") is not None:
        yield Finding("not_on_scale", f"expression: {told}", layer="expression")
