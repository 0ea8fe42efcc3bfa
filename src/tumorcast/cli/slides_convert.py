"""`tumorcast slides convert BAGS... --to FORM --out DIR`: feature files of one tool into another's form."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.slides.bag import Unit


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "convert",
        help="write feature files in another tool's form",
        description=(
            "Reads bags of TRIDENT, STAMP, CLAM, slideflow, MoPaDi and tumorcast (.h5, .pt) and writes DIR/NAME.h5 and"
            " DIR/convert_report.csv with a row a file. Files that are done are passed over."
            " Exit code: 0 if every file is done, 1 otherwise, 2 for a mistake in the command."
        ),
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="BAGS", help="files, or folders to search")
    parser.add_argument("--to", required=True, choices=("trident", "stamp", "tumorcast"), help="the form")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the results")
    parser.add_argument(
        "--unit",
        metavar="px|um|NUMBER",
        help="of coordinates where the file does not say it: level-0 pixels, micrometres, or how many micrometres",
    )
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where the file does not say it"
    )
    parser.add_argument("--encoder", metavar="NAME", help="tile encoder where the file does not say it")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Convert; 0 if every file is done."""
    from collections import Counter

    from tumorcast.slides.bag import Stated
    from tumorcast.slides.convert import REPORT_NAME, convert
    from tumorcast.slides.mpp import check_given_mpp

    if args.slide_mpp is not None:
        check_given_mpp(args.slide_mpp, "--slide-mpp")
    stated = Stated(_unit(args.unit), args.slide_mpp, args.encoder)
    rows = convert(args.inputs, args.out, args.to, stated, not args.quiet)
    counts = Counter(row.status for row in rows)
    told = ", ".join(f"{counts[status]} {status}" for status in ("ok", "skipped", "failed"))
    print(f"{len(rows)} files: {told}; see {args.out / REPORT_NAME}")
    for row in [row for row in rows if row.status == "failed"][:20]:
        print(f"  failed {row.path}: {row.reason}")
    return 1 if counts["failed"] else 0


def _unit(text: str | None) -> Unit | None:
    from tumorcast.domain.errors import InputError

    if text is None:
        return None
    if text == "px":
        return "px"
    try:
        size = 1.0 if text == "um" else float(text)
    except ValueError:
        size = 0.0
    if not 0 < size < 1000:
        raise InputError("--unit is no unit", got=text, expected="px, um, or the micrometres of one unit")
    return size
