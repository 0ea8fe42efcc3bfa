"""Numbers that are not finite as words, so that a record is JSON that every reader takes, and back."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

_WORDS = ("nan", "inf", "-inf")


def as_words(told: Any) -> Any:
    """The record with "nan", "inf", "-inf" for such numbers, lists for tuples."""
    if isinstance(told, Mapping):
        return {key: as_words(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [as_words(value) for value in told]
    return repr(float(told)) if isinstance(told, float) and not isfinite(told) else told


def as_numbers(told: Any) -> Any:
    """The inverse."""
    if isinstance(told, Mapping):
        return {key: as_numbers(value) for key, value in told.items()}
    if isinstance(told, list | tuple):
        return [as_numbers(value) for value in told]
    return float(told) if isinstance(told, str) and told in _WORDS else told
