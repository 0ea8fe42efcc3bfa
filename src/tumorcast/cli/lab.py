"""`tumorcast lab COMMAND ...`: a lab's folder, its people, bundles, audit log, backup and erasure."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from typing import Any

SUBCOMMANDS = ("lab_user", "lab_token", "lab_bundle", "lab_audit", "lab_upkeep")
"""Modules of this package, one a group, each with `add_parser(subparsers)`."""


def add_parser(subparsers: Any) -> None:
    """Register the group and its commands."""
    parser = subparsers.add_parser(
        "lab", help="manage the folder of a pathology lab: users, bundles, audit, backup"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = commands.add_parser("init", help="make a new lab")
    add_folder(init)
    init.add_argument("--name", help="of the lab, for headings")
    init.add_argument(
        "--require-signature", action="store_true", help="take bundles signed by a trusted key alone"
    )
    init.set_defaults(run=run_init)
    for name in SUBCOMMANDS:
        import_module(f"tumorcast.cli.{name}").add_parser(commands)


def add_folder(parser: argparse.ArgumentParser) -> None:
    """The argument that every command of a lab has."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="the lab's folder")


def run_init(args: argparse.Namespace) -> int:
    """Make the lab."""
    from tumorcast.lab.config import LabConfig
    from tumorcast.lab.store import LabStore

    told = LabConfig(bundles="trusted" if args.require_signature else "any")
    LabStore.create(args.folder, told.model_copy(update={"name": args.name} if args.name else {})).close()
    print(f"lab made in {args.folder}; next: `tumorcast lab user add {args.folder} ID NAME admin`")
    return 0


def local_time(at: float | None) -> str:
    """Seconds since 1970 as the reader's own time, to the minute; "-" for None."""
    from datetime import datetime

    return "-" if at is None else datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M %z")
