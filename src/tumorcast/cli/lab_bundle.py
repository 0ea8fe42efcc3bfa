"""`tumorcast lab bundle add|activate|rollback|retire|revoke|list`: the models of the lab."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumorcast.cli.lab import add_folder, local_time
from tumorcast.cli.tables import print_table

_HELP = {
    "add": "check a bundle (folder or zip) and copy it into the lab",
    "activate": "new jobs use this bundle",
    "rollback": "back to the bundle that was active before",
    "retire": "no new jobs with this bundle",
    "revoke": "never again; jobs that wait for it are cancelled",
    "list": "all bundles",
}


def add_parser(subparsers: Any) -> None:
    """Register the group."""
    commands = subparsers.add_parser("bundle", help="the models of the lab").add_subparsers(
        required=True, metavar="COMMAND"
    )
    for name, told in _HELP.items():
        parser = commands.add_parser(name, help=told)
        add_folder(parser)
        parser.set_defaults(run=run, act=name)
        if name == "add":
            parser.add_argument("source", type=Path, metavar="BUNDLE")
            parser.add_argument("--activate", action="store_true", help="and use it from now on")
        elif name in ("activate", "retire", "revoke"):
            parser.add_argument("id", metavar="ID")


def run(args: argparse.Namespace) -> int:
    """Do it, and print the bundles."""
    from tumorcast.lab import bundles
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    store = LabStore.open(args.folder)
    match args.act:
        case "add":
            added = bundles.register(store, SYSTEM, args.source)
            if args.activate:
                bundles.activate(store, SYSTEM, added.id)
        case "activate":
            bundles.activate(store, SYSTEM, args.id)
        case "rollback":
            bundles.roll_back(store, SYSTEM)
        case "retire" | "revoke":
            bundles.retire(store, SYSTEM, args.id, is_revoked=args.act == "revoke")
    rows: list[tuple[object, ...]] = [
        (b.id, b.state, b.training_data, b.signed_by, local_time(b.added))
        for b in bundles.list_bundles(store)
    ]
    print_table(("id", "state", "trained on", "signature", "added"), rows)
    store.close()
    return 0
