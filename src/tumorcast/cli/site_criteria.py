"""`tumorcast site criteria --out FILE`, `tumorcast site fix BUNDLE FILE`: acceptance criteria, fixed before a look."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    write = subparsers.add_parser(
        "criteria", help="write the default acceptance criteria, to be changed by hand"
    )
    write.add_argument("--out", required=True, type=Path, metavar="YAML")
    write.set_defaults(run=run_write)
    fix = subparsers.add_parser("fix", help="fix acceptance criteria for a model, with today's date")
    fix.add_argument("bundle", type=Path, metavar="BUNDLE")
    fix.add_argument("criteria", type=Path, metavar="YAML")
    fix.add_argument("--lab", type=Path, metavar="FOLDER", help="lab whose ledger is used")
    fix.set_defaults(run=run_fix)


def run_write(args: argparse.Namespace) -> int:
    """Write `DEFAULT`."""
    from tumorcast.lab.site.criteria import DEFAULT, criteria_text
    from tumorcast.readers.files import write_text

    write_text(args.out, criteria_text(DEFAULT))
    print(f"criteria in {args.out}; change them, then fix them: tumorcast site fix BUNDLE {args.out}")
    return 0


def run_fix(args: argparse.Namespace) -> int:
    """Write them down with a date."""
    from tumorcast.lab.site.criteria import read_criteria
    from tumorcast.lab.site.ledger import changed_by, fix, ledger_of
    from tumorcast.serve.bundle import load_bundle

    criteria, manifest = read_criteria(args.criteria), load_bundle(args.bundle).manifest
    ledger, bundle = ledger_of(args.lab), (manifest.model_id, manifest.seal)
    made = fix(ledger, criteria, bundle)
    print(f"criteria '{made.name}' ({made.criteria[:16]}) of {manifest.model_id} are fixed since {made.when}")
    changed = changed_by(ledger, criteria, bundle)
    if changed is not None:
        print(f"warning: {changed.cases} cases were looked at on {changed.when} under other criteria")
    return 0
