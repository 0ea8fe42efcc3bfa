"""`tumorcast site sign|amend|withdraw|status LAB ...`: a named pathologist stands for a verification."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import User

TOKEN = "TUMORCAST_TOKEN"
_WHAT = {
    "sign": "sign a verification",
    "amend": "add a remark to a signed verification",
    "withdraw": "take a signed verification back",
}


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    for name, told in _WHAT.items():
        parser = subparsers.add_parser(
            name,
            help=told,
            description=f"{told.capitalize()}; your token is asked for, or read from ${TOKEN}.",
        )
        parser.add_argument("lab", type=Path, metavar="LAB")
        parser.add_argument("verification", metavar="ID")
        parser.add_argument("--comment", default="", required=name != "sign")
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the report anew there (HTML, PDF)")
        parser.set_defaults(run=run, do=name)
    status = subparsers.add_parser("status", help="is a model live at this site; how is its control")
    status.add_argument("lab", type=Path, metavar="LAB")
    status.add_argument("--bundle", metavar="ID", help="of the lab's bundles (the active one)")
    status.set_defaults(run=run_status)


def run(args: argparse.Namespace) -> int:
    """Sign, amend or withdraw."""
    from tumorcast.lab.site import golive
    from tumorcast.lab.store import LabStore

    store = LabStore.open(args.lab)
    user = signed_in(store)
    {"sign": golive.sign, "amend": golive.amend, "withdraw": golive.withdraw}[args.do](
        store, user, args.verification, args.comment
    )
    now = golive.sign_off_of(store, args.verification)
    print(f"{args.verification}: {now.status}, {now.by}, {now.at}")
    if args.out is not None:
        from tumorcast.cli.site_report import write_kept

        write_kept(store, args.verification, args.out)
    return 0


def run_status(args: argparse.Namespace) -> int:
    """0 where the bundle is live, else 1."""
    from tumorcast.lab.bundles import active_bundle, get_bundle
    from tumorcast.lab.errors import NotFoundError
    from tumorcast.lab.site.golive import go_live_status
    from tumorcast.lab.store import LabStore

    store = LabStore.open(args.lab)
    bundle = active_bundle(store) if args.bundle is None else get_bundle(store, args.bundle)
    if bundle is None:
        raise NotFoundError("no bundle is active", fix="give --bundle ID")
    said = go_live_status(store, bundle.model_id, bundle.seal)
    print(f"{bundle.id}: {said.state}. {said.sentence}")
    return 0 if said.is_live else 1


def signed_in(store: LabStore) -> User:
    """The user whose token is in the environment, or is typed in."""
    import os
    from getpass import getpass

    from tumorcast.lab.tokens import authenticate

    return authenticate(store, os.environ.get(TOKEN) or getpass("token: "))
