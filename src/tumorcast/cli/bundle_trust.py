"""`tumorcast bundle trust add|revoke|rotate|list`: whose bundles a lab trusts."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


def add_parsers(subparsers: Any) -> None:
    """Register the commands."""
    trust = subparsers.add_parser(
        "trust", help="keep the keyring of trusted keys", description="Keep the keyring of trusted keys."
    )
    below = trust.add_subparsers(required=True, metavar="COMMAND")
    add = below.add_parser(
        "add", help="trust a key", description="Trust a key; compare its id with its owner first."
    )
    add.add_argument("key", type=Path, metavar="PUBLIC_KEY", help="public_key.json of the owner")
    add.add_argument("--as", dest="name", metavar="NAME", help="whose key it is (default: as the file says)")
    add.add_argument(
        "--from", dest="valid_from", type=_time, metavar="DATE", help="default: when it was made"
    )
    add.add_argument("--until", type=_time, metavar="DATE", help="last moment of valid signatures")
    add.set_defaults(run=run_add)
    revoke = below.add_parser("revoke", help="trust a key no longer", description="Trust a key no longer.")
    revoke.add_argument("key_id", metavar="KEY_ID")
    revoke.add_argument(
        "--reason",
        required=True,
        choices=("superseded", "retired", "compromised"),
        help="compromised: none of its signatures counts, nor any of a key that it named",
    )
    revoke.add_argument(
        "--at", type=_time, metavar="DATE", help="signatures from then on do not count (default: now)"
    )
    revoke.add_argument("--note", default="", metavar="TEXT")
    revoke.set_defaults(run=run_revoke)
    rotate = below.add_parser(
        "rotate",
        help="take a new key on the old one's word",
        description="Take a new key in the place of a trusted one, which endorsed it (`bundle endorse`).",
    )
    rotate.add_argument("endorsement", type=Path, metavar="FILE", help="what `bundle endorse` wrote")
    rotate.add_argument("--as", dest="name", metavar="NAME", help="default: the old key's")
    rotate.set_defaults(run=run_rotate)
    listed = below.add_parser(
        "list", help="the keys and their state", description="The keys and their state."
    )
    listed.set_defaults(run=run_list)
    for parser in (add, revoke, rotate, listed):
        parser.add_argument("--keyring", required=True, type=Path, metavar="FILE")


def run_add(args: argparse.Namespace) -> int:
    """Add a key; a keyring that is not there is made."""
    from tumorcast.serve.keyring import Keyring, read_keyring, with_key, write_keyring
    from tumorcast.serve.signing_keys import read_public_key

    ring = read_keyring(args.keyring) if args.keyring.exists() else Keyring()
    key = read_public_key(args.key)
    write_keyring(with_key(ring, key, args.name, args.valid_from, args.until), args.keyring)
    print(f"trusts key {key.key_id} of {args.name or key.name}")
    return 0


def run_revoke(args: argparse.Namespace) -> int:
    """Revoke a key."""
    from tumorcast.serve.keyring import read_keyring, without_trust_in, write_keyring

    ring = without_trust_in(read_keyring(args.keyring), args.key_id, args.reason, args.at, args.note)
    write_keyring(ring, args.keyring)
    print(f"revoked key {args.key_id}: {args.reason}")
    return 0


def run_rotate(args: argparse.Namespace) -> int:
    """Take a new key."""
    from pydantic import ValidationError

    from tumorcast.domain.errors import InputError
    from tumorcast.serve.keyring import Endorsement, read_keyring, rotated, write_keyring

    try:
        endorsement = Endorsement.model_validate_json(args.endorsement.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(
            f"{args.endorsement.name} is no endorsement", expected="what `tumorcast bundle endorse` wrote"
        ) from error
    write_keyring(rotated(read_keyring(args.keyring), endorsement, args.name), args.keyring)
    print(f"trusts key {endorsement.key_id} in the place of {endorsement.by}")
    return 0


def run_list(args: argparse.Namespace) -> int:
    """A line a key."""
    from tumorcast.serve.keyring import read_keyring

    for key in read_keyring(args.keyring).keys:
        until = f" until {key.valid_until:%Y-%m-%d}" if key.valid_until else ""
        state = f"revoked {key.revoked_at:%Y-%m-%d} ({key.revoked_for})" if key.revoked_at else "trusted"
        by = f", named by {key.endorsement.by[:8]}" if key.endorsement else ""
        to = f", replaced by {key.replaced_by[:8]}" if key.replaced_by else ""
        print(f"{key.key_id}  {state}  from {key.valid_from:%Y-%m-%d}{until}  {key.name}{by}{to}")
    return 0


def _time(text: str) -> datetime:
    """A date or time; without a zone it is UTC."""
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text} is no date (2026-01-31 or 2026-01-31T12:00:00+01:00)"
        ) from None
    return told if told.tzinfo else told.replace(tzinfo=UTC)
