"""`tumorcast bundle keygen|sign|endorse`: for those who sign bundles."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

PASSPHRASE = "TUMORCAST_KEY_PASSPHRASE"


def add_parsers(subparsers: Any) -> None:
    """Register the commands."""
    keygen = subparsers.add_parser(
        "keygen",
        help="make a key to sign bundles with",
        description=(
            "Make an Ed25519 key: signing_key.pem, which stays with its owner, and public_key.json for those who "
            f"are to trust it. The private key is encrypted with a passphrase from ${PASSPHRASE} or asked for."
        ),
    )
    keygen.add_argument("--out", required=True, type=Path, metavar="DIR")
    keygen.add_argument("--as", dest="name", required=True, metavar="NAME", help="whose key it is")
    keygen.add_argument("--no-passphrase", action="store_true", help="write the private key unencrypted")
    keygen.set_defaults(run=run_keygen)
    sign = subparsers.add_parser(
        "sign", help="sign a bundle in place", description="Sign a bundle, a folder or a zip, in place."
    )
    sign.add_argument("bundle", type=Path, metavar="BUNDLE")
    sign.add_argument("--as", dest="name", metavar="NAME", help="who signs (default: the key's owner)")
    sign.set_defaults(run=run_sign)
    endorsed = subparsers.add_parser(
        "endorse",
        help="name a new key with the old one",
        description="Write the old key's word for a new one; who trusts the old key takes it with `trust rotate`.",
    )
    endorsed.add_argument("new", type=Path, metavar="PUBLIC_KEY", help="public_key.json of the new key")
    endorsed.add_argument("--out", required=True, type=Path, metavar="FILE")
    endorsed.set_defaults(run=run_endorse)
    for parser in (sign, endorsed):
        parser.add_argument("--key", required=True, type=Path, metavar="PRIVATE", help="signing_key.pem")
    for parser in (keygen, sign, endorsed):
        parser.add_argument(
            "--passphrase-env", default=PASSPHRASE, metavar="VARIABLE", help=f"default: {PASSPHRASE}"
        )


def run_keygen(args: argparse.Namespace) -> int:
    """Make and write."""
    from tumorcast.serve.signing_keys import PRIVATE_NAME, PUBLIC_NAME, make_key

    secret = None if args.no_passphrase else _passphrase(args.passphrase_env, is_new=True)
    key = make_key(args.out, args.name, secret)
    print(f"key {key.key_id} of {key.name}")
    print(f"private    {args.out / PRIVATE_NAME} (keep it to yourself, off the lab's machines)")
    print(f"public     {args.out / PUBLIC_NAME} (for `tumorcast bundle trust add`)")
    return 0


def run_sign(args: argparse.Namespace) -> int:
    """Sign and say so."""
    from tumorcast.serve.sign_bundle import sign_bundle

    key = _private_key(args)
    made = sign_bundle(args.bundle, key, args.name or _owner(args.key, key.key_id))
    print(f"signed by {made.by}, key {made.key_id}, on {made.signed_at.isoformat()}")
    return 0


def run_endorse(args: argparse.Namespace) -> int:
    """Write the endorsement."""
    import json

    from tumorcast.readers.files import write_text
    from tumorcast.serve.keyring import endorse
    from tumorcast.serve.signing_keys import read_public_key

    made = endorse(_private_key(args), read_public_key(args.new))
    write_text(args.out, json.dumps(made.model_dump(mode="json"), indent=1) + "\n")
    print(f"key {made.by} endorses key {made.key_id}, in {args.out}")
    return 0


def _private_key(args: argparse.Namespace) -> Any:
    from tumorcast.serve.signing_keys import needs_passphrase, read_private_key

    secret = _passphrase(args.passphrase_env) if needs_passphrase(args.key) else None
    return read_private_key(args.key, secret)


def _owner(key_path: Path, key_id: str) -> str:
    """The name in the public part beside the private key; the key's id where there is none."""
    from tumorcast.domain.errors import InputError
    from tumorcast.serve.signing_keys import PUBLIC_NAME, read_public_key

    try:
        public = read_public_key(key_path.with_name(PUBLIC_NAME))
    except InputError:
        return f"key {key_id[:8]}"
    return public.name if public.key_id == key_id else f"key {key_id[:8]}"


def _passphrase(variable: str, is_new: bool = False) -> str:
    from getpass import getpass

    from tumorcast.domain.errors import InputError

    secret = os.environ.get(variable)
    if secret is None and sys.stdin.isatty():
        secret = getpass("passphrase: ")
        if is_new and getpass("again: ") != secret:
            raise InputError("the two passphrases differ")
    if not secret:
        raise InputError(
            "the private key needs a passphrase",
            got=f"no ${variable}, and no terminal to ask at" if secret is None else "an empty one",
            fix=f"set {variable}" + (", or use --no-passphrase" if is_new else ""),
        )
    return secret
