"""Reports of a patient + what was asked for beside the prediction -> reports with panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tumorcast.clinic.report.notices import NO_RANKING, SIDE_BY_SIDE
from tumorcast.clinic.report.record import Flag, PatientReport
from tumorcast.domain.errors import TumorcastError
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.ranking import RankingRequest, make_ranking


def with_ranking(
    reports: Sequence[PatientReport], bundle: Bundle, study: Study, request: RankingRequest
) -> list[PatientReport]:
    """The reports of one patient, that of the course that was ranked with the ranking.

    A report without a number gets none. Where no ranking can be made the reports say why, and are the same otherwise.
    """
    if not any(report.is_predicted for report in reports):
        return list(reports)
    try:
        ranking = make_ranking(bundle, study, reports[0].subject.patient_id, request)
    except TumorcastError as error:
        told = Flag("note", "ranking_not_made", f"Regimens are not shown side by side: {_told(error)}")
        return [replace(one, flags=(*one.flags, told)) if one.is_predicted else one for one in reports]
    return [
        replace(one, ranking=ranking, limits=tuple(map(_said_beside, one.limits)))
        if one.is_predicted and one.subject.course_id == ranking.subject.course_id
        else one
        for one in reports
    ]


def _said_beside(limit: str) -> str:
    return SIDE_BY_SIDE if limit == NO_RANKING else limit


def _told(error: TumorcastError) -> str:
    fix = f"; {error.fix}" if error.fix else ""
    return f"{error.what}{fix}."
