"""Missing is informative: for which combinations of layers is the model validated?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case
from tumorcast.serve.population import PatternFigures


def pattern_findings(case: Case, layers: Sequence[str]) -> Iterator[Finding]:
    """A combination of layers that too few training patients had."""
    patterns, least = case.bundle.manifest.population.patterns, case.policy.least_patients
    if not patterns or not layers:
        return
    own = figures_of(patterns, layers)
    count = 0 if own is None else own.n_training
    if count < least:
        what = f"not validated for this combination ({'+'.join(layers)})"
        got, expected = f"{count} training patients with exactly these layers", f"{least} or more"
        yield Finding("pattern_not_validated", what, got, expected)


def figures_of(patterns: Sequence[PatternFigures], layers: Sequence[str]) -> PatternFigures | None:
    """The training patients with exactly these layers; None where there were none."""
    return next((pattern for pattern in patterns if {*pattern.layers} == {*layers}), None)
