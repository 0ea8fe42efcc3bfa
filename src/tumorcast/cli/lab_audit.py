"""`tumorcast lab audit show|verify|export`: who did what, and whether the log is as it was written."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumorcast.cli.lab import add_folder
from tumorcast.cli.tables import print_table
from tumorcast.domain.errors import InputError


def add_parser(subparsers: Any) -> None:
    """Register the group."""
    commands = subparsers.add_parser("audit", help="the audit log").add_subparsers(
        required=True, metavar="COMMAND"
    )
    show = commands.add_parser("show", help="the newest rows")
    show.add_argument("--rows", type=int, default=30, metavar="N")
    verify = commands.add_parser(
        "verify", help="check the chain; print the anchor to be kept outside the lab"
    )
    verify.add_argument("--anchor", metavar="N:HASH", help="kept from an earlier check")
    verify.add_argument(
        "--export", type=Path, metavar="JSONL", help="check this export instead of the lab's log"
    )
    export = commands.add_parser("export", help="write the log, a JSON object a line")
    export.add_argument("--out", type=Path, required=True, metavar="JSONL")
    for parser, run in ((show, run_show), (verify, run_verify), (export, run_export)):
        add_folder(parser)
        parser.set_defaults(run=run)


def run_show(args: argparse.Namespace) -> int:
    """Print the newest rows."""
    from tumorcast.lab.audit import rows
    from tumorcast.lab.store import LabStore

    found = rows(LabStore.open(args.folder), args.rows)
    print_table(
        ("n", "at", "user", "action", "objects", "model", "detail"),
        [(r.n, r.at[:19], r.user_id, r.action, r.objects, r.model_id, r.detail) for r in found],
    )
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """0: the log is as it was written; 1: it is not."""
    from tumorcast.lab.audit import anchor, broken_row, read_jsonl, verify_chain
    from tumorcast.lab.store import LabStore

    kept = _anchor(args.anchor)
    store = LabStore.open(args.folder)
    if args.export is not None:
        chain = read_jsonl(args.export)
        broken, head = broken_row(iter(chain), kept), (chain[-1].n, chain[-1].hash) if chain else (0, "")
    else:
        broken, head = verify_chain(store, kept), anchor(store)
    store.close()
    if broken is not None:
        print(f"BROKEN at row {broken.n}: {broken.reason}")
        return 1
    print(f"{head[0]} rows, as they were written; keep this outside the lab:\n{head[0]}:{head[1]}")
    return 0


def run_export(args: argparse.Namespace) -> int:
    """Write the log."""
    from tumorcast.lab.audit import export_jsonl, note
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    store = LabStore.open(args.folder)
    note(store, SYSTEM.id, "audit.exported")
    print(f"{export_jsonl(store, args.out)} rows in {args.out}")
    store.close()
    return 0


def _anchor(text: str | None) -> tuple[int, str] | None:
    if text is None:
        return None
    number, _, digest = text.strip().partition(":")
    if not number.isdigit() or len(digest) != 64:
        raise InputError("this is no anchor", got=text[:90], expected="N:HASH as `audit verify` printed it")
    return int(number), digest
