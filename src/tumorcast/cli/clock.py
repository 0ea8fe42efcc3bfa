"""`tumorcast clock BETAS... --out FOLDER --tissue T --platform P`: epigenetic clocks and mitotic counters."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_MOST_PRINTED = 2
"""Samples beyond this are only counted on the screen."""


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "clock",
        help="epigenetic clocks of the host, mitotic counters of tumours, from tables of betas",
        description="Ages, counters and components of methylomes, with coverage and refusals. Research use only.",
    )
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="BETAS", help="betas, percentages or M-values; no IDAT"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument(
        "--tissue", help="tumour, blood, saliva, buccal, `normal liver`, ...; or in the sheet"
    )
    parser.add_argument("--platform", help="27k, 450k, EPIC, EPICv2, MSA; or in the sheet")
    parser.add_argument("--samples", type=Path, metavar="SHEET", help="table sample[, tissue, platform, age]")
    parser.add_argument("--clocks", help="names, separated by commas (all that are in the package)")
    parser.add_argument(
        "--coefficients", action="append", default=[], metavar="[NAME=]FILE",
        help="numbers of a clock that you have the right to use; repeatable",
    )  # fmt: skip
    parser.add_argument("--transform", help="identity, horvath or logistic, for the files of --coefficients")
    parser.add_argument("--intercept", type=float, help="for the files of --coefficients")
    parser.add_argument("--unit", help="of the files of --coefficients (years: an age)")
    parser.add_argument("--made-for", help="tissues of the files of --coefficients, separated by commas")
    parser.add_argument(
        "--gold-means", type=Path, metavar="FILE", help="table probe, mean that DunedinPACE needs"
    )
    parser.add_argument("--reference", type=Path, help="table probe, beta: stands in for missing probes")
    parser.add_argument("--imputation", default="hybrid", help="hybrid (default), reference, mean or none")
    parser.add_argument(
        "--min-coverage",
        type=float,
        default=0.8,
        help="least share of probes measured, 0 to 1 (0.8; 0: no threshold)",
    )
    parser.add_argument("--scale", help="beta, percent or m, where it cannot be told from the values")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Read, compute, write; print the text where it is short."""
    from tumorcast.clinic.clock.choose import OwnClock
    from tumorcast.clinic.clock.write import Request, write_clock

    own = tuple(
        OwnClock(
            path,
            name,
            arguments.transform,
            arguments.intercept,
            arguments.unit,
            _words(arguments.made_for),
            arguments.gold_means,
        )
        for name, path in map(_named, arguments.coefficients)
    )
    request = Request(
        arguments.tissue, arguments.platform, arguments.samples, _words(arguments.clocks) or None, own,
        arguments.reference, arguments.imputation, arguments.min_coverage, arguments.scale,
    )  # fmt: skip
    told = write_clock(arguments.files, arguments.out, request)
    text = (arguments.out / "clock.txt").read_text(encoding="utf-8")
    if text.count("\nSample ") <= _MOST_PRINTED:
        print(text)
    print("\n".join([*told, f"in {arguments.out}/  (clock.csv, counters.csv, clock.json, clock.txt)"]))
    return 0


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(",") if word.strip())


def _named(word: str) -> tuple[str | None, Path]:
    """(name of the clock, file) of `NAME=FILE` or `FILE`."""
    name, mark, path = word.partition("=")
    return (name, Path(path)) if mark and not Path(word).is_file() else (None, Path(word))
