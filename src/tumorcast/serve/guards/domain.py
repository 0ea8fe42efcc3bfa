"""Out of domain: cancer type, line of therapy, treatment, scanner and measurements far from those of training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tumorcast.cohort.people import told_of_sample
from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case
from tumorcast.serve.population import UNKNOWN
from tumorcast.serve.unlike import Unlike

_MOST_NAMED = 8


def cancer_findings(case: Case) -> Iterator[Finding]:
    """A cancer type that no training patient had; where training knows its types, it must be declared."""
    counts = case.bundle.manifest.population.cancer_types
    seen = {_plain(name) for name in counts if name != UNKNOWN}
    if not seen:
        return
    told = {text for name in case.samples for text in told_of_sample(case.given.study, name, "cancer_type")}
    if not case.samples and isinstance(own := case.person("cancer_type"), str):
        told = {own}
    expected = _listed(counts)
    if not told and UNKNOWN not in counts:
        fix = "write it in the column CANCER_TYPE of the sample table"
        yield Finding("cancer_type_not_declared", "the cancer type is not declared", "", expected, fix)
    elif told and not {_plain(text) for text in told} & seen:
        what = "a cancer type that no training patient had"
        yield Finding("cancer_type_not_seen", what, ", ".join(sorted(told)), expected)


def scanner_findings(case: Case) -> Iterator[Finding]:
    """A scanner that made no training slide, where training knows its scanners."""
    counts = case.bundle.manifest.population.scanners
    seen, sample = {_plain(name) for name in counts if name != UNKNOWN}, case.sample_of("slide")
    if "slide" not in case.layers or not seen or sample is None:
        return
    told, expected = told_of_sample(case.given.study, sample, "scanner"), _listed(counts)
    if not told and UNKNOWN not in counts:
        fix = "write it in the column SCANNER of the sample table"
        what = "it is not declared which scanner made the slide"
        yield Finding("scanner_not_declared", what, "", expected, fix)
    elif told and not {_plain(text) for text in told} & seen:
        what, fix = (
            "a scanner that made no training slide",
            "verify the model with slides of this scanner first",
        )
        yield Finding("scanner_not_seen", what, told[0], expected, fix, "slide")


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


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").split())


def _listed(counts: dict[str, int]) -> str:
    names = [name for name in counts if name != UNKNOWN]
    return ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
