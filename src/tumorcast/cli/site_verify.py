"""`tumorcast site verify BUNDLE STUDY --out DIR`: a model on local cases, against criteria fixed before."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "verify",
        help="verify a model on local cases before it goes live",
        description=(
            "Predict local cases and judge them by acceptance criteria: with outcomes AUROC, calibration and coverage "
            "beside the bundle's own figures; without them what is technical (cases that get a number, one case "
            "twice). HTML and PDF, to be signed by a named pathologist. Exit code 0 passed, 1 not."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder of the local cases")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--lab", type=Path, metavar="FOLDER", help="keep the verification in this lab")
    parser.add_argument("--criteria", type=Path, metavar="YAML", help="other than the default criteria")
    parser.add_argument("--technical", action="store_true", help="do not look at outcomes")
    parser.add_argument(
        "--reference", type=Path, metavar="CSV", help="the maker's predictions of the same cases"
    )
    parser.add_argument("--features", type=Path, metavar="DIR", help="features of `tumorcast encode`")
    parser.add_argument("--slide-mpp", type=float, metavar="X", help="um/px where a slide does not say it")
    parser.add_argument(
        "--demonstrate", action="store_true", help="watermarked, where a model of simulated data would refuse"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Verify, write, keep; 0 passed, 1 failed or not enough cases."""
    from tumorcast.lab.site.criteria import read_criteria
    from tumorcast.lab.site.ledger import ledger_of
    from tumorcast.lab.site.verification_page import verification_page
    from tumorcast.lab.site.verification_record import as_record
    from tumorcast.lab.site.verify import verify
    from tumorcast.lab.site.words import MEASURES, changed_told, interval, limits
    from tumorcast.lab.site.write import write_document
    from tumorcast.serve.predict import Request
    from tumorcast.serve.rows import write_csv

    request = Request(
        args.out / "features", args.features, args.slide_mpp, demonstrate=args.demonstrate, progress=True
    )
    made = verify(
        args.bundle, args.study, request, read_criteria(args.criteria), ledger_of(args.lab), args.reference,
        not args.technical,
    )  # fmt: skip
    kept = None
    if args.lab is not None:
        from tumorcast.lab.site.golive import keep_verification
        from tumorcast.lab.store import LabStore
        from tumorcast.lab.users import SYSTEM

        kept = keep_verification(LabStore.open(args.lab), SYSTEM, made)
    record = as_record(made)
    page = verification_page(record, None, (kept.id, kept.sha256) if kept else None)
    record |= {"id": kept.id, "sha256": kept.sha256, "status": "preliminary"} if kept else {}
    files = write_document(page, args.out, "verification", record)
    write_csv(made.predictions, args.out / "predictions.csv")
    for one in made.judged:
        limit = "" if one.low is None and one.high is None else limits(one.low, one.high)
        told = "" if one.is_required else " (told only)"
        print(
            f"{one.verdict:<17}{told} {MEASURES[one.measure]}: {interval(one.figure)}; {limit} {one.why_not}"
        )
    if made.standing.changed:
        print(changed_told(made.standing.changed.cases, made.standing.changed.when))
    print(f"{made.kind} verification: {made.verdict}; {files[0]}, {files[1]}")
    if kept is not None:
        print(f"kept as {kept.id}; to sign it: tumorcast site sign {args.lab} {kept.id} --out {args.out}")
    return 0 if made.verdict == "pass" and made.is_confirmatory else 1
