"""`tumorcast derive STUDY --out FOLDER`: published scores of every sample from the study's own layers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "derive",
        help="compute immune, pathway, instability and mutation scores of a study",
        description="Published scores of each sample by itself: tables, pictures, and what could not be computed.",
    )
    parser.add_argument("study", type=Path, help="study folder")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--signatures", type=Path, help="COSMIC's single base substitution signatures")
    parser.add_argument("--fasta", type=Path, help="reference genome, where the variants lack their context")
    parser.add_argument("--gene-sets", type=Path, help="GMT file to score beside the embedded programmes")
    parser.add_argument(
        "--into-study",
        action="store_true",
        help="also add the layers to the study, so that a model can use them",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Derive, write, draw."""
    from tumorcast.evaluation.derived_report import Sources, write_derived

    sources = Sources(arguments.signatures, arguments.fasta, arguments.gene_sets)
    told = write_derived(
        arguments.study, arguments.out, sources, arguments.into_study,
        lambda text: print(text, file=sys.stderr, flush=True),
    )  # fmt: skip
    print("\n".join([*told, f"in {arguments.out}/  (LAYER.csv, LAYER.png, report.csv)"]))
    return 0
