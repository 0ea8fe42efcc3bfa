"""Which role may do what: the one table."""

from __future__ import annotations

from typing import Literal, get_args

from tumorcast.lab.errors import NotAllowedError

Role = Literal["viewer", "pathologist", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)

_ALL = frozenset(ROLES)
_WORK = frozenset[Role]({"pathologist", "admin"})
_ADMIN = frozenset[Role]({"admin"})
_SIGN = frozenset[Role]({"pathologist"})

MAY: dict[str, frozenset[Role]] = {
    "case.read": _ALL,
    "report.read": _ALL,
    "case.write": _WORK,
    "job.submit": _WORK,
    "job.cancel": _WORK,
    "report.sign": _SIGN,
    "report.amend": _SIGN,
    "report.withdraw": _SIGN,
    "site.check": _WORK,
    "site.sign": _SIGN,
    "audit.read": _ADMIN,
    "bundle.manage": _ADMIN,
    "user.manage": _ADMIN,
    "token.manage": _ADMIN,
    "patient.erase": _ADMIN,
    "lab.backup": _ADMIN,
}
"""Action -> roles. Only a pathologist stands for a report: an administrator of machines does not sign."""


def allowed(role: str, action: str) -> bool:
    """Whether a role may do something.

    Raises:
        KeyError: no such action.
    """
    return role in MAY[action]


def require(role: str, action: str) -> None:
    """Raise where `allowed` says no.

    Raises:
        NotAllowedError: with the roles that may.
    """
    if not allowed(role, action):
        may = ", ".join(name for name in ROLES if name in MAY[action])
        raise NotAllowedError(f"your role may not do this: {action}", got=role, expected=may)
