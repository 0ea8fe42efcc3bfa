"""`tumorcast site control register|run|list|retire`: the daily control slide of a lab."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.lab.store import LabStore
    from tumorcast.serve.bundle import Bundle
    from tumorcast.serve.slide_reading import SlideReading


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    parser = subparsers.add_parser("control", help="register and run a control slide")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    register = commands.add_parser(
        "register",
        help="learn what a control shows when all is well",
        description="From ten or more scans of one glass (better twenty, over several days), or from one file that "
        "will be read again as it is.",
    )
    register.add_argument("scans", nargs="+", type=Path, metavar="SLIDE")
    run_ = commands.add_parser("run", help="read a control again; exit code 1 where it is out of control")
    run_.add_argument("scan", type=Path, metavar="SLIDE", help="today's scan (or the same file)")
    run_.add_argument("--out", type=Path, metavar="DIR", help="write the chart there (HTML, PDF)")
    for each in (register, run_):
        each.add_argument("--lab", required=True, type=Path, metavar="FOLDER")
        each.add_argument("--bundle", metavar="ID", help="of the lab's bundles (the active one)")
        each.add_argument("--name", default="daily", help="of the control (daily)")
        each.add_argument("--slide-mpp", type=float, metavar="X")
    show = commands.add_parser("list", help="controls in use and how they are")
    show.add_argument("--lab", required=True, type=Path, metavar="FOLDER")
    retire = commands.add_parser("retire", help="run a control no more")
    retire.add_argument("control", metavar="ID")
    retire.add_argument("--lab", required=True, type=Path, metavar="FOLDER")
    retire.add_argument("--comment", required=True)
    for each, do in ((register, run_register), (run_, run_run), (show, run_list), (retire, run_retire)):
        each.set_defaults(run=do)


def run_register(args: argparse.Namespace) -> int:
    """Read the scans and keep what they show."""
    from tumorcast.lab.site.control_log import register_control
    from tumorcast.lab.users import SYSTEM

    store, bundle, readings = _read(args, args.scans)
    made = register_control(store, SYSTEM, bundle, args.name, readings)
    print(f"control '{args.name}' is {made.id}, learned from {len(readings)} readings")
    return 0


def run_run(args: argparse.Namespace) -> int:
    """Read the scan, judge it, keep it, draw it."""
    from tumorcast.lab.site.control_log import control_named, note_run, runs_of
    from tumorcast.lab.site.control_page import control_page
    from tumorcast.lab.site.write import write_document
    from tumorcast.lab.users import SYSTEM
    from tumorcast.serve.guards.origin import watermark_of

    store, bundle, (reading,) = _read(args, [args.scan])
    record = control_named(store, bundle.manifest.model_id, args.name)
    _, made = note_run(store, SYSTEM, record.id, reading)
    print(made.sentence + (f" ({reading.problem})" if reading.problem else ""))
    if args.out is not None:
        page = control_page(record, runs_of(store, record.id), watermark_of(bundle.manifest, "real", True))
        print(f"chart in {write_document(page, args.out, f'control_{record.id}')[0]}")
    return 0 if made.is_in_control else 1


def run_list(args: argparse.Namespace) -> int:
    """One line a control; 1 where reports of now carry a warning."""
    from tumorcast.lab.site.control_log import control_status, controls, runs_of
    from tumorcast.lab.store import LabStore

    store = LabStore.open(args.lab)
    for control in controls(store):
        runs = runs_of(store, control.id)
        last = runs[-1].content["sentence"] if runs else "never run"
        print(f"{control.id}  {control.content['name']}  {control.model_id}  {len(runs)} runs  {last}")
    flag = control_status(store)
    print("reports carry no warning" if flag is None else f"reports carry: {flag.sentence}")
    return 0 if flag is None else 1


def run_retire(args: argparse.Namespace) -> int:
    """The series stays."""
    from tumorcast.lab.site.control_log import retire_control
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    retire_control(LabStore.open(args.lab), SYSTEM, args.control, args.comment)
    print(f"{args.control} is retired")
    return 0


def _read(args: argparse.Namespace, paths: list[Path]) -> tuple[LabStore, Bundle, list[SlideReading]]:
    from tumorcast.lab.bundles import active_bundle, open_bundle
    from tumorcast.lab.errors import NotFoundError
    from tumorcast.lab.store import LabStore
    from tumorcast.serve.slide_reading import read_slides

    store = LabStore.open(args.lab)
    active = active_bundle(store)
    bundle_id = args.bundle or (active.id if active else None)
    if bundle_id is None:
        raise NotFoundError("no bundle is active", fix="give --bundle ID")
    bundle = open_bundle(store, bundle_id)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
        return store, bundle, read_slides(bundle, paths, Path(cache), args.slide_mpp)
