"""`tumorcast lab backup|restore|erase`: what a hospital's IT does with a lab."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from tumorcast.cli.lab import add_folder
from tumorcast.domain.errors import InputError

_REASONS = ("patient_request", "consent_withdrawn", "retention_over", "wrong_upload", "other")


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    backup = subparsers.add_parser("backup", help="write the whole lab into one zip, while it runs")
    add_folder(backup)
    backup.add_argument("out", type=Path, metavar="ZIP")
    backup.set_defaults(run=run_backup)
    restore = subparsers.add_parser("restore", help="a lab from a backup, in a new folder")
    restore.add_argument("backup", type=Path, metavar="ZIP")
    add_folder(restore)
    restore.add_argument(
        "--erased-since",
        type=Path,
        metavar="JSONL",
        help="newer export of the audit log: erase again what it says",
    )
    restore.set_defaults(run=run_restore)
    erase = subparsers.add_parser(
        "erase", help="erase a patient, a case, or what the retention period is over for"
    )
    add_folder(erase)
    what = erase.add_mutually_exclusive_group(required=True)
    what.add_argument("--patient", metavar="ID")
    what.add_argument("--case", metavar="ID")
    what.add_argument("--due", action="store_true", help="all whose retention period is over")
    what.add_argument("--scrub", action="store_true", help="finish an erasure that could not cut the log")
    erase.add_argument("--reason", choices=_REASONS, help="for the audit log")
    erase.add_argument("--yes", action="store_true", help="do it; else only say what would be erased")
    erase.set_defaults(run=run_erase)


def run_backup(args: argparse.Namespace) -> int:
    """Write the backup; print what it holds."""
    from tumorcast.lab.backup import backup
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    store = LabStore.open(args.folder)
    made = backup(store, SYSTEM, args.out)
    store.close()
    print(f"{made.n_files} files, {made.n_bytes / 1e6:.1f} MB in {made.path}")
    print(f"anchor of the audit log, to be kept elsewhere:\n{made.anchor[0]}:{made.anchor[1]}")
    return 0


def run_restore(args: argparse.Namespace) -> int:
    """Restore; print what is there."""
    from tumorcast.lab.backup import restore
    from tumorcast.lab.cases import count_cases

    store = restore(args.backup, args.folder, args.erased_since)
    print(f"{count_cases(store)} cases in {args.folder}; every file and the audit log were checked")
    store.close()
    return 0


def run_erase(args: argparse.Namespace) -> int:
    """Erase, or say what would be."""
    from tumorcast.lab import retention
    from tumorcast.lab.cases import cases_of_patient, get_case
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    store = LabStore.open(args.folder)
    if args.scrub:
        print(f"{retention.sweep_orphans(store)} folders removed")
        retention.scrub(store)
        return 0
    if args.due:
        found = retention.due_for_erasure(store)
    else:
        found = cases_of_patient(store, args.patient) if args.patient else [get_case(store, args.case).id]
    if not args.yes or not found:
        print(f"{len(found)} cases would be erased: {', '.join(found) or 'none'}; --yes does it")
        return 0
    if args.reason is None and not args.due:
        raise InputError("a reason is needed", expected=f"--reason {'|'.join(_REASONS)}")
    retention.erase_cases(store, SYSTEM, found, args.reason or "retention_over")
    print(f"{len(found)} cases erased: {', '.join(found)}")
    store.close()
    return 0
