"""All guards over one course, in order: what is left out before it is predicted, and what refuses it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.attribution import attribution_findings
from tumorcast.serve.guards.case import BURDEN, Case
from tumorcast.serve.guards.domain import (
    cancer_findings,
    line_findings,
    scanner_findings,
    treatment_findings,
    unlike_findings,
)
from tumorcast.serve.guards.identity import duplicate_findings, sex_findings, swap_findings
from tumorcast.serve.guards.layers import feature_findings, scale_findings
from tumorcast.serve.guards.panel import panel_findings
from tumorcast.serve.guards.pattern import pattern_findings
from tumorcast.serve.guards.purity import purity_findings
from tumorcast.serve.guards.timing import timing_findings
from tumorcast.serve.guards.tissue import (
    amount_findings,
    preparation_findings,
    stain_findings,
    tumour_findings,
)
from tumorcast.serve.unlike import Unlike

Guard = Callable[[Case], Iterator[Finding]]

BEFORE: tuple[Guard, ...] = (
    line_findings,
    treatment_findings,
    cancer_findings,
    tumour_findings,
    stain_findings,
    preparation_findings,
    scanner_findings,
    sex_findings,
    duplicate_findings,
    swap_findings,
    purity_findings,
    panel_findings,
    scale_findings,
    feature_findings,
)
"""Look at tables, before a slide is opened."""


def findings_before(case: Case, demonstrate: bool) -> list[Finding]:
    """What the tables say; layers that `leaves_out` names are then not used."""
    return _settled(case, (found for guard in BEFORE for found in guard(case)), demonstrate)


def findings_after(
    case: Case, course: CourseArrays, unlike: Unlike | None, before: Sequence[Finding], demonstrate: bool
) -> list[Finding]:
    """What the course's arrays say: nothing to predict from, layers not used, measurements far from training."""
    left_out = [found.layer for found in before if found.leaves_out]
    present = zip(case.bundle.prepared.modalities, course.is_present, strict=True)
    layers = [name for name, is_present in present if is_present]
    unused = case.given.unused(course, left_out)
    found = [
        *unlike_findings(unlike),
        *amount_findings(case, course),
        *timing_findings(unused, layers),
        *unused,
        *pattern_findings(case, layers),
        *attribution_findings(case.bundle.manifest),
    ]
    if not layers:
        found.insert(0, Finding("nothing_usable", "nothing that the model reads is there"))
    return _settled(case, found, demonstrate)


def without(cohort: Cohort, course_id: str, findings: Iterable[Finding]) -> Cohort:
    """The cohort without the layers of one course that findings leave out."""
    for layer in dict.fromkeys(found.layer for found in findings if found.leaves_out):
        cohort = _without_layer(cohort, course_id, layer)
    return cohort


def _without_layer(cohort: Cohort, course_id: str, layer: str) -> Cohort:
    if layer == BURDEN:
        tmb = cohort.tmb.copy()
        tmb.loc[course_id] = np.nan
        return replace(cohort, tmb=tmb)
    is_present, layers, slides = cohort.is_present.copy(), dict(cohort.layers), cohort.slides
    if layer in is_present:
        is_present.loc[course_id, layer] = False
    if layer in layers:
        layers[layer] = layers[layer].copy()
        layers[layer].loc[course_id] = np.nan
    if layer == "slide":
        slides = slides[slides["course_id"] != course_id]
    return replace(cohort, is_present=is_present, layers=layers, slides=slides)


def _settled(case: Case, found: Iterable[Finding], demonstrate: bool) -> list[Finding]:
    return [case.policy.settled(one, demonstrate) for one in found]
