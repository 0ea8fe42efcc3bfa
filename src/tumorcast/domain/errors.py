"""Errors that mend: what is wrong, what was got, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class TumorcastError(Exception):
    """Base of every error that a user can act on; printed without a traceback by the command line.

    Args:
        what: what is wrong, in one sentence.
        got: what was found.
        expected: what would have been accepted.
        fix: what the user can do about it.
    """

    def __init__(
        self, what: str, *, got: object = None, expected: object = None, fix: str | None = None
    ) -> None:
        self.what, self.got, self.expected, self.fix = what, got, expected, fix
        lines = [what]
        if got is not None:
            lines.append(f"  got:      {got}")
        if expected is not None:
            lines.append(f"  expected: {expected}")
        if fix is not None:
            lines.append(f"  to mend:  {fix}")
        super().__init__("\n".join(lines))


class InputError(TumorcastError):
    """A file or a value from the user cannot be used."""


class ConfigError(TumorcastError):
    """A run's configuration is wrong."""


class SlideError(TumorcastError):
    """One slide cannot be read; `code` is the reason that reports carry."""

    def __init__(
        self,
        code: str,
        what: str,
        *,
        got: object = None,
        expected: object = None,
        fix: str | None = None,
    ) -> None:
        super().__init__(what, got=got, expected=expected, fix=fix)
        self.code = code


class BundleError(TumorcastError):
    """A bundle is damaged, of another version, or does not fit its input."""


class LeakageError(TumorcastError):
    """What must stay apart (patients of two folds, training and test) does not."""


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """`"did you mean 'lr'?"` for the nearest known word whatever its capitals, None where nothing is near."""
    spelt = {one.casefold(): one for one in known}
    near = get_close_matches(word.casefold(), list(spelt), n=1, cutoff=0.6)
    return f"did you mean '{spelt[near[0]]}'?" if near else None
