"""`tumorcast bundle COMMAND ...`: what can be done with an exported model; needs no torch."""

from __future__ import annotations

import argparse
from typing import Any

from tumorcast.cli import bundle_files, bundle_keys, bundle_trust


def add_parser(subparsers: Any) -> None:
    """Register the command and those below it."""
    parser = subparsers.add_parser(
        "bundle",
        help="inspect, verify, sign and pack exported models",
        description="Inspect, verify, sign and pack exported models (bundles). Needs no torch.",
    )
    below: Any = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in (bundle_files, bundle_keys, bundle_trust):
        part.add_parsers(below)


def run(args: argparse.Namespace) -> int:
    """Run the command below."""
    return int(args.run(args))
