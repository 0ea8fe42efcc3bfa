"""`tumorcast predict BUNDLE STUDY --out predictions.csv`: a bundle's predictions; needs no torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumorcast.cli.bundle_files import add_trust_option, open_trusted


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
    parser.add_argument(
        "--features", type=Path, metavar="DIR", help="features of `tumorcast encode`; no slide is opened then"
    )
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where a slide does not say it"
    )
    parser.add_argument(
        "--any-stain", action="store_true", help="use slides too that are not stained with H&E"
    )
    parser.add_argument(
        "--demonstrate",
        action="store_true",
        help="watermarked numbers where a model of simulated data would refuse a real study",
    )
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
    parser.add_argument(
        "--trust-features",
        action="store_true",
        help="vouch for features that do not say by which encoder they were made",
    )
    parser.add_argument(
        "--policy", type=Path, metavar="YAML", help="what the lab decided about the guards (docs/safety.md)"
    )
    add_trust_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Predict and write; returns 0 whenever the study and the bundle could be read."""
    import sys

    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.policy import STRICT, read_policy
    from tumorcast.serve.predict import Request, predict_with
    from tumorcast.serve.rows import count_statuses, write_csv
    from tumorcast.slides.mpp import check_given_mpp

    if args.slide_mpp is not None:
        check_given_mpp(args.slide_mpp, "--slide-mpp")
    request = Request(
        cache=args.out.parent / f"{args.out.stem}_features",
        features=args.features,
        trust_features=args.trust_features,
        slide_mpp=args.slide_mpp,
        any_stain=args.any_stain,
        demonstrate=args.demonstrate,
        policy=STRICT if args.policy is None else read_policy(args.policy),
        overlays=args.overlays,
        with_attention=args.attention is not None,
        with_occlusion=args.occlusion is not None,
        progress=True,
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
