"""`tumorcast rank BUNDLE STUDY --patient ID`: candidate regimens side by side; needs no torch."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tumorcast.cli.bundle_files import open_trusted
from tumorcast.cli.host_options import add_host_options, host_of
from tumorcast.cli.prediction_options import add_prediction_options, request_of

if TYPE_CHECKING:
    from tumorcast.readers.study import Study
    from tumorcast.serve.bundle import Bundle
    from tumorcast.serve.ranking import RankingRequest
    from tumorcast.serve.ranking_batch import RankedPatient


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "rank",
        help="candidate regimens of a patient side by side, guideline standards first",
        description=(
            "For each candidate regimen of a sourced formulary: the outcome among patients who received it, with its "
            "interval, evidence, overlap, cautions, availability and cost. Guideline standards stand first, ties have "
            "no order, and where training could not compare there is no number. It gives no advice. Research use only."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="folder that `tumorcast train` exported")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder (cBioPortal layout)")
    whom = parser.add_mutually_exclusive_group(required=True)
    whom.add_argument("--patient", action="append", metavar="ID", help="patient; may be given several times")
    whom.add_argument("--all", action="store_true", help="every patient of the study")
    parser.add_argument(
        "--formulary",
        action="append",
        default=[],
        type=Path,
        metavar="YAML",
        help="regimens of your own (docs/formulary.md)",
    )
    parser.add_argument("--cancer", metavar="CODE", help="OncoTree code; else what the study declares")
    parser.add_argument("--line", type=int, metavar="N", help="line of therapy; else that of the last course")
    parser.add_argument("--setting", metavar="NAME", help="metastatic, neoadjuvant, ...; else all")
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="regimen, drug, class or kind"
    )
    parser.add_argument("--exclude", action="append", default=[], metavar="NAME", help="likewise, left out")
    parser.add_argument(
        "--fact",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="of the patient: neutrophils=1.2, pregnancy=no",
    )
    add_host_options(parser, "outputs of `tumorcast pgx`: dose and toxicity lines, quoted")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="record, page and picture; needed for several patients"
    )
    parser.add_argument("--json", action="store_true", help="print the record instead of the table")
    add_prediction_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Rank; returns 0 where every patient has a record (refusals too), else 1."""
    from dataclasses import replace

    from tumorcast.biology.regimens.formulary import Formulary
    from tumorcast.biology.regimens.parse import check_setting
    from tumorcast.domain.errors import InputError
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.serve.ranking import RankingRequest
    from tumorcast.serve.ranking_facts import parse_facts
    from tumorcast.serve.report import check_patients, patients_of

    cache = (args.out or args.study) / "tile_features"
    request = RankingRequest(
        predict=request_of(args, cache),
        formulary=Formulary.embedded().with_files(args.formulary),
        cancer=args.cancer,
        line=args.line,
        setting=None if args.setting is None else check_setting(args.setting),
        only=tuple(args.only),
        exclude=tuple(args.exclude),
        facts=parse_facts(args.fact),
    )
    bundle = open_trusted(args.bundle, args.trust)
    study = read_study(args.study)
    patients = patients_of(study) if args.all else check_patients(study, args.patient)
    request = replace(request, host=host_of(args, study, patients))
    if len(patients) > 1 or args.all:
        if args.out is None:
            raise InputError("several patients need a folder", fix="give --out DIR")
        return _many(bundle, study, patients, request, args)
    return _one(bundle, study, patients[0], request, args)


def _one(
    bundle: Bundle, study: Study, patient_id: str, request: RankingRequest, args: argparse.Namespace
) -> int:
    from tumorcast.clinic.ranking.record_json import text_of
    from tumorcast.clinic.ranking.table import table_text
    from tumorcast.clinic.ranking.write import write_ranking
    from tumorcast.serve.ranking import make_ranking

    ranking = make_ranking(bundle, study, patient_id, request)
    sys.stdout.write(text_of(ranking) if args.json else table_text(ranking))
    if args.out is not None:
        for problem in write_ranking(ranking, args.out):
            print(problem, file=sys.stderr)
        print(f"in {args.out}", file=sys.stderr)
    return 0


def _many(
    bundle: Bundle, study: Study, patients: list[str], request: RankingRequest, args: argparse.Namespace
) -> int:
    from tumorcast.serve.ranking_batch import TABLE, write_rankings

    rows, problems = write_rankings(bundle, study, patients, args.out, request)
    for row in rows:
        if row.status != "compared":
            print(f"{row.patient_id}: {row.status.replace('_', ' ')}: {row.reason}", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
    return _tell(rows, args.out / TABLE)


def _tell(rows: list[RankedPatient], table: Path) -> int:
    counts = {
        name: sum(row.status == name for row in rows)
        for name in ("compared", "no_order", "refused", "failed")
    }
    told = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counts.items() if n)
    print(f"{len(rows)} patients: {told}\nin {table}\nResearch use only, preliminary.")
    return 1 if counts["failed"] else 0
