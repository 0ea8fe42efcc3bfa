"""`tumorcast runs [FOLDER]`: the runs there are, the best first; from their folders or from MLflow."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "runs",
        help="list runs with their main metric, the best first",
        description="Reads the runs' folders; needs neither MLflow nor a network unless --uri is given.",
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("runs"), metavar="FOLDER")
    parser.add_argument("--uri", help="read an MLflow server instead")
    parser.add_argument("--experiment", default="tumorcast", help="there [tumorcast]")
    parser.add_argument("--data", metavar="NAME", help="runs on this study alone")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from tumorcast.cli.tables import print_table
    from tumorcast.training.run_table import HEADER
    from tumorcast.training.run_views import OPTIMISM

    rows = [row for row in _rows(args) if args.data in (None, row.facts.get("data"))]
    print_table(HEADER, [row.cells() for row in rows])
    if len([row for row in rows if not math.isnan(row.value)]) > 1:
        print(f"\nRuns compare within one metric and one state of the data. {OPTIMISM}")
    return 0


def _rows(args: argparse.Namespace) -> list[Any]:
    from tumorcast.domain.errors import InputError
    from tumorcast.training.run_table import rows_of_folders

    if args.uri:
        from tumorcast.training.comparison import rows_on_server

        return rows_on_server(args.uri, args.experiment)
    if not args.folder.is_dir():
        raise InputError(
            "no folder of runs", got=args.folder, expected="the folder that `runs=` names, or --uri"
        )
    return rows_of_folders(args.folder)
