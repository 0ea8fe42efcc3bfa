"""`Finding`: something that speaks against a number; what it is, what was found, what was expected, what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Level = Literal["refusal", "warning", "note"]
ORDER: tuple[Level, ...] = ("refusal", "warning", "note")


@dataclass(frozen=True)
class Finding:
    """One thing that speaks against a course's number.

    Attributes:
        code: stable, one of `guards.table.RULES`.
        what: what is wrong, in words that can stand alone.
        got, expected, fix: what was found, what would be accepted, what can be done; "" where `what` says it.
        layer: the modality that it is about; "" the whole course.
        level: a refusal leaves no number; a warning stands beside it; a note is for the record.
        leaves_out: the layer is not used because of it.
    """

    code: str
    what: str
    got: str = ""
    expected: str = ""
    fix: str = ""
    layer: str = ""
    level: Level = "warning"
    leaves_out: bool = False

    @property
    def brief(self) -> str:
        """As it stands in a table: what, found, expected."""
        got = f" (found {self.got}" if self.got else ""
        expected = f"{', ' if got else ' ('}expected {self.expected}" if self.expected else ""
        return f"{self.what}{got}{expected}{')' if got or expected else ''}"

    @property
    def sentence(self) -> str:
        """As it stands in a report: with what to do about it."""
        return f"{self.brief}. To mend: {self.fix}." if self.fix else f"{self.brief}."

    @property
    def flag(self) -> str:
        """As it stands in the column `flags`: `level:code`."""
        return f"{self.level}:{self.code}"


def is_refused(findings: Iterable[Finding]) -> bool:
    """True where one of them leaves no number."""
    return any(found.level == "refusal" for found in findings)


def reasons(findings: Sequence[Finding]) -> str:
    """Why there is no number; where there is one, the warnings beside it. Each once, notes left out."""
    level = "refusal" if is_refused(findings) else "warning"
    told = [found.brief for found in findings if found.level == level]
    if level == "refusal":
        told += [found.brief for found in findings if found.level == "warning" and found.layer]
    return "; ".join(dict.fromkeys(told))


def flags(findings: Iterable[Finding]) -> str:
    """`level:code` of each, worst first, each once, separated by spaces."""
    ordered = sorted(findings, key=lambda found: ORDER.index(found.level))
    return " ".join(dict.fromkeys(found.flag for found in ordered))
