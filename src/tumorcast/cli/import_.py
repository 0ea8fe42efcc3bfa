"""`tumorcast import FORMAT SOURCE --out STUDY`: a published table -> a study folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

FORMATS = ("transneo", "porpoise", "predictio", "mopadi")


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "import",
        help="make a study folder from a published table",
        description="Make a study folder from a published table; says how much came in and went out.",
    )
    parser.add_argument("format", choices=FORMATS, help="layout of the source")
    parser.add_argument("source", type=Path, help="file or folder of the source")
    parser.add_argument("--out", type=Path, required=True, help="study folder to write")
    parser.add_argument("--splits", type=Path, help="porpoise: folder of the source's splits_K.csv")
    parser.add_argument("--cancer", help="porpoise: which table (blca, brca, ...) of a folder")
    parser.add_argument("--cohort", default="", help="predictio: which cohort (Liu, Riaz, ...) of the folder")
    parser.add_argument(
        "--slide-only", action="store_true", help="mopadi: take patients too who have a slide alone"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import, and print the counts."""
    match arguments.format:
        case "transneo":
            from tumorcast.readers.import_transneo import import_transneo

            told = import_transneo(arguments.source, arguments.out)
        case "porpoise":
            from tumorcast.readers.import_porpoise import import_porpoise

            told = import_porpoise(arguments.source, arguments.out, arguments.splits, arguments.cancer)
        case "predictio":
            from tumorcast.readers.import_predictio import import_predictio

            told = import_predictio(arguments.source, arguments.out, arguments.cohort)
        case _:
            from tumorcast.readers.import_mopadi import import_mopadi

            told = import_mopadi(arguments.source, arguments.out, arguments.slide_only)
    print("\n".join([*told, f"study written to {arguments.out}"]))
    return 0
