"""What a bundle's survival curves are drawn from, from the inner folds of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.config.models import RunConfig
from tumorcast.evaluation.survival_curves import SurvivalRecord, fit_survival
from tumorcast.training.fold import Fitted
from tumorcast.training.inference import outputs_of

_HEAD = "survival"


def training_survival(
    cohort: Cohort, fitted: Fitted, courses: Sequence[CourseArrays], config: RunConfig
) -> SurvivalRecord | None:
    """Each member's risks on its own validation fold, with these courses' times; None without a survival head.

    Args:
        courses: those that `fitted` was trained on.
    """
    heads = config.model.heads
    if _HEAD not in heads:
        return None
    of = {course.course_id: course for course in courses}
    rows = []
    groups = fitted.inner.groupby("fold", sort=False)["course_id"]
    for member, (_, ids) in zip(fitted.members, groups, strict=True):
        own = [of[str(course_id)] for course_id in ids]
        said = torch.cat([output.scores for output in outputs_of(member.predictor, own)])
        risks = said[:, heads.index(_HEAD)].double().cpu().numpy()
        rows += [(course.patient_id, course.course_id, risk) for course, risk in zip(own, risks, strict=True)]
    held = pd.DataFrame(rows, columns=["patient_id", "course_id", "risk"])
    known = cohort.courses.loc[held["course_id"], ["time_days", "is_event"]].astype(float)
    held[["time_days", "is_event"]] = known.to_numpy(np.float64)
    return fit_survival(held, cohort.survival, config.seed)
