"""`tumorcast lab token create|list|revoke`: tokens for sign-in and for programs."""

from __future__ import annotations

import argparse
from typing import Any

from tumorcast.cli.lab import add_folder, local_time
from tumorcast.cli.tables import print_table


def add_parser(subparsers: Any) -> None:
    """Register the group."""
    commands = subparsers.add_parser("token", help="tokens for sign-in and programs").add_subparsers(
        required=True, metavar="COMMAND"
    )
    create = commands.add_parser("create", help="make a token; it is shown this once")
    add_folder(create)
    create.add_argument("user", metavar="USER")
    create.add_argument("--label", default="", help="what it is for")
    create.add_argument("--days", type=float, help="its life (default: the lab's setting)")
    listed = commands.add_parser("list", help="what is known of the tokens")
    add_folder(listed)
    revoke = commands.add_parser("revoke", help="take a token back")
    add_folder(revoke)
    revoke.add_argument("id", metavar="TOKEN_ID")
    for name, parser in (("create", create), ("list", listed), ("revoke", revoke)):
        parser.set_defaults(run=run, act=name)


def run(args: argparse.Namespace) -> int:
    """Do it; a new token is the only line on stdout."""
    import sys

    from tumorcast.lab import tokens
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    store = LabStore.open(args.folder)
    if args.act == "create":
        secret, token = tokens.create_token(store, SYSTEM, args.user, args.label, args.days)
        print(f"token {token.id}, until {local_time(token.expires)}; it is not shown again:", file=sys.stderr)
        print(secret)
    else:
        if args.act == "revoke":
            tokens.revoke_token(store, SYSTEM, args.id)
        rows: list[tuple[object, ...]] = [
            (t.id, t.user_id, t.label, local_time(t.created), local_time(t.expires), local_time(t.revoked))
            for t in tokens.list_tokens(store)
        ]
        print_table(("id", "user", "label", "created", "expires", "revoked"), rows)
    store.close()
    return 0
