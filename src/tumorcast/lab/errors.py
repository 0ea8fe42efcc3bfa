"""Errors of the lab, each with a stable `code` that the web page and the command line tell apart."""

from __future__ import annotations

from tumorcast.domain.errors import TumorcastError


class LabError(TumorcastError):
    """Something that the lab will not do."""

    code = "refused"


class NotFoundError(LabError):
    """No such case, job, report, user or bundle."""

    code = "not_found"


class NotAllowedError(LabError):
    """The user's role may not do this."""

    code = "not_allowed"


class ConflictError(LabError):
    """What is there stands against it: a name that is taken, a job that runs, a report that is signed."""

    code = "conflict"


class TooLargeError(LabError):
    """More bytes than the lab takes."""

    code = "too_large"


class WrongFileError(LabError):
    """A file that is not what it is said to be."""

    code = "wrong_file"


class SignInError(LabError):
    """Who is asking is not known; `code` says why."""

    code = "unknown_token"


class ExpiredError(SignInError):
    """A token or session whose time is over."""

    code = "expired"


class RevokedError(SignInError):
    """A token or session that was taken back, or a user who was disabled."""

    code = "revoked"


def no_such(kind: str, key: object) -> NotFoundError:
    """The error for an id that the lab does not know."""
    return NotFoundError(f"there is no such {kind}", got=key)
