"""`tumorcast biomarkers RUN`: which genes, pathways, proteins and tiles a run leans on, tested on unseen patients."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "biomarkers",
        help="rank what a run's models lean on, tested on held-out patients",
        description="Rank genes, pathways, proteins and tiles by integrated gradients on held-out patients.",
    )
    parser.add_argument("run_folder", type=Path, metavar="RUN", help="folder of a finished run (runs/NAME)")
    parser.add_argument("--out", type=Path, help="folder to write (default RUN/biomarkers)")
    parser.add_argument("--fdr", type=float, default=0.1, help="accepted false discovery rate (0.1)")
    parser.add_argument("--top", type=int, default=20, help="size of the top whose stability is counted (20)")
    parser.add_argument("--morphologies", type=int, default=12, help="clusters of tiles (12; 0 for none)")
    parser.add_argument("--steps", type=int, default=32, help="steps of the integrated gradients (32)")
    parser.add_argument("--patients", type=int, default=4, help="patients to draw a waterfall of (4)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Collect, test, write, draw."""
    from tumorcast.explain.biomarkers import Settings
    from tumorcast.explain.report import write_biomarkers

    settings = Settings(fdr=arguments.fdr, top=arguments.top)
    out = arguments.out or arguments.run_folder / "biomarkers"
    said = write_biomarkers(
        arguments.run_folder, out, settings, arguments.morphologies, arguments.steps, arguments.patients,
        lambda text: print(text, file=sys.stderr, flush=True),
    )  # fmt: skip
    print("\n".join([*said, f"in {out}/  (biomarkers.csv, attributions/, figures/)"]))
    return 0
