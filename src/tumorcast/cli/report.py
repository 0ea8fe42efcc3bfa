"""`tumorcast report BUNDLE STUDY --patient ID --out DIR`: reports for the tumour board; needs no torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorcast.cli.bundle_files import add_trust_option

if TYPE_CHECKING:
    from tumorcast.clinic.report.index import IndexRow
    from tumorcast.serve.predict import Request


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "report",
        help="write patient reports (HTML, PDF, FHIR, JSON)",
        description=(
            "Write a report for each course of the patients: DIR/PATIENT/COURSE/report.html, report.pdf, "
            "report.json, fhir.json and a heatmap of each slide, and an index of all. Finished patients are kept "
            "when the command is run again; one that fails is listed at the end. Research use only."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `tumorcast train` exported")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder (cBioPortal layout)")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--patient", action="append", metavar="ID", help="patient; may be given several times")
    whom.add_argument("--all", action="store_true", help="every patient of the study")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="where the reports go")
    parser.add_argument(
        "--features",
        type=Path,
        metavar="DIR",
        help="features of `tumorcast encode`; slides are only shown then",
    )
    parser.add_argument(
        "--slide-mpp", type=float, metavar="X", help="um/px of level 0 where a slide does not say it"
    )
    parser.add_argument(
        "--any-stain", action="store_true", help="use slides too that are not stained with H&E"
    )
    parser.add_argument(
        "--demonstrate",
        action="store_true",
        help="watermarked reports where a model of simulated data would refuse a real study",
    )
    parser.add_argument(
        "--trust-features",
        action="store_true",
        help="vouch for features that do not say by which encoder they were made",
    )
    parser.add_argument(
        "--policy", type=Path, metavar="YAML", help="what the lab decided about the guards (docs/safety.md)"
    )
    add_trust_option(parser)
    parser.add_argument(
        "--tiles", type=int, default=6, metavar="N", help="highest and lowest tiles shown (6)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the reports; returns 0 where every patient has one (refusals too), else 1."""
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.bundle import load_bundle
    from tumorcast.serve.keyring import read_keyring
    from tumorcast.serve.report import ReportRequest, check_patients, patients_of
    from tumorcast.serve.report_batch import write_reports

    asked = _asked(args)
    keyring = None if args.trust is None else read_keyring(args.trust)
    bundle = load_bundle(args.bundle, keyring, is_signature_required=keyring is not None)
    study = read_study(args.study)
    patients = patients_of(study) if args.all else check_patients(study, args.patient)
    request = ReportRequest(asked, n_tiles=args.tiles)
    return _tell(write_reports(bundle, study, patients, args.out, request), args.out)


def _asked(args: argparse.Namespace) -> Request:
    from tumorcast.serve.policy import STRICT, read_policy
    from tumorcast.serve.predict import Request
    from tumorcast.slides.mpp import check_given_mpp

    if args.slide_mpp is not None:
        check_given_mpp(args.slide_mpp, "--slide-mpp")
    return Request(
        cache=args.out / "tile_features",
        features=args.features,
        trust_features=args.trust_features,
        slide_mpp=args.slide_mpp,
        any_stain=args.any_stain,
        demonstrate=args.demonstrate,
        policy=STRICT if args.policy is None else read_policy(args.policy),
        progress=True,
    )


def _tell(rows: list[IndexRow], out: Path) -> int:
    """What became of the patients, those without a number last."""
    import sys

    failed = [row for row in rows if row.status == "failed"]
    refused = [row for row in rows if row.status in ("refused", "not_predicted")]
    for row in (*refused, *failed):
        print(
            f"{row.patient_id} {row.course_id}: {row.status.replace('_', ' ')}: {row.reason}", file=sys.stderr
        )
    print(
        f"{len(rows) - len(failed)} reports ({len(refused)} without a number), {len(failed)} patients failed"
    )
    print(f"in {out / 'index.html'}\nResearch use only, preliminary.")
    return 1 if failed else 0
