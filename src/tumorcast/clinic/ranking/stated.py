"""What sources say of a candidate: its drugs, its rows of a formulary, cautions, access; quoted, with their dates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Cited:
    """A statement's source; doi "" where it has none; `verification`: with what it was compared."""

    name: str
    citation: str
    doi: str
    date: str
    verification: str = ""


@dataclass(frozen=True)
class Stated:
    """Free text with its source and date."""

    text: str
    source: str
    date: str


@dataclass(frozen=True)
class Drug:
    """A drug: name, class, targets (gene symbols)."""

    name: str
    cls: str
    targets: tuple[str, ...]


@dataclass(frozen=True)
class DoseText:
    """What a source says of a drug's dose: quoted, never computed; "" where it is not given."""

    drug: str
    text: str


@dataclass(frozen=True)
class Entry:
    """A regimen as one source describes it.

    Attributes:
        cancers: OncoTree codes that it is described for.
        doses: quoted from `source`.
        standard: the guideline that lists it for the setting; None: not known here to be one.
        origin: "embedded" or the user's file.
        doses_verification: with what the doses were compared, or that nobody did.
    """

    name: str
    setting: str
    lines: tuple[int, ...]
    cancers: tuple[str, ...]
    biomarker: str
    cycle_days: int | None
    route: tuple[str, ...]
    doses: tuple[DoseText, ...]
    source: Cited
    standard: Cited | None
    origin: str
    doses_verification: str = ""


@dataclass(frozen=True)
class CautionFact:
    """What a label says of a drug; `state` "present", "absent", "not known", "" where it turns on no fact."""

    drug: str
    kind: Literal["toxicity", "caution", "contraindication"]
    flag: str
    state: Literal["present", "absent", "not known", ""]
    source: str
    date: str
