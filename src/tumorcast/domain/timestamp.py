"""This moment as it stands in files."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> str:
    """This moment in UTC, ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
