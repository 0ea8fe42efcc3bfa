"""`tumorcast pgx VCF|CALLS... --out FOLDER`: pharmacogenomic calls and dated guidance."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

_MOST_PRINTED = 2
"""Samples beyond this are only counted on the screen."""


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "pgx",
        help="pharmacogenomics: diplotypes, phenotypes and quoted guidance from a germline VCF",
        description="Named alleles, diplotypes, activity scores, phenotypes and dated guidance. Research use only.",
    )
    parser.add_argument(
        "files", type=Path, nargs="+", help="germline VCF (GRCh38), or calls made elsewhere (tab-separated)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--definitions", type=Path, help="folder of PharmCAT's or CPIC's definitions")
    parser.add_argument("--treatment", help="regimen or drugs that guidance is wanted for (every drug known)")
    parser.add_argument(
        "--comedication",
        type=Path,
        help="other drugs: a table sample, drug[, start, stop, source], a timeline or a study",
    )
    parser.add_argument(
        "--on", type=_day, help="day on which other drugs count: YYYY-MM-DD, or a timeline's day"
    )
    parser.add_argument("--sex", help="male, female, or a table sample, sex: copies of X-linked genes")
    parser.set_defaults(run=run)


def _day(text: str) -> date | float:
    """A date, or a number of days on a study's clock."""
    try:
        day = float(text)
    except ValueError:
        pass
    else:
        if isfinite(day):
            return day
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no day: YYYY-MM-DD, or a number of days for a timeline"
        ) from None


def run(arguments: argparse.Namespace) -> int:
    """Read, call, write; print the text where it is short. 1 where a file was left out, else 0."""
    from tumorcast.clinic.pgx.write import Request, write_pgx

    request = Request(
        arguments.definitions, arguments.treatment, arguments.comedication, arguments.on, arguments.sex,
        on_progress=lambda text: print(text, file=sys.stderr),
    )  # fmt: skip
    told = write_pgx(arguments.files, arguments.out, request)
    text = (arguments.out / "pgx.txt").read_text(encoding="utf-8")
    if text.count("\nSample ") <= _MOST_PRINTED:
        print(text)
    print("\n".join([*told.lines, f"in {arguments.out}/  (pgx.csv, pgx.json, pgx.txt, calls)"]))
    for reason in told.left_out:
        print(reason, file=sys.stderr)
    return 1 if told.left_out else 0
