"""`tumorcast bundle compare OLD NEW STUDY --out DIR`."""

from __future__ import annotations

from typing import Any


def add_parsers(subparsers: Any) -> None:
    """Register the command."""
