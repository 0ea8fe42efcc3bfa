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
        parser.set_defaults(run=run, do=name)
    status = subparsers.add_parser("status", help="is a model live at this site; how is its control")
    status.add_argument("lab", type=Path, metavar="LAB")
    status.add_argument("--model", metavar="ID", help="the active bundle's")
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
    return 0


def run_status(args: argparse.Namespace) -> int:
    """0 where the model is live, else 1."""
    from tumorcast.lab.bundles import active_bundle
    from tumorcast.lab.errors import NotFoundError
    from tumorcast.lab.site.golive import go_live_status
    from tumorcast.lab.store import LabStore

    store = LabStore.open(args.lab)
    active = active_bundle(store)
    model = args.model or (active.model_id if active else None)
    if model is None:
        raise NotFoundError("no bundle is active", fix="give --model ID")
    said = go_live_status(store, model)
    print(f"{model}: {said.state}. {said.sentence}")
    return 0 if said.is_live else 1


def signed_in(store: LabStore) -> User:
    """The user whose token is in the environment, or is typed in."""
    import os
    from getpass import getpass

    from tumorcast.lab.tokens import authenticate

    return authenticate(store, os.environ.get(TOKEN) or getpass("token: "))
