"""Out of domain: line of therapy, treatment and measurements far from those of training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case
from tumorcast.serve.unlike import Unlike


def line_findings(case: Case) -> Iterator[Finding]:
    """A line of therapy that was not in training."""
    lines, own = case.bundle.manifest.rules.lines, float(case.course["line"])
    if lines is not None and own not in lines:
        told = f"line {own:g}" if np.isfinite(own) else "an unknown line"
        seen = ", ".join(map(str, lines))
        yield Finding("line_not_seen", f"{told} of therapy; the model was trained on {seen}")


def treatment_findings(case: Case) -> Iterator[Finding]:
    """Refused where neither one of the agents nor one of their classes was seen; told where one was not."""
    seen, agents = case.bundle.prepared.treatment, tuple(case.course["agents"])
    if not seen.agents:
        return
    if not agents:
        told = "treatment: no drug is recorded, the number is for no treatment in particular"
        yield Finding("treatment_not_recorded", told)
    elif not {*agents} & {*seen.agents} and not {*case.course["agent_classes"]} & {*seen.classes}:
        yield Finding("treatment_not_seen", f"treatment unlike any of training: {', '.join(agents)}")
    else:
        for name in agents:
            if name not in seen.agents:
                yield Finding("treatment_partly_seen", f"treatment: {name} was not seen in training")


def unlike_findings(unlike: Unlike | None) -> Iterator[Finding]:
    """Measurements that training patients seldom or never have together."""
    if unlike is not None and unlike.note:
        yield Finding(
            "unlike_training", unlike.note, fix="check the files; the model does not know such patients"
        )
