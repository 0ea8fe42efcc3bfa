"""Names of files made of ids and of what users wrote."""

from __future__ import annotations

import hashlib
import re

_MOST_LETTERS = 80
_RESERVED = {"CON", "PRN", "AUX", "NUL", *(f"{kind}{k}" for kind in ("COM", "LPT") for k in range(1, 10))}
"""Names that Windows keeps for itself."""


def file_name(text: str) -> str:
    """A name that every file system takes; where letters had to go, with a digest, so that no two texts share it."""
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", text).strip(".")[:_MOST_LETTERS]
    if text and safe == text and text.partition(".")[0].upper() not in _RESERVED:
        return text
    return f"{safe or 'unnamed'}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
