"""`tumorcast bundle COMMAND ...`: what can be done with an exported model; needs no torch."""

from __future__ import annotations

import argparse
from typing import Any

from tumorcast.cli import bundle_compare, bundle_files, bundle_keys, bundle_trust


def add_parser(subparsers: Any) -> None:
    """Register the command and those below it."""
    parser = subparsers.add_parser(
        "bundle",
        help="inspect, verify, sign, pack and compare exported models",
        description="Inspect, verify, sign, pack and compare exported models (bundles). Needs no torch.",
    )
    below: Any = parser.add_subparsers(required=True, metavar="COMMAND")
    for part in (bundle_files, bundle_keys, bundle_trust, bundle_compare):
        part.add_parsers(below)


def run(args: argparse.Namespace) -> int:
    """Run the command below."""
    return int(args.run(args))
