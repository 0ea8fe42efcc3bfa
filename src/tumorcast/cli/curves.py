"""`tumorcast curves BUNDLE STUDY --patient ID`: survival curves with bands; needs no torch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from tumorcast.cli.bundle_files import open_trusted
from tumorcast.cli.prediction_options import add_prediction_options, request_of


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "curves",
        help="survival curves of a patient with bands, from the start or from a landmark",
        description=(
            "Share without the event over time among training patients of the patient's predicted risk, for the "
            "recorded regimen and for others that patients like this one received. Nothing past the day on which fewer "
            "than ten training patients were at risk. Research use only."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `tumorcast train` exported")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder (cBioPortal layout)")
    parser.add_argument("--patient", required=True, metavar="ID")
    parser.add_argument(
        "--regimen",
        action="append",
        default=[],
        metavar="DRUGS",
        help='"Carboplatin + Paclitaxel"; may be repeated',
    )
    parser.add_argument("--line", type=int, metavar="N", help="line of therapy; else that of the last course")
    parser.add_argument(
        "--landmark", type=float, default=0.0, metavar="DAY",
        help="from this day of treatment on, given that the event has not happened by then (0)",
    )  # fmt: skip
    parser.add_argument(
        "--endpoint", metavar="NAME", help="PFS or OS, where the bundle has both; else that of its own risk"
    )
    parser.add_argument("--cancer", metavar="CODE", help="OncoTree code; else what the study declares")
    parser.add_argument(
        "--event-free", action="store_true",
        help="the event is known not to have happened by the landmark, though the study does not record it",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="record, table and picture")
    parser.add_argument("--json", action="store_true", help="print the record instead of the lines")
    add_prediction_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Draw the curves of one patient."""
    from tumorcast.clinic.curves.write import text_of, write_curves
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.curves import CurvesRequest, make_curves, parse_regimen

    request = CurvesRequest(
        predict=request_of(args, (args.out or args.study) / "tile_features"),
        regimens=tuple(parse_regimen(text) for text in args.regimen),
        landmark=args.landmark,
        line=args.line,
        cancer=args.cancer,
        is_event_free=args.event_free,
        endpoint=args.endpoint,
    )
    bundle = open_trusted(args.bundle, args.trust)
    curves = make_curves(bundle, read_study(args.study), args.patient, request)
    sys.stdout.write(curves.to_json() if args.json else text_of(curves))
    if args.out is not None:
        for problem in write_curves(curves, args.out):
            print(problem, file=sys.stderr)
        print(f"in {args.out}", file=sys.stderr)
    return 0
