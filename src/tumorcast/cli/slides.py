"""`tumorcast slides COMMAND ...`: what can be done with slides and their features beside encoding them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

SUBCOMMANDS: tuple[str, ...] = (
    "slides_check",
    "slides_convert",
    "slides_deidentify",
    "slides_show",
    "slides_viewer",
)
"""Modules of this package, one a subcommand, each with `add_parser(subparsers)`."""


def add_parser(subparsers: Any) -> None:
    """Register the group and its commands."""
    parser = subparsers.add_parser("slides", help="check, convert, show and de-identify slides")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in SUBCOMMANDS:
        import_module(f"tumorcast.cli.{name}").add_parser(commands)
