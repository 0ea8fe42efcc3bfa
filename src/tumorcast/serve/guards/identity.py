"""Slide and sequencing that do not look like one patient: sex, samples of one patient, samples of two.

What cannot be checked: nothing here ties a slide to its sequencing but the names they are given; germline genotypes are
not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pandas as pd

from tumorcast.biology.sex_markers import Sex, sex_of_expression, sex_of_segments, sex_of_variants
from tumorcast.serve.findings import Finding
from tumorcast.serve.guards.case import Case

_FIX = "check that all samples are of this patient; where SEX is not the sex at birth, leave it empty"


def sex_findings(case: Case) -> Iterator[Finding]:
    """Samples that speak of another sex than the declared one, or of two."""
    found = dict(_sexes(case))
    declared = case.person("sex")
    told = "; ".join(f"{what} of a {sex}" for what, sex in found.items())
    if declared in ("female", "male"):
        if any(sex != declared for sex in found.values()):
            what = "the samples do not look like this patient's: another sex than the declared one"
            yield Finding("sex_contradiction", what, told, f"those of a {declared}", _FIX)
    elif len(set(found.values())) > 1:
        what = "the samples do not look like one patient's: they are of two sexes"
        yield Finding("sex_contradiction", what, told, "one sex", _FIX)


def _sexes(case: Case) -> Iterator[tuple[str, Sex]]:
    """What of the course tells a sex, and which."""
    study, expressed = case.given.study, case.sample_of("expression")
    table = None if case.shared.is_z_scored else study.expression
    if table is not None and expressed in table.index:
        sex = sex_of_expression(cast(pd.Series, table.loc[expressed]))
        if sex:
            yield "expression", sex
    for name in case.samples:
        segments = study.segments[study.segments["sample_id"] == name]
        if len(segments) and (sex := sex_of_segments(segments)):
            yield "copy-number segments", sex
    sequenced = case.sample_of("mutations")
    if study.variants is not None and sequenced is not None:
        own = study.variants[study.variants["sample_id"] == sequenced]
        if sex := sex_of_variants(own):
            yield "variants", sex


def duplicate_findings(case: Case) -> Iterator[Finding]:
    """Files or measurements that stand under another patient's name too: one of the two is not theirs."""
    for what in sorted(case.shared.duplicates.get(case.patient_id, ())):
        told = f"{what} of this patient stands under another patient's name too"
        yield Finding("same_as_another_patient", told, fix="find out whose it is, and leave out the other")


def swap_findings(case: Case) -> Iterator[Finding]:
    """Two sequenced samples of the patient that share no variant: two tumours, or two patients."""
    if case.patient_id in case.shared.strangers:
        what = "two sequenced samples of this patient share no variant: two tumours, or two patients"
        yield Finding("samples_share_nothing", what, fix="check whose samples they are")
