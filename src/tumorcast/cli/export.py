"""`tumorcast export SOURCE --out BUNDLE`: a bundle from MLflow's registry, or of a finished run."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "export",
        help="a bundle from MLflow's registry or a run",
        description=(
            "Write the bundle of models:/NAME/VERSION (a registered model), of runs:/ID/..., or of a run's folder, "
            "every byte checked. OUT is a folder, or a zip where it ends in .zip."
        ),
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="models:/NAME/VERSION, models:/NAME@ALIAS, or runs/NAME"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--tracking-uri",
        metavar="URI",
        help="of MLflow (default: $MLFLOW_TRACKING_URI, else sqlite:///mlflow.db)",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Export and say what it is."""
    from tumorcast.serve.bundle import check_files
    from tumorcast.training.registry import export_bundle_of

    export_bundle_of(args.source, args.out, args.tracking_uri)
    print(f"{check_files(args.out).manifest.model_id} in {args.out}")
    return 0
