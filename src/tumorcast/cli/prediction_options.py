"""Options of the commands that predict a study, and what they ask of `serve.predict`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorcast.cli.bundle_files import add_trust_option

if TYPE_CHECKING:
    from tumorcast.serve.predict import Request


def add_prediction_options(parser: argparse.ArgumentParser) -> None:
    """`--features` and all that says which slides, features and signatures are taken."""
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="features of `tumorcast encode`; no slide is encoded then",
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
        "--trust-features",
        action="store_true",
        help="vouch for features that do not say by which encoder they were made",
    )
    parser.add_argument(
        "--policy", type=Path, metavar="YAML", help="what the lab decided about the guards (docs/safety.md)"
    )
    add_trust_option(parser)


def request_of(args: argparse.Namespace, cache: Path, **further: Any) -> Request:
    """What the options ask for.

    Args:
        cache: where the bundle's encoder puts features.
        further: other fields of the request.
    """
    from tumorcast.serve.policy import STRICT, read_policy
    from tumorcast.serve.predict import Request
    from tumorcast.slides.mpp import check_given_mpp

    if args.slide_mpp is not None:
        check_given_mpp(args.slide_mpp, "--slide-mpp")
    return Request(
        cache=cache,
        features=args.features,
        trust_features=args.trust_features,
        slide_mpp=args.slide_mpp,
        any_stain=args.any_stain,
        demonstrate=args.demonstrate,
        policy=STRICT if args.policy is None else read_policy(args.policy),
        progress=True,
        **further,
    )
