"""Tables of responses: one row an assessment, one row a patient, one row a disagreement."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from tumorcast.biology.recist.problems import Problem
from tumorcast.clinic.recist.responses import Criteria, PatientResponse

_TESTS = {"TRGRESP": "target", "NTRGRESP": "non_target", "OVRLRESP": "response", "BESTRESP": "best_response"}
_NAMES: dict[Criteria, str] = {"recist": r"^(?!.*modified).*\brecist\b(?!.*1\.0)", "irecist": r"\birecist\b"}


def assessment_table(responses: Sequence[PatientResponse]) -> pd.DataFrame:
    """One row an assessment after baseline; shares in percent, unknown is empty."""
    return pd.DataFrame([_row(one, k) for one in responses for k in range(len(one.points))])


def _row(one: PatientResponse, k: int) -> dict[str, object]:
    point = one.points[k]
    sums, seen = point.sums, point.assessment
    is_whole = sums is not None and not sums.missing
    percent = None if point.change_from_baseline is None else 100 * point.change_from_baseline
    has_nadir = point.mm_from_nadir is not None and point.nadir_mm > 0
    made: dict[str, object] = {
        "patient_id": one.patient.patient_id, "assessment": k + 1, "visit": seen.visit, "day": seen.first_day,
        "last_day": seen.last_day, "sum_mm": sums.sum_mm if sums is not None and is_whole else None,
        "baseline_mm": point.baseline_mm if sums is not None else None,
        "percent_from_baseline": percent,
        "percent_from_nadir": 100 * (point.mm_from_nadir or 0.0) / point.nadir_mm if has_nadir else None,
        "mm_from_nadir": point.mm_from_nadir,
        "not_evaluated": " ".join(sums.missing) if sums is not None else "",
        "target": point.target, "non_target": point.non_target, "new_lesions": " ".join(point.new),
        "response": point.overall, "why": point.why, "is_after_progression": point.is_after_progression,
    }  # fmt: skip
    if one.immune:
        immune = one.immune[k]
        made |= {
            "recist_response": point.overall, "response": immune.response, "why": immune.why,
            "is_after_progression": immune.is_after_progression, "iupd_day": immune.progression_day,
        }  # fmt: skip
    return made


def patient_table(responses: Sequence[PatientResponse]) -> pd.DataFrame:
    """One row a patient: best response with its day and grounds, smallest change, time to progression."""
    return pd.DataFrame(
        [
            {
                "patient_id": one.patient.patient_id,
                "best_response": one.best.response,
                "best_response_day": one.best.day,
                "best_response_why": one.best.why,
                "response_known_day": one.best.response_day,
                "best_percent_change": best_change(one),
                "n_assessments": len(one.points),
                "pfs_days": one.progression.time_days,
                "is_pfs_event": one.progression.is_event,
                "pfs_reason": one.progression.reason,
            }
            for one in responses
        ]
    )


def best_change(one: PatientResponse) -> float | None:
    """Smallest change of the target sum from baseline in percent, until progression (iCPD) or another treatment."""
    is_over = [p.is_after_progression for p in one.immune or one.points]
    known = [
        point.change_from_baseline
        for point, over in zip(one.points, is_over, strict=True)
        if not over and one.is_before_new_therapy(point)
    ]
    shares = [100 * share for share in known if share is not None]
    return min(shares) if shares else None


def problem_table(problems: Sequence[Problem]) -> pd.DataFrame:
    """One row a problem with its remedy."""
    columns = ["patient_id", "code", "detail", "is_refused", "to_mend"]
    rows = [(p.patient_id, p.code, p.detail, p.is_refused, p.fix) for p in problems]
    return pd.DataFrame(rows, columns=columns)


def comparison_table(
    responses: Sequence[PatientResponse], reported: pd.DataFrame, criteria: Criteria = "recist"
) -> pd.DataFrame:
    """Responses that RS reports by the same criteria, all where it names none, beside ours; `visit` as it has it."""
    rows_of = {
        (one.patient.patient_id, _visit_key(name)): _row(one, k)
        for one in responses
        for k, point in enumerate(one.points)
        for name in (point.assessment.visit, point.assessment.number)
        if name not in ("", None)
    }
    best = {one.patient.patient_id: one.best for one in responses}
    rows = []
    for patient_id, visit, test, theirs, _ in _by(reported, criteria).itertuples(index=False):
        if test not in _TESTS:
            continue
        if test == "BESTRESP":
            found = best.get(patient_id)
            ours, why = (found.response, found.why) if found else ("", "")
        else:
            key = (patient_id, _visit_key(visit))
            row = rows_of.get(key)
            ours, why = (str(row[_TESTS[test]]), str(row["why"])) if row else ("", "")
        if ours:
            rows.append((patient_id, visit, test, theirs, ours, _same(theirs, ours), why))
    columns = ["patient_id", "visit", "test", "reported", "computed", "is_same", "why"]
    return pd.DataFrame(rows, columns=columns)


def _by(reported: pd.DataFrame, criteria: Criteria) -> pd.DataFrame:
    named = reported["criteria"].fillna("").astype(str)
    if not named.any():
        return reported
    return reported[named.str.contains(_NAMES[criteria], case=False)]


def _visit_key(visit: object) -> str:
    number = pd.to_numeric(str(visit), errors="coerce")
    return str(visit) if pd.isna(number) else f"{float(number):g}"


def _same(theirs: str, ours: str) -> bool:
    return theirs.replace(" ", "").upper() == ours.replace(" ", "").upper()
