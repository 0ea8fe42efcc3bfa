"""`tumorcast slides deidentify SLIDES... --out DIR --mapping FILE.csv`: copies that do not tell whose they are."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "deidentify",
        help="copies without label, macro and identifying metadata, each checked",
        description=(
            "Writes a copy of each slide (Aperio SVS, generic and OME TIFF, DICOM) under a new name, made of what may"
            " stay, and searches it for everything that the original told of the patient; a copy that fails this"
            " check is not kept. Originals are only read. What is written on the glass within the scan itself cannot"
            " be found. Exit code: 0 if every slide has a copy, 1 otherwise, 2 for a mistake in the command."
        ),
    )
    parser.add_argument("inputs", nargs="+", type=Path, metavar="SLIDES", help="files, folders or a study")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the copies")
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE.csv",
        help="leads from copies to originals and stays with you; names that it gives (source,name) are used",
    )
    parser.add_argument(
        "--check", action="store_true", help="only check SLIDES, which are copies (of DICOM: folders)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Copy, or check; 0 if all is well."""
    from tumorcast.domain.errors import InputError

    if args.check:
        return _check(args.inputs)
    if args.out is None or args.mapping is None:
        raise InputError("--out and --mapping are needed", fix="or --check for copies that are there")
    from tumorcast.slides.deidentify.run import deidentify
    from tumorcast.slides.discover import find_slides

    rows = deidentify(find_slides(args.inputs), args.out, args.mapping, not args.quiet)
    failed = [row for row in rows if row.status != "ok"]
    print(f"{len(rows) - len(failed)} of {len(rows)} slides have a checked copy in {args.out}")
    for row in failed[:20]:
        print(f"  failed {row.source}: {row.reason}")
    print(f"names in {args.mapping}: keep it apart from the copies")
    return 1 if failed else 0


def _check(paths: list[Path]) -> int:
    from tumorcast.domain.errors import InputError
    from tumorcast.slides.deidentify.run import check_copy

    is_clean = True
    for path in paths:
        if not path.exists():
            raise InputError("there is no such file or folder", got=path)
        for copy in _copies(path):
            try:
                left = check_copy(copy)
            except Exception as error:  # a file that no reader takes is no proven copy
                left = [f"cannot be read: {error}"]
            is_clean = is_clean and not left
            print(f"{copy}: {'nothing found' if not left else '; '.join(left)}")
    return 0 if is_clean else 1


def _copies(path: Path) -> list[Path]:
    """A file or a folder of DICOM files is one copy; of any other folder everything in it."""
    if path.is_file() or any(path.glob("*.dcm")):
        return [path]
    return [copy for each in sorted(path.iterdir()) for copy in _copies(each)]
