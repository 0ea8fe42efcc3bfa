"""`tumorcast mlflow sync|compare`: runs sent to a server later, and the pages that compare the best of them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

_URI_HELP = "of MLflow (default: $MLFLOW_TRACKING_URI, else sqlite:///mlflow.db); sign in by the environment"


def add_parser(subparsers: Any) -> None:
    """Register the group and its commands."""
    parser = subparsers.add_parser("mlflow", help="send runs to an MLflow server; compare the best of them")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    sync = commands.add_parser(
        "sync",
        help="send runs that were made without a server, or whose server was not there",
        description="Sent twice, a run is there once; what a break interrupted, the same command makes good.",
    )
    sync.add_argument("runs", nargs="+", type=Path, metavar="RUN", help="folders of runs, such as runs/*")
    sync.add_argument("--uri", help=_URI_HELP)
    sync.add_argument("--experiment", help="name there (default: the one the run was made for)")
    sync.set_defaults(run=run_sync)
    compare = commands.add_parser(
        "compare", help="the best runs of an experiment: what differs, and the page with their curves"
    )
    compare.add_argument("--uri", help=_URI_HELP)
    compare.add_argument("--experiment", default="tumorcast")
    compare.add_argument("--best", type=int, default=2, metavar="N", help="how many [2]")
    compare.add_argument("--metric", default="primary", help="such as fused.auroc [primary]")
    compare.add_argument(
        "--where", action="append", default=[], metavar="FILTER", help="such as \"tags.data = 'imvigor'\""
    )
    compare.set_defaults(run=run_compare)


def run_sync(args: argparse.Namespace) -> int:
    """Send each run; one that fails is told and the others go on.

    Returns:
        0 all are there, 2 some are not.
    """
    from tumorcast.readers.file_systems import refuse_shared_database
    from tumorcast.training.journal import journal_of
    from tumorcast.training.tracking import tracking_uri

    uri = tracking_uri(args.uri)
    refuse_shared_database(uri, "--uri", "name a server: --uri https://... (docs/mlflow.md)")
    folders = [path for path in args.runs if journal_of(path).is_file()]
    for path in sorted(set(args.runs) - set(folders)):
        print(f"{path}: no journal, left out", file=sys.stderr)
    sent = [_sync(path, uri, args.experiment) for path in _in_order(folders)]
    print(f"{sum(sent)} of {len(sent)} runs are on the server")
    return 0 if sent and all(sent) else 2


def run_compare(args: argparse.Namespace) -> int:
    """Print the best runs, what differs between the first two, and the page."""
    from tumorcast.training.comparison import compare_best
    from tumorcast.training.tracking import tracking_uri

    print(
        "\n".join(compare_best(tracking_uri(args.uri), args.experiment, args.metric, args.best, args.where))
    )
    return 0


def _in_order(folders: list[Path]) -> list[Path]:
    """As they were begun, so that each finds the run before it on the server."""
    from tumorcast.domain.errors import InputError
    from tumorcast.training.journal import journal_of, read_events

    def began(path: Path) -> int:
        try:
            return next((int(event.get("at", 0)) for event in read_events(journal_of(path))), 0)
        except InputError:
            return 0

    return sorted(folders, key=began)


def _sync(folder: Path, uri: str, experiment: str | None) -> bool:
    from tumorcast.domain.errors import TumorcastError
    from tumorcast.training.delivery import deliver

    try:
        sent = deliver(folder, uri, experiment)
    except TumorcastError as error:
        print(f"{folder}: {error}", file=sys.stderr)
        return False
    for line in sent.refused:
        print(f"{folder}: not taken: {line}", file=sys.stderr)
    print(f"{folder}: run {sent.runs['']}")
    return True
