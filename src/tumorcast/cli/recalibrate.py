"""`tumorcast recalibrate BUNDLE STUDY --out BUNDLE`: correct a bundle with a new hospital's labelled cases."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "recalibrate",
        help="correct an exported model with a new hospital's labelled cases",
        description=(
            "Predict the cases of a study whose response is known, and write a copy of the bundle whose "
            "probabilities are corrected for this hospital: not at all, by an intercept, or by slope and "
            "intercept, whichever the likelihood supports. A few dozen cases are enough for an intercept. "
            "Needs no torch."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder with responses")
    parser.add_argument("--out", required=True, type=Path, metavar="BUNDLE", help="the corrected copy")
    parser.add_argument("--features", type=Path, metavar="DIR", help="features of `tumorcast encode`")
    parser.add_argument(
        "--demonstrate", action="store_true", help="let a model of simulated data meet real cases"
    )
    parser.add_argument(
        "--trust-features",
        action="store_true",
        help="vouch for features that do not say by which encoder they were made",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Recalibrate and say what was found; the cases go to `OUT.cases.csv`."""
    from tumorcast.domain.errors import InputError
    from tumorcast.serve.predict import Request
    from tumorcast.serve.recalibrate import recalibrate_bundle
    from tumorcast.serve.rows import write_csv

    if args.out.resolve() == args.bundle.resolve():
        raise InputError(
            "a bundle is not corrected in place", got=str(args.out), expected="another folder in --out"
        )
    request = Request(
        cache=args.out.parent / f"{args.out.name}_features",
        features=args.features,
        trust_features=args.trust_features,
        demonstrate=args.demonstrate,
        progress=True,
    )
    made = recalibrate_bundle(args.bundle, args.study, args.out, request)
    cases = args.out.with_name(args.out.name + ".cases.csv")
    write_csv(made.cases, cases)
    print("\n".join([*made.lines(), f"bundle in {args.out}, cases in {cases}", "Research use only."]))
    return 0
