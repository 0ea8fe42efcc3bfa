"""A page of a site's records as plain parts, from which HTML and PDF are drawn alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from reportlab.graphics.shapes import Drawing

Tone = Literal["good", "bad", "open", "plain"]


@dataclass(frozen=True)
class Table:
    """Rows of text below a head; `tones` colours the last cell of each row; `note` stands below."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    tones: tuple[Tone, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A chart with its sentence."""

    drawing: Drawing
    caption: str


@dataclass(frozen=True)
class Photograph:
    """JPEGs side by side with one sentence."""

    images: tuple[bytes, ...]
    caption: str


Part = str | Table | Picture | Photograph
"""A string is a paragraph."""


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it."""

    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Act:
    """What a named person did with the page ("Signed", "Amended", "Withdrawn"), when (UTC), and their comment."""

    what: str
    name: str
    at: str
    comment: str = ""


@dataclass(frozen=True)
class Signature:
    """How the page stands and who made it so, the oldest first; without an act there are lines to sign on paper."""

    status: Literal["preliminary", "final", "amended", "withdrawn"] = "preliminary"
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True)
class Document:
    """One page.

    Attributes:
        subtitle: of what, at which site.
        verdict: in a few words; tone: its colour.
        facts: (name, value) at the head.
        notices: sentences at the foot.
        watermark: across everything; "" none.
        signature: None where nobody has to sign.
    """

    title: str
    subtitle: str
    verdict: str
    tone: Tone
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    notices: tuple[str, ...] = ()
    watermark: str = ""
    signature: Signature | None = None

    @property
    def stamp(self) -> str:
        """What each page must say of a withdrawn document; "" of another."""
        if self.signature is None or self.signature.status != "withdrawn":
            return ""
        return f"WITHDRAWN on {self.signature.acts[-1].at[:10]}: no longer valid"
