"""Was the patient at risk of the bundle's endpoint on a landmark's day?"""

from __future__ import annotations

from math import isnan

from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Study


def check_at_risk(
    study: Study, patient_id: str, course_id: str, endpoint: str, landmark: float, is_event_free: bool
) -> None:
    """Refuse a landmark (days) by which the event had happened, or by which that is not known.

    The time is that to the bundle's own endpoint, whatever else the study records; a death by then ends every one.

    Args:
        is_event_free: the user knows that the event had not happened; an event that the study records says no.

    Raises:
        InputError: the patient is not known to be at risk.
    """
    time, is_event = _told(study, patient_id, course_id, endpoint)
    death, is_death = _told(study, patient_id, course_id, "OS")
    if is_death and death <= landmark:
        time, is_event = death, True
    if time > landmark or (is_event_free and not is_event):
        return
    raise InputError(
        f"the patient is not known to be at risk on day {landmark:g}",
        got=f"{endpoint} is not recorded" if isnan(time) else f"followed until day {time:.0f}",
        expected=f"a landmark before the event or the last sight, by {endpoint} of the study",
        fix=None
        if is_event
        else "where it is known that the event had not happened by then, give --event-free",
    )


def _told(study: Study, patient_id: str, course_id: str, endpoint: str) -> tuple[float, bool]:
    """Time in days, NaN unknown, and whether the event happened then."""
    table = course_table(study.keep([patient_id]), survival=endpoint)
    time, event = table.loc[[course_id], ["time_days", "is_event"]].to_numpy(float)[0]
    return float(time), bool(event == 1)
