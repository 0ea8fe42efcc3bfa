"""What a bundle's survival curves are drawn from, from the inner folds of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import torch

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.labels import OTHER_EVENT, OTHER_TIME, other_endpoint
from tumorcast.config.models import RunConfig
from tumorcast.evaluation.survival_curves import SurvivalRecord, fit_survival
from tumorcast.training.fold import Fitted
from tumorcast.training.inference import outputs_of

_HEAD = "survival"


def training_survival(
    cohort: Cohort, fitted: Fitted, courses: Sequence[CourseArrays], config: RunConfig
) -> SurvivalRecord | None:
    """Each member's risks on its own validation fold, with these courses' times; None without a survival head.

    The same risks are also set against the other endpoint of the cohort (`cohort.labels.other_endpoint`), where enough
    patients have it: one score, a slope and a baseline for each.

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
        mine = [of[str(course_id)] for course_id in ids]
        said = torch.cat([output.scores for output in outputs_of(member.predictor, mine)])
        risks = said[:, heads.index(_HEAD)].double().cpu().numpy()
        rows += [
            (course.patient_id, course.course_id, risk) for course, risk in zip(mine, risks, strict=True)
        ]
    held = pd.DataFrame(rows, columns=["patient_id", "course_id", "risk"])
    own = fit_survival(_with_times(held, cohort, "time_days", "is_event"), cohort.survival, config.seed)
    if own is None or OTHER_TIME not in cohort.courses:
        return own
    times = _with_times(held, cohort, OTHER_TIME, OTHER_EVENT)
    other = fit_survival(times, other_endpoint(cohort.survival), config.seed)
    return own if other is None else replace(own, further=(replace(other, risk_of=cohort.survival),))


def _with_times(held: pd.DataFrame, cohort: Cohort, time: str, event: str) -> pd.DataFrame:
    known = cohort.courses.loc[held["course_id"], [time, event]].astype(float)
    return held.assign(time_days=known[time].to_numpy(np.float64), is_event=known[event].to_numpy(np.float64))
