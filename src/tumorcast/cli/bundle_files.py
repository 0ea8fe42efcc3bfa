"""`tumorcast bundle inspect|verify|pack|unpack`: a bundle's files."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any


def add_parsers(subparsers: Any) -> None:
    """Register the commands."""
    inspect = subparsers.add_parser(
        "inspect",
        help="what a bundle is: data, encoder, signatures, model card",
        description="Say what a bundle is.",
    )
    inspect.add_argument("--json", action="store_true", help="the manifest and the signatures as JSON")
    inspect.add_argument("--card", action="store_true", help="the model card too")
    inspect.set_defaults(run=run_inspect)
    verify = subparsers.add_parser(
        "verify",
        help="check every byte, and the signatures",
        description=(
            "Check every byte of a bundle and its signatures. Returns 0 only where the files are those of the "
            "manifest and, with a keyring, a key of it signed them; 2 otherwise, with the reason."
        ),
    )
    verify.set_defaults(run=run_verify)
    for parser in (inspect, verify):
        parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder or zip")
        add_trust_option(parser)
    for name, run, text in (
        ("pack", run_pack, "a bundle's folder as one zip"),
        ("unpack", run_unpack, "a bundle's zip as a folder, every byte checked"),
    ):
        parser = subparsers.add_parser(name, help=text, description=f"Write {text}.")
        parser.add_argument("bundle", type=Path, metavar="BUNDLE")
        parser.add_argument("--out", required=True, type=Path, metavar="PATH")
        parser.set_defaults(run=run)


def add_trust_option(parser: argparse.ArgumentParser) -> None:
    """`--trust KEYRING`, for every command that opens a bundle."""
    parser.add_argument(
        "--trust",
        type=Path,
        metavar="KEYRING",
        default=Path(told) if (told := os.environ.get("TUMORCAST_KEYRING")) else None,
        help="keyring of trusted keys (default: $TUMORCAST_KEYRING); the bundle must be signed by one of them",
    )


def open_trusted(path: Path, keyring: Path | None) -> Any:
    """The bundle; with a keyring, only where a key of it signed the bundle."""
    from tumorcast.serve.bundle import load_bundle
    from tumorcast.serve.keyring import read_keyring

    return load_bundle(path, None if keyring is None else read_keyring(keyring), keyring is not None)


def run_inspect(args: argparse.Namespace) -> int:
    """Print."""
    import json

    from tumorcast.serve.bundle import check_files
    from tumorcast.serve.inspect import inspected, lines_of

    checked = check_files(args.bundle)
    verdict = _verdict(checked, args.trust)
    if args.json:
        print(json.dumps(inspected(checked, verdict), indent=1, ensure_ascii=False))
        return 0
    print("\n".join(lines_of(checked, verdict, args.card)))
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Print what was found; 0 where the bundle is sound."""
    from tumorcast.serve.bundle import check_files
    from tumorcast.serve.signature_verdict import require_signature

    checked = check_files(args.bundle)
    verdict = _verdict(checked, args.trust)
    size = sum(entry.size for entry in checked.manifest.files.values())
    print(f"files      {len(checked.manifest.files)} files, {size / 1e6:.1f} MB: as the manifest says")
    print(f"seal       {checked.manifest.seal}")
    for check in verdict.checks:
        print(f"signature  {check.code}: {check.sentence}")
    if not verdict.checks:
        print("signature  unsigned")
    require_signature(verdict, is_required=args.trust is not None)
    return 0


def run_pack(args: argparse.Namespace) -> int:
    """Write a zip."""
    from tumorcast.serve.bundle import check_files
    from tumorcast.serve.bundle_zip import pack_bundle

    checked = check_files(args.bundle)
    pack_bundle(checked.folder, args.out, checked.manifest)
    print(f"packed in {args.out}")
    return 0


def run_unpack(args: argparse.Namespace) -> int:
    """Write a folder."""
    from tumorcast.domain.errors import InputError
    from tumorcast.serve.bundle import check_files
    from tumorcast.serve.bundle_zip import unpack_bundle

    if not args.bundle.is_file():
        raise InputError("there is no such zip", got=str(args.bundle))
    if args.out.exists():
        raise InputError("a bundle is unpacked to a new folder", got=f"{args.out} is there already")
    unpack_bundle(args.bundle, args.out)
    check_files(args.out)
    print(f"unpacked in {args.out}")
    return 0


def _verdict(checked: Any, keyring: Path | None) -> Any:
    from tumorcast.serve.keyring import read_keyring
    from tumorcast.serve.signature_verdict import check_signatures

    return check_signatures(checked, None if keyring is None else read_keyring(keyring))
