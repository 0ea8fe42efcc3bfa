"""Addresses of servers and databases: whether one holds a password, and how it is shown without."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

_USER = re.compile(r"[^:/?#]*(?P<password>:[^@]*)?@([^?#]*@)?")
"""User and password as SQLAlchemy reads them (a password may hold "/" and "?"), up to the last "@" before the query."""

_SECRET = re.compile(r"(passw(or)?d|pwd|token|secret)\s*=", re.IGNORECASE)


def holds_password(address: str) -> bool:
    """True where a password stands before the host or in the query; of http, where anyone is named at all."""
    scheme, _, rest = address.partition("://")
    user = _USER.match(rest)
    if user and (user["password"] or scheme.startswith("http")):
        return True
    return any(map(_is_secret, rest.partition("?")[2].split("&")))


def without_password(address: str) -> str:
    """An address as it may be shown and kept: without users, passwords and tokens."""
    scheme, found, rest = address.partition("://")
    if not found:
        return address
    user = _USER.match(rest)
    place, _, query = rest[user.end() if user else 0 :].partition("?")
    kept = "&".join(part for part in query.split("&") if not _is_secret(part))
    return f"{scheme}://{place}" + (f"?{kept}" if kept else "")


def _is_secret(part: str) -> bool:
    return _SECRET.search(unquote_plus(part)) is not None
