"""`tumorcast site COMMAND ...`: what a hospital does before a model goes live there, and every day after."""

from __future__ import annotations

from importlib import import_module
from typing import Any

SUBCOMMANDS: tuple[str, ...] = (
    "site_plan",
    "site_criteria",
    "site_verify",
    "site_sign",
    "site_report",
    "site_control",
    "site_drift",
    "site_rescan",
)
"""Modules of this package, one or more subcommands each, with `add_parser(subparsers)`."""


def add_parser(subparsers: Any) -> None:
    """Register the group and its commands."""
    parser = subparsers.add_parser("site", help="verify a model at a hospital and watch it there")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name in SUBCOMMANDS:
        import_module(f"tumorcast.cli.{name}").add_parser(commands)
