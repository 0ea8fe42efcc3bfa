"""`tumorcast site drift BUNDLE STUDY... --out DIR`: do the cases that come in still look like training's."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "drift",
        help="chart incoming cases against the training patients",
        description=(
            "EWMA charts of each scanner's slides and of all cases' numbers, distributions, share of cases unlike "
            "training; of studies in their order, or of a lab's cases (--lab). Exit code 1 where something drifted."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder of the bundle")
    parser.add_argument("studies", nargs="*", type=Path, metavar="STUDY", help="in the order of time")
    parser.add_argument("--lab", type=Path, metavar="FOLDER", help="the lab's own cases instead")
    parser.add_argument("--since", metavar="DAY", help="of the lab's cases: from this day (YYYY-MM-DD)")
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument(
        "--baseline", type=Path, metavar="STUDY", help="cases whose pixels are taken for normal (20 or more)"
    )
    parser.add_argument("--features", type=Path, metavar="DIR", help="features of `tumorcast encode`")
    parser.add_argument("--slide-mpp", type=float, metavar="X")
    parser.add_argument("--demonstrate", action="store_true")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Judge, draw, write."""
    from tumorcast.domain.errors import InputError
    from tumorcast.lab.site.drift_page import drift_page
    from tumorcast.lab.site.write import write_document
    from tumorcast.serve.bundle import load_bundle
    from tumorcast.serve.guards.origin import watermark_of
    from tumorcast.serve.rows import write_csv

    bundle = load_bundle(args.bundle)
    if bool(args.studies) == (args.lab is not None):
        raise InputError("no cases", got="both or neither", expected="studies, or --lab FOLDER")
    report, cases, origin = _of_lab(args, bundle) if args.lab is not None else _of_studies(args, bundle)
    what = f"{report.cases} cases of " + ("the lab" if args.lab else ", ".join(p.name for p in args.studies))
    mark = watermark_of(bundle.manifest, origin, args.demonstrate)
    page = drift_page(report, bundle.manifest.model_id, what, mark)
    files = write_document(page, args.out, "drift")
    write_csv(report.inputs, args.out / "inputs.csv")
    write_csv(cases.reset_index(), args.out / "cases.csv")
    for chart in report.alarms[:10]:
        print(f"alarm: {chart.name} ({chart.group}) after {chart.alarm_after} cases")
    print(f"{page.verdict}\n{files[0]}, {files[1]}")
    return 1 if page.tone == "bad" else 0


def _of_studies(args: argparse.Namespace, bundle: Any) -> tuple[Any, Any, Any]:
    import pandas as pd

    from tumorcast.evaluation.drift import judge_drift
    from tumorcast.lab.site.incoming import numbers_of_study, spreads_for
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.predict import Request

    def numbers(folder: Path, k: int) -> tuple[Any, str]:
        study = read_study(folder)
        cache = args.out / f"features_{k}"
        request = Request(cache, args.features, args.slide_mpp, demonstrate=args.demonstrate, progress=True)
        return numbers_of_study(bundle, study, request), study.origin

    found = [numbers(folder, k) for k, folder in enumerate(args.studies)]
    cases = pd.concat([table for table, _ in found])
    origin = "simulated" if any(origin == "simulated" for _, origin in found) else "real"
    baseline = None if args.baseline is None else numbers(args.baseline, len(found))[0]
    return judge_drift(cases, spreads_for(bundle, baseline)), cases, origin


def _of_lab(args: argparse.Namespace, bundle: Any) -> tuple[Any, Any, Any]:
    from datetime import UTC, datetime

    from tumorcast.domain.errors import InputError
    from tumorcast.lab.site.incoming import drift_of, numbers_since
    from tumorcast.lab.store import LabStore

    store, since = LabStore.open(args.lab), 0.0
    if args.since is not None:
        try:
            since = datetime.fromisoformat(args.since).replace(tzinfo=UTC).timestamp()
        except ValueError:
            raise InputError("that is no day", got=args.since, expected="YYYY-MM-DD") from None
    cases = numbers_since(store, bundle.manifest.model_id, since)
    return drift_of(store, bundle, since), cases, "real"
