"""`Regimen`: a set of drugs as a source describes it, with what the source says of dose, setting and standing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tumorcast.biology.drugs import Agent

UNKNOWN = "unknown"
EMBEDDED = "embedded"
TYPED = "typed from memory, not verified"
NOT_VERIFIED = "not verified here"

_KINDS = {
    "immunotherapy": (
        "anti-PD-1", "anti-PD-L1", "anti-PD-1 or anti-PD-L1", "anti-CTLA-4", "anti-LAG-3", "anti-TIGIT", "cytokine",
        "oncolytic virus", "bispecific T-cell engager",
    ),
    "cell therapy": ("cell therapy",),
    "chemotherapy": (
        "taxane", "anthracycline", "platinum", "antimetabolite", "alkylator", "antitumour antibiotic",
        "topoisomerase inhibitor", "vinca", "other microtubule inhibitor", "enzyme",
    ),
    "antibody-drug conjugate": ("antibody-drug conjugate",),
    "endocrine therapy": (
        "SERM", "SERD", "aromatase inhibitor", "GnRH analogue", "antiandrogen", "progestin",
    ),
    "radiopharmaceutical": ("radiopharmaceutical",),
    "": ("folate", "corticosteroid", "bone-modifying agent"),
}  # fmt: skip
_KIND_OF = {cls: kind for kind, classes in _KINDS.items() for cls in classes}
_TARGETED = "targeted therapy"
_ORDER = (*(kind for kind in _KINDS if kind), _TARGETED, UNKNOWN)


@dataclass(frozen=True)
class Check:
    """With what a statement was compared and agrees, and on which day."""

    against: str
    date: str


def verification(check: Check | None, origin: str = EMBEDDED) -> str:
    """`compared with the PubMed record, 2026-11-28`, or that nobody compared it.

    Args:
        origin: of the row; what this package's authors typed is told apart from what a user wrote.
    """
    if check is not None:
        return f"compared with {check.against}, {check.date}"
    return TYPED if origin == EMBEDDED else NOT_VERIFIED


@dataclass(frozen=True)
class Source:
    """Where a statement comes from.

    Attributes:
        key: short name, of a trial or a guideline.
        citation: authors, journal, year; or what document it is.
        date: when it was published or read, YYYY or YYYY-MM-DD.
        doi: digital object identifier, "" where there is none.
        url: where else it is found, "" nowhere.
        check: of title or trial, year and DOI together; None: nobody compared them.
    """

    key: str
    citation: str
    date: str
    doi: str = ""
    url: str = ""
    check: Check | None = None


@dataclass(frozen=True)
class Statement:
    """Free text with its source: availability, cost, a standing. Nothing is computed from it."""

    text: str
    source: str
    date: str


@dataclass(frozen=True)
class Dose:
    """A drug of a regimen; `text` is what the source says of dose and days, "" where it is not given here."""

    agent: Agent
    text: str = ""


@dataclass(frozen=True)
class Regimen:
    """A set of drugs in one setting, as one source describes it.

    Attributes:
        name: as people write it.
        doses: by name of the drug, whatever order they were written in.
        cancers: OncoTree codes; a code stands for all types below it.
        setting: "metastatic" (or unresectable), "locally advanced", "neoadjuvant", "perioperative", "adjuvant".
        lines: of therapy; () where the source does not restrict it.
        source: of the regimen and its dose text.
        cycle_days: length of a cycle, None where it is not given.
        route: "IV", "PO", ... of the drugs, in one word each.
        biomarker: whom the source restricts it to, in words; "" nobody.
        standard: the guideline that names it for this setting; None: not known here to be one.
        availability, cost: empty: unknown.
        doses_check: of the dose texts and the cycle; None: nobody compared them.
        origin: "embedded", or the file that a user gave.
    """

    name: str
    doses: tuple[Dose, ...]
    cancers: tuple[str, ...]
    setting: str
    lines: tuple[int, ...]
    source: Source
    cycle_days: int | None = None
    route: tuple[str, ...] = ()
    biomarker: str = ""
    standard: Source | None = None
    availability: tuple[Statement, ...] = ()
    cost: tuple[Statement, ...] = ()
    doses_check: Check | None = None
    origin: str = EMBEDDED

    @property
    def agents(self) -> tuple[Agent, ...]:
        """Its drugs, by name."""
        return tuple(dose.agent for dose in self.doses)

    @property
    def key(self) -> str:
        """The set of drugs in words; two regimens of the same drugs have the same key."""
        return key_of(agent.name for agent in self.agents)

    @property
    def kind(self) -> str:
        """Class of the regimen: what kinds of drugs it joins."""
        kinds = {
            _KIND_OF.get(agent.cls, _TARGETED if agent.cls != UNKNOWN else UNKNOWN) for agent in self.agents
        }
        return " + ".join(kind for kind in _ORDER if kind in kinds) or UNKNOWN

    @property
    def is_cell_therapy(self) -> bool:
        """Whether living cells are given, which few centres can."""
        return any(agent.cls == "cell therapy" for agent in self.agents)


def key_of(names: Iterable[str]) -> str:
    """Names of drugs as the key of their set: sorted, each once, joined by " + "."""
    return " + ".join(sorted(set(names)))
