"""`tumorcast train CONFIG... [key=value...]`: train, evaluate, track, export."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "train",
        help="train, evaluate, track and export a model",
        description="Train as configured; writes runs/NAME/ and logs to MLflow. Interrupted runs go on.",
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="CONFIG.yaml|key=value",
        help="YAML files merged left to right, then dotted.key=value overrides",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Validate the configuration before anything heavy is imported."""
    from tumorcast.config import load_config

    config = load_config(arguments.words)
    from tumorcast.export.run_bundle import export_conclusion
    from tumorcast.training.run import run_experiment
    from tumorcast.training.stop import leave_on_signal

    leave_on_signal()
    run_experiment(config, export_conclusion)
    return 0
