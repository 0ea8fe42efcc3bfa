"""`tumorcast recist TABLE... --out FOLDER`: responses by RECIST 1.1 or iRECIST from tables of lesions."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "recist",
        help="responses by RECIST 1.1 or iRECIST from measured lesions",
        description="Response of every assessment with its grounds, best response and time to progression.",
    )
    parser.add_argument(
        "tables", type=Path, nargs="+", help="lesions as a spreadsheet, or SDTM's TU, TR (and RS)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--criteria", choices=("recist", "irecist"), default="recist")
    parser.add_argument("--confirm", action="store_true", help="CR and PR need a second assessment")
    parser.add_argument("--confirm-days", type=float, default=28.0, help="least days between the two (28)")
    parser.add_argument("--stable-days", type=float, default=42.0, help="least days until SD counts (42)")
    parser.add_argument("--longest-gap-days", type=float, help="a longer gap before progression censors PFS")
    parser.add_argument(
        "--size-unit", choices=("mm", "cm"), default="mm", help="of sizes that do not say theirs"
    )
    parser.add_argument("--time-unit", choices=("days", "weeks", "months"), default="days")
    parser.add_argument("--evaluator", help="whose measurements (TREVALID or TREVAL)")
    parser.add_argument("--strict", action="store_true", help="refuse baselines that break RECIST's rules")
    parser.add_argument(
        "--study", type=Path, metavar="STUDY",
        help="write its treatment timeline with these responses and sizes, and its patient table without older ones, "
        "into the folder; the study is not touched",
    )  # fmt: skip
    parser.add_argument(
        "--line", type=float, metavar="N", help="with --study: line of therapy of the lesions"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read, judge, write."""
    from tumorcast.biology.recist.best import ResponseRules
    from tumorcast.clinic.recist.write import write_recist
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.readers.lesion_tables import Reading

    reading = Reading(arguments.size_unit, arguments.time_unit, arguments.evaluator, arguments.strict)
    rules = ResponseRules(arguments.confirm, arguments.confirm_days, arguments.stable_days)
    told = write_recist(
        arguments.tables, arguments.out, reading, arguments.criteria, rules, arguments.longest_gap_days,
        read_study(arguments.study) if arguments.study else None, arguments.line,
    )  # fmt: skip
    files = "assessments.csv, patients.csv, labels.csv, problems.csv, pictures"
    print("\n".join([*told, f"in {arguments.out}/  ({files})"]))
    return 0
