"""`tumorcast site report LAB [--record ID] --out DIR`: a kept verification as HTML and PDF, with who signed it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.lab.store import LabStore


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "report",
        help="draw a kept verification again, as it is signed now",
        description="From the lab's record alone, with name, time, comment and status of its sign-off.",
    )
    parser.add_argument("lab", type=Path, metavar="LAB")
    parser.add_argument("--record", metavar="ID", help="of the verification (the newest)")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write `verification.html`, `.pdf` and `.json`."""
    from tumorcast.lab.site.kept_page import newest_verification
    from tumorcast.lab.store import LabStore

    store = LabStore.open(args.lab)
    write_kept(store, args.record or newest_verification(store).id, args.out)
    return 0


def write_kept(store: LabStore, record_id: str, out: Path) -> None:
    """The report of a verification into a folder."""
    from tumorcast.lab.site.golive import get_verification, sign_off_of
    from tumorcast.lab.site.kept_page import kept_page
    from tumorcast.lab.site.write import write_document

    made, status = get_verification(store, record_id), sign_off_of(store, record_id).status
    record = made.content | {"id": made.id, "sha256": made.sha256, "status": status}
    files = write_document(kept_page(store, record_id), out, "verification", record)
    print(f"{record_id}, {status}: {files[0]}, {files[1]}")
