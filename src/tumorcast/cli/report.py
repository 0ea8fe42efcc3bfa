"""`tumorcast report BUNDLE STUDY --patient ID --out DIR`: reports for the tumour board; needs no torch."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorcast.cli.bundle_files import open_trusted
from tumorcast.cli.host_options import add_host_options, host_of
from tumorcast.cli.prediction_options import add_prediction_options, request_of

if TYPE_CHECKING:
    from tumorcast.clinic.report.index import IndexRow
    from tumorcast.serve.report_panels import PanelRequest, TwinAsked
    from tumorcast.serve.request import Request


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
    add_prediction_options(parser)
    parser.add_argument(
        "--tiles", type=int, default=6, metavar="N", help="highest and lowest tiles shown (6)"
    )
    parser.add_argument(
        "--rank", action="store_true", help="candidate regimens side by side, too, where a number is given"
    )
    parser.add_argument(
        "--formulary", action="append", default=[], type=Path, metavar="YAML",
        help="with --rank: regimens of your own (docs/formulary.md)",
    )  # fmt: skip
    parser.add_argument(
        "--cancer", metavar="CODE", help="with --rank: OncoTree code; else what the study declares"
    )
    parser.add_argument(
        "--lesions", action="append", default=[], type=Path, metavar="TABLE",
        help="sizes or lesions of the patients (docs/recist.md): forecast of tumour size, too",
    )  # fmt: skip
    parser.add_argument(
        "--population",
        metavar="NAME|FILE.json",
        help="with --lesions: as `tumorcast twin`",
    )
    parser.add_argument(
        "--curves", action="store_true",
        help="survival curves of the recorded regimen, and with --rank of the candidates compared",
    )  # fmt: skip
    add_host_options(
        parser,
        "outputs of `tumorcast pgx`, `pgs` and `clock`: what they say of the host for the regimens at hand",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the reports; returns 0 where every patient has one (refusals too), else 1."""
    from dataclasses import replace

    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.report import ReportRequest, check_patients, patients_of
    from tumorcast.serve.report_batch import write_reports

    asked = request_of(args, args.out / "tile_features")
    bundle = open_trusted(args.bundle, args.trust)
    study = read_study(args.study)
    patients = patients_of(study) if args.all else check_patients(study, args.patient)
    request = ReportRequest(asked, n_tiles=args.tiles)
    panels = replace(_panels_of(args, asked), host=host_of(args, study, patients))
    return _tell(write_reports(bundle, study, patients, args.out, request, panels), args.out)


def _panels_of(args: argparse.Namespace, asked: Request) -> PanelRequest:
    """What the reports show beside the prediction."""
    from tumorcast.biology.regimens.formulary import Formulary
    from tumorcast.domain.errors import InputError
    from tumorcast.serve.curves import CurvesRequest
    from tumorcast.serve.ranking import RankingRequest
    from tumorcast.serve.report_panels import PanelRequest

    curves = CurvesRequest(asked) if args.curves else None
    twin = _twin_of(args.lesions, args.population) if args.lesions else None
    if args.rank:
        formulary = Formulary.embedded().with_files(args.formulary)
        return PanelRequest(
            RankingRequest(predict=asked, formulary=formulary, cancer=args.cancer), curves, twin
        )
    if args.formulary or args.cancer:
        raise InputError("--formulary and --cancer are of the ranking", fix="add --rank")
    return PanelRequest(curves=curves, twin=twin)


def _twin_of(tables: list[Path], population: str | None) -> TwinAsked:
    import sys

    from tumorcast.clinic.twin.published import named_population, need_population
    from tumorcast.clinic.twin.read import read_series
    from tumorcast.serve.report_panels import TwinAsked

    chosen = named_population(need_population(population))
    sizes = read_series(tables)
    for problem in sizes.problems:
        print(f"{problem.patient_id}: {problem.code}: {problem.detail}", file=sys.stderr)
    return TwinAsked(sizes, chosen)


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
