"""`tumorcast bundle compare OLD NEW STUDY --out DIR`: two versions on the lab's own cases."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumorcast.cli.bundle_files import add_trust_option, open_trusted


def add_parsers(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "compare",
        help="two versions of a model on the lab's own cases",
        description=(
            "Predict a study with two bundles and write comparison.html, .csv and .json: differences of the "
            "probability, other sets of answers, cases that only one predicts, and where outcomes are known which "
            "version did better, each with its interval."
        ),
    )
    parser.add_argument("old", type=Path, metavar="OLD", help="bundle, folder or zip")
    parser.add_argument("new", type=Path, metavar="NEW")
    parser.add_argument("study", type=Path, metavar="STUDY")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--features", type=Path, metavar="DIR", help="features of `tumorcast encode`")
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where a slide does not say it"
    )
    parser.add_argument(
        "--trust-features", action="store_true", help="vouch for features of an unrecorded encoder"
    )
    parser.add_argument(
        "--demonstrate", action="store_true", help="let models of simulated data meet real cases"
    )
    parser.add_argument("--bootstrap", type=int, default=1000, metavar="N")
    add_trust_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare and write."""
    from tumorcast.serve.compare import compare_bundles
    from tumorcast.serve.compare_page import write_comparison
    from tumorcast.serve.predict import Request

    request = Request(
        cache=args.out / "features",
        features=args.features,
        slide_mpp=args.slide_mpp,
        trust_features=args.trust_features,
        demonstrate=args.demonstrate,
        progress=True,
    )
    old, new = (open_trusted(path, args.trust) for path in (args.old, args.new))
    found = compare_bundles(old, new, args.study, request, args.bootstrap)
    write_comparison(found, args.out)
    told = found.summary
    lines = [
        f"{told['courses']} courses: {told['both']} with a number from both, {told['only_old']} from old alone, "
        f"{told['only_new']} from new alone",
        f"another set of answers: {told['flips']}",
    ]
    for name, value in {**told["agreement"], **told["outcomes"]}.items():
        lines.append(
            f"{name.replace('_', ' ')}: {value['value']:+.3f} [{value['low']:+.3f}, {value['high']:+.3f}]"
        )
    print("\n".join([*lines, f"in {args.out}/comparison.html", "Research use only."]))
    return 0
