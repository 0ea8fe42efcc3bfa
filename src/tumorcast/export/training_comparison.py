"""What the lab compares a patient with, from the inner folds of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.summaries import programme_scores, quantities
from tumorcast.evaluation.comparison import Comparison, Distribution, distribution
from tumorcast.evaluation.trust import Trust
from tumorcast.training.fold import Fitted
from tumorcast.training.inference import outputs_of


def training_comparison(fitted: Fitted, courses: Sequence[CourseArrays], trust: Trust | None) -> Comparison:
    """Distributions among the courses that `fitted` was trained on.

    Args:
        courses: these courses, in any order.
        trust: calibrates the held-out probabilities as the lab will those of patients.
    """
    of = {course.course_id: course for course in courses}
    prepared, patients = fitted.prepared, [course.patient_id for course in courses]
    values = pd.DataFrame([quantities(prepared, course) for course in courses])
    programmes = pd.DataFrame([programme_scores(prepared, course) for course in courses])
    inner = fitted.inner
    if trust is not None and "probability" in inner:
        inner = inner.assign(probability=trust.probability(inner["probability"]))
    outputs = {
        name: distribution(inner[name], inner["patient_id"])
        for name in ("probability", "risk")
        if name in inner
    }
    return Comparison(
        contributions=_contributions(fitted, of),
        quantities={str(name): distribution(values[name], patients) for name in values},
        outputs=outputs,
        programmes={
            str(name): (float(own.mean()), float(own.std(ddof=0)))
            for name, own in programmes.items()
            if own.notna().sum() > 1 and own.std(ddof=0) > 0
        },
    )


def _contributions(fitted: Fitted, of: Mapping[str, CourseArrays]) -> dict[str, Distribution]:
    """Each member on the courses of its own validation fold."""
    scores, is_present, patients = [], [], []
    groups = fitted.inner.groupby("fold", sort=False)["course_id"]
    for member, (_, ids) in zip(fitted.members, groups, strict=True):
        own = [of[str(course_id)] for course_id in ids]
        said = torch.cat([output.single_scores for output in outputs_of(member.predictor, own)])
        scores.append(said[:, :, 0].double().cpu().numpy())
        is_present += [course.is_present for course in own]
        patients += [course.patient_id for course in own]
    table, present = np.concatenate(scores), np.stack(is_present)
    table[~present] = np.nan
    return {name: distribution(table[:, m], patients) for m, name in enumerate(fitted.prepared.modalities)}
