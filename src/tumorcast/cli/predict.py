"""`tumorcast predict BUNDLE STUDY --out predictions.csv`: a bundle's predictions; needs no torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumorcast.cli.bundle_files import open_trusted
from tumorcast.cli.prediction_options import add_prediction_options, request_of


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "predict",
        help="predict a study with an exported model",
        description=(
            "Predict every course of a study. Each patient is in the table, with a number or with the reason "
            "why there is none. Slides are encoded with the bundle's own encoder; an interrupted run goes on. "
            "Research use only."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `tumorcast train` exported")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder (cBioPortal layout)")
    parser.add_argument("--out", required=True, type=Path, metavar="CSV", help="table to write")
    add_prediction_options(parser)
    parser.add_argument(
        "--overlays", type=Path, metavar="DIR", help="draw attention over tiles on each slide"
    )
    parser.add_argument("--attention", type=Path, metavar="CSV", help="write attention of tiles and genes")
    parser.add_argument(
        "--occlusion",
        type=Path,
        metavar="CSV",
        help="write how the logit changes without each part of a slide",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Predict and write; returns 0 whenever the study and the bundle could be read."""
    import sys

    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.predict import predict_with
    from tumorcast.serve.rows import count_statuses, write_csv

    request = request_of(
        args,
        args.out.parent / f"{args.out.stem}_features",
        overlays=args.overlays,
        with_attention=args.attention is not None,
        with_occlusion=args.occlusion is not None,
    )
    made = predict_with(open_trusted(args.bundle, args.trust), read_study(args.study), request)
    write_csv(made.table, args.out)
    if args.attention is not None:
        write_csv(made.attention, args.attention)
    if args.occlusion is not None:
        write_csv(made.occlusion, args.occlusion)
    for line in _condensed(made.problems):
        print(f"picture: {line}", file=sys.stderr)
    computed = f" (computed on {made.device})" if made.device else ""
    print(
        "\n".join(
            [*count_statuses(made.table), f"in {args.out}{computed}", "Research use only, preliminary."]
        )
    )
    return 0


def _condensed(problems: list[str]) -> list[str]:
    """Problems of many slides that say the same, as one line with their number."""
    by_kind: dict[str, list[str]] = {}
    for problem in problems:
        name, _, what = problem.partition(": ")
        by_kind.setdefault(what, []).append(name)
    return [
        f"{names[0]}: {what}" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more: {what}"
        for what, names in by_kind.items()
    ]
