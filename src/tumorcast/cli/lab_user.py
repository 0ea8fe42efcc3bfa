"""`tumorcast lab user add|list|role|disable`: who works in the lab."""

from __future__ import annotations

import argparse
from typing import Any

from tumorcast.cli.lab import add_folder
from tumorcast.cli.tables import print_table

_ROLES = ("viewer", "pathologist", "admin")


def add_parser(subparsers: Any) -> None:
    """Register the group."""
    commands = subparsers.add_parser("user", help="who works in the lab").add_subparsers(
        required=True, metavar="COMMAND"
    )
    for name in ("add", "list", "role", "disable"):
        parser = commands.add_parser(name)
        add_folder(parser)
        parser.set_defaults(run=run, act=name)
        if name != "list":
            parser.add_argument("id", metavar="ID", help="what they sign in as; stands in the audit log")
        if name == "add":
            parser.add_argument("name", metavar="NAME", help="stands below a signed report")
        if name in ("add", "role"):
            parser.add_argument("role", choices=_ROLES)
        if name == "add":
            parser.add_argument(
                "--subject", metavar="S", help="issuer|subject of the hospital's sign-in, where it has one"
            )


def run(args: argparse.Namespace) -> int:
    """Do it, and print the users."""
    from tumorcast.lab import users
    from tumorcast.lab.store import LabStore

    store = LabStore.open(args.folder)
    match args.act:
        case "add":
            users.add_user(store, users.SYSTEM, args.id, args.name, args.role, args.subject)
        case "role":
            users.change_role(store, users.SYSTEM, args.id, args.role)
        case "disable":
            users.disable_user(store, users.SYSTEM, args.id)
    rows: list[tuple[object, ...]] = [
        (user.id, user.display_name, user.role, "yes" if user.is_active else "disabled")
        for user in users.list_users(store)
    ]
    print_table(("id", "name", "role", "active"), rows)
    store.close()
    return 0
