"""`tumorcast site rescan BUNDLE A B [A B ...]`: one glass scanned twice, and what that changes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.lab.site.rescan import Rescan
    from tumorcast.serve.bundle import Bundle


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "rescan",
        help="change in probability between two scans of one glass",
        description=(
            "Pairs of slide files, each scan read by itself; or with --study and --pairs (slide_a,slide_b) the study's "
            "courses twice, all else being equal. Exit code 0 where changes stay within the limit, else 1."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "slides", nargs="*", type=Path, metavar="SLIDE", help="first and second scan, in turn"
    )
    parser.add_argument("--study", type=Path, metavar="STUDY")
    parser.add_argument("--pairs", type=Path, metavar="CSV")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--limit", type=float, default=0.1, metavar="X", help="accepted change (0.1)")
    parser.add_argument("--features", type=Path, metavar="DIR", help="features of `tumorcast encode`")
    parser.add_argument("--slide-mpp", type=float, metavar="X")
    parser.add_argument("--demonstrate", action="store_true")
    parser.add_argument("--lab", type=Path, metavar="FOLDER", help="keep the figures in this lab")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare, write, keep."""
    from tumorcast.domain.errors import InputError
    from tumorcast.lab.site.rescan import as_record, picture_of, read_pairs, rescan_slides, rescan_study
    from tumorcast.lab.site.rescan_page import rescan_page
    from tumorcast.lab.site.write import write_document
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.bundle import load_bundle
    from tumorcast.serve.guards.origin import watermark_of
    from tumorcast.serve.predict import Request
    from tumorcast.serve.rows import write_csv

    if not 0 < args.limit < 1:
        raise InputError("that is no limit of a change in probability", got=args.limit, expected="0 to 1")
    bundle, study = load_bundle(args.bundle), None
    if args.study is not None and args.pairs is not None and not args.slides:
        study = read_study(args.study)
        request = Request(
            args.out / "features", args.features, args.slide_mpp, demonstrate=args.demonstrate, progress=True
        )
        made = rescan_study(bundle, study, read_pairs(args.pairs), request, args.limit)
        paths = dict(zip(study.slides["slide_id"], map(Path, study.slides["path"]), strict=True))
    elif args.slides and len(args.slides) % 2 == 0 and args.study is None and args.pairs is None:
        pairs = list(zip(args.slides[::2], args.slides[1::2], strict=True))
        made = rescan_slides(bundle, pairs, args.out / "features", args.limit, args.slide_mpp)
        paths = {path.name: path for path in args.slides}
    else:
        raise InputError("no pairs", got=f"{len(args.slides)} slides",
                         expected="an even number of slides, or --study and --pairs")  # fmt: skip
    worst = made.worst
    found = (
        [] if worst is None else [picture_of(paths[worst[k]], args.slide_mpp) for k in ("first", "second")]
    )
    mark = watermark_of(bundle.manifest, "real" if study is None else study.origin, args.demonstrate)
    page = rescan_page(made, bundle.manifest.model_id, tuple(p for p in found if p is not None), mark)
    files = write_document(page, args.out, "rescan", as_record(made))
    write_csv(made.pairs, args.out / "pairs.csv")
    print(f"{page.verdict}\n{files[0]}, {files[1]}")
    if args.lab is not None:
        _keep(args.lab, bundle, made)
    return 0 if made.verdict == "pass" else 1


def _keep(lab: Path, bundle: Bundle, made: Rescan) -> None:
    from tumorcast.lab.site.records import keep
    from tumorcast.lab.site.rescan import as_record
    from tumorcast.lab.store import LabStore
    from tumorcast.lab.users import SYSTEM

    manifest = bundle.manifest
    kept = keep(LabStore.open(lab), SYSTEM, "rescan", (manifest.model_id, manifest.seal), as_record(made))
    print(f"kept as {kept.id}")
