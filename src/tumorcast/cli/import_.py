"""`tumorcast import FORMAT SOURCE --out STUDY`: a published table, or one's own files -> a study folder."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

FORMATS: dict[str, tuple[str, ...]] = {
    "transneo": (), "porpoise": ("splits", "cancer"), "predictio": ("cohort",), "mopadi": ("slide_only",),
    "files": (), "riaz": (), "liu": (), "imvigor": (), "poplar": (), "loris": ("cohort",), "survpath": ("cancer",),
}  # fmt: skip
"""Layout of a source -> the options that its importer takes, in order."""


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "import",
        help="make a study folder from one's own files or a published table",
        description="Make a study folder from one's own files (a sheet that names them, see docs/omics.md) or from a "
        "published table; says how much came in and went out.",
    )
    parser.add_argument("format", choices=tuple(FORMATS), help="layout of the source")
    parser.add_argument("source", type=Path, help="file or folder of the source; files: the YAML sheet")
    parser.add_argument("--out", type=Path, required=True, help="study folder to write")
    parser.add_argument("--splits", type=Path, help="porpoise: folder of the source's splits_K.csv")
    parser.add_argument("--cancer", help="porpoise, survpath: which table (blca, brca, ...) of a folder")
    parser.add_argument(
        "--cohort", default="", help="predictio, loris: which cohort (Liu, Chowell_train, ...) of the folder"
    )
    parser.add_argument(
        "--slide-only", action="store_true", help="mopadi: take patients too who have a slide alone"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import, and print the counts."""
    importer = getattr(
        import_module(f"tumorcast.readers.importers.{arguments.format}"), f"import_{arguments.format}"
    )
    options = (getattr(arguments, option) for option in FORMATS[arguments.format])
    told = importer(arguments.source, arguments.out, *options)
    print("\n".join([*told, f"study written to {arguments.out}"]))
    return 0
