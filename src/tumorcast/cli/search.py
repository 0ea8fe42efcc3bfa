"""`tumorcast search CONFIG... SPACE.yaml [key=value...]`: settings chosen inside nested cross-validation."""

from __future__ import annotations

import argparse
from typing import Any

from tumorcast.domain.errors import InputError


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "search",
        help="search for settings inside each outer fold, then test what was chosen",
        description="As `train`, but settings are searched for on inner folds of each outer fold's training patients; "
        "its test patients are predicted once, by the chosen setting and by the run's own. "
        "Interrupted searches go on; the same command started several times shares the trials.",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CONFIG.yaml|SPACE.yaml|key=value",
        help="YAML files merged left to right, one with a section `search`, then dotted.key=value overrides",
    )
    parser.add_argument("--workers", type=int, default=1, help="processes that share the trials (default: 1)")
    parser.add_argument(
        "--engine",
        choices=["local", "ray"],
        default="local",
        help="where further workers run: on this machine, or as tasks of the Ray cluster of RAY_ADDRESS",
    )
    parser.add_argument("--join", action="store_true", help=argparse.SUPPRESS)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Validate the configuration and the space before anything heavy is imported."""
    from tumorcast.config.search import load_search

    config, search = load_search(arguments.words)
    if arguments.workers < 1:
        raise InputError("--workers must be at least 1", got=arguments.workers)
    from tumorcast.cli.search_team import team
    from tumorcast.export.run_bundle import export_conclusion
    from tumorcast.training.search_run import run_search
    from tumorcast.training.stop import leave_on_signal

    if not arguments.join:
        leave_on_signal()
    with team(arguments.words, arguments.workers, arguments.engine):
        run_search(config, search, export_conclusion, is_helper=arguments.join)
    return 0
