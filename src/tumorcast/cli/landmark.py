"""`tumorcast landmark STUDY --day N`: what comes after a landmark, by the response known on it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.evaluation.landmark_study import LandmarkAnswer

_AHEAD = (90.0, 180.0, 365.0)


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
        "--risks", type=Path, metavar="CSV", help="predictions of the study (course_id, risk) to adjust for"
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
    patients, endpoint, lines = followed_of(read_study(arguments.study), arguments.survival, risks)
    answers = [
        landmark_answer(patients, day, endpoint, [day + ahead for ahead in _AHEAD]) for day in arguments.day
    ]
    for line in (*lines, *(text for one in answers for text in _told(one))):
        print(line)
    print("Those who responded differ from the others in more than the response. Research use only.")
    if arguments.out is not None:
        told = {"left_out": lines, "landmarks": [one.to_json() for one in answers]}
        write_text(arguments.out / "landmark.json", json.dumps(told, allow_nan=False, indent=1) + "\n")
        print(f"in {arguments.out}/")
    return 0


def _risks(path: Path) -> dict[str, float]:
    import pandas as pd

    from tumorcast.readers.files import need_columns, read_table

    table = read_table(path, ",")
    need_columns(table, ("course_id", "risk"), path)
    risk = pd.to_numeric(table["risk"], errors="coerce")
    return {
        str(course): float(one) for course, one in zip(table["course_id"], risk, strict=True) if pd.notna(one)
    }


def _told(one: LandmarkAnswer) -> list[str]:
    ratio = one.ratio
    lines = [
        f"day {one.day:g}, {one.endpoint}: {one.n_at_risk} at risk, {one.n_responded} known to respond, {one.n_events} "
        f"events later; hazard ratio of response {ratio.value:.2f} [{ratio.low:.2f}, {ratio.high:.2f}]"
    ]
    for k, day in enumerate(one.until):
        if one.responded:
            lines.append(
                f"  without the event on day {day:g}: {one.responded[k]:.0%} of responders, {one.others[k]:.0%}"
            )
    return lines
