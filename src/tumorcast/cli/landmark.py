"""`tumorcast landmark STUDY --day N`: what comes after a landmark, by the response known on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.evaluation.landmark_study import LandmarkAnswer

_AHEAD = (90.0, 180.0, 365.0)
_NOTICE = "Those who responded differ from the others in more than the response. Research use only."
_SIMULATED = "SIMULATED DATA: these figures say nothing about patients."


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "landmark",
        help="survival from a landmark on by the response known on it, of a study with dated responses",
        description="Hazard ratio and survival of patients at risk on a day of treatment, by whether a response was "
        "known by then (RESPONSE_DAY of `tumorcast recist --study`). A response known later does not count. Research "
        "use only.",
    )
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument(
        "--day", type=float, action="append", required=True, help="of treatment; may be repeated"
    )
    parser.add_argument(
        "--survival", default="auto", metavar="NAME", help="endpoint: OS, PFS, ... (as for training)"
    )
    parser.add_argument(
        "--time-from",
        choices=("treatment", "study"),
        help="from when times to the event count; needed where courses do not begin on day 0",
    )
    parser.add_argument(
        "--risks",
        type=Path,
        metavar="CSV",
        help="predictions (course_id, risk) to adjust for, of a model that had not learned from these patients",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="landmark.json")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fit each landmark, print and write."""
    import json

    from tumorcast.evaluation.landmark_study import followed_of, landmark_answer
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.readers.files import write_text

    risks = None if arguments.risks is None else _risks(arguments.risks)
    study = read_study(arguments.study)
    patients, endpoint, lines = followed_of(study, arguments.survival, risks, arguments.time_from)
    answers = [
        landmark_answer(patients, day, endpoint, [day + ahead for ahead in _AHEAD]) for day in arguments.day
    ]
    notices = [_NOTICE] if study.origin == "real" else [_SIMULATED, _NOTICE]
    for line in (*lines, *(text for one in answers for text in _told(one)), *notices):
        print(line)
    if arguments.out is not None:
        told = {
            "notices": notices, "study_origin": study.origin, "left_out": lines,
            "landmarks": [one.to_json() for one in answers],
        }  # fmt: skip
        write_text(arguments.out / "landmark.json", json.dumps(told, allow_nan=False, indent=1) + "\n")
        print(f"in {arguments.out}/")
    return 0


def _risks(path: Path) -> dict[str, float]:
    """Course -> risk of the fused model, each fold's about its own mean: a risk has no meaning between folds."""
    import pandas as pd

    from tumorcast.domain.errors import InputError
    from tumorcast.readers.files import need_columns, read_table

    table = read_table(path, ",")
    need_columns(table, ("course_id", "risk"), path)
    if "model" in table:
        table = table[table["model"].astype(str) == "fused"]
    table = table.assign(risk=pd.to_numeric(table["risk"], errors="coerce")).dropna(subset=["risk"])
    twice = table.loc[table["course_id"].duplicated(), "course_id"].astype(str)
    if len(twice):
        raise InputError(
            f"{path.name} holds several risks of a course",
            got=f"{twice.nunique()} such courses, {twice.iloc[0]} among them",
            expected="one row a course, or a run's predictions.csv (its model `fused` counts)",
            fix="leave one model and one repeat in the file",
        )
    if "fold" in table:
        table["risk"] -= table.groupby("fold")["risk"].transform("mean")
    return dict(zip(table["course_id"].astype(str), table["risk"].astype(float), strict=True))


def _told(one: LandmarkAnswer) -> list[str]:
    head = (
        f"day {one.day:g}, {one.endpoint}: {one.n_at_risk} at risk, {one.n_responded} known to respond, {one.n_events} "
        "events later; "
    )
    if one.refusal:
        return [head + one.refusal]
    lines = [
        head + f"hazard ratio of response {one.ratio.value:.2f} [{one.ratio.low:.2f}, {one.ratio.high:.2f}]"
    ]
    for day, has, lacks in zip(one.until, one.responded, one.others, strict=False):
        shares = [f"{share.value:.0%} [{share.low:.0%}, {share.high:.0%}]" for share in (has, lacks)]
        lines.append(
            f"  without the event on day {day:g}: {shares[0]} of responders, {shares[1]} of the others"
        )
    return lines
