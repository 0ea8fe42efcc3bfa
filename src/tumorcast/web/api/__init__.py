"""REST under `/api/v1`: typed, the same failures everywhere."""

from __future__ import annotations

PREFIX = "/api/v1"
