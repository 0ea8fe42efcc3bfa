"""When criteria were fixed and when anyone looked: `site_ledger.json`, in the lab's folder or the user's cache."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tumorcast.domain.errors import InputError
from tumorcast.domain.timestamp import utc_now
from tumorcast.lab.site.criteria import Criteria
from tumorcast.readers.files import write_text
from tumorcast.slides.encoder_cache import cache_folder

LEDGER_NAME = "site_ledger.json"


@dataclass(frozen=True)
class Fixed:
    """Criteria of a bundle, fixed at a time (UTC, ISO 8601)."""

    model_id: str
    seal: str
    criteria: str
    name: str
    when: str


@dataclass(frozen=True)
class Look:
    """A look at outcomes: by which bundle, under which criteria, at which cases (`looks.outcome_digest`)."""

    model_id: str
    seal: str
    criteria: str
    outcomes: str
    cases: int
    when: str


@dataclass(frozen=True)
class Standing:
    """What the ledger says before a look.

    Attributes:
        fixed: when these criteria were fixed.
        earlier: looks of this bundle, the oldest first.
        changed: the first of them that happened under other criteria; None where there is none.
        of_copies: looks of other bundles of the same model (recalibrated copies, or what this is a copy of).
    """

    fixed: Fixed
    earlier: tuple[Look, ...]
    changed: Look | None
    of_copies: int = 0


def ledger_of(lab: Path | None) -> Path:
    """The ledger's file of a lab, or of the user where there is no lab."""
    return (cache_folder() if lab is None else lab) / LEDGER_NAME


def fix(ledger: Path, criteria: Criteria, bundle: tuple[str, str]) -> Fixed:
    """Write down that these criteria hold for the bundle (model id, seal) from now on; the earlier date where they
    did already."""
    told = _read(ledger)
    for entry in told["fixed"]:
        if _is_of(entry, bundle) and entry["criteria"] == criteria.sha256:
            return Fixed(**entry)
    made = Fixed(*bundle, criteria.sha256, criteria.name, utc_now())
    told["fixed"].append(asdict(made))
    write_text(ledger, json.dumps(told, indent=1) + "\n")
    return made


def standing(ledger: Path, criteria: Criteria, bundle: tuple[str, str]) -> Standing:
    """Fix the criteria where they are not fixed yet, and say what was looked at before."""
    fixed = fix(ledger, criteria, bundle)
    own = _looks(ledger, bundle)
    of_model = [look for look in _read(ledger)["looks"] if look["model_id"] == bundle[0]]
    return Standing(fixed, own, changed_by(ledger, criteria, bundle), len(of_model) - len(own))


def changed_by(ledger: Path, criteria: Criteria, bundle: tuple[str, str]) -> Look | None:
    """The first look of the bundle that happened under other criteria."""
    others = [look for look in _looks(ledger, bundle) if look.criteria != criteria.sha256]
    return others[0] if others else None


def _looks(ledger: Path, bundle: tuple[str, str]) -> tuple[Look, ...]:
    return tuple(Look(**look) for look in _read(ledger)["looks"] if _is_of(look, bundle))


def _is_of(entry: dict[str, Any], bundle: tuple[str, str]) -> bool:
    return (entry["model_id"], entry["seal"]) == bundle


def note_look(ledger: Path, look: Look) -> None:
    """Write down a look."""
    told = _read(ledger)
    told["looks"].append(asdict(look))
    write_text(ledger, json.dumps(told, indent=1) + "\n")


def looked(bundle: tuple[str, str], criteria: Criteria, outcomes: str, cases: int) -> Look:
    """A look of this moment."""
    return Look(*bundle, criteria.sha256, outcomes, cases, utc_now())


def _read(ledger: Path) -> dict[str, Any]:
    if not ledger.is_file():
        return {"fixed": [], "looks": []}
    try:
        told = json.loads(ledger.read_text(encoding="utf-8"))
        return {name: [{"seal": "", **line} for line in told[name]] for name in ("fixed", "looks")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{ledger.name} is damaged",
            got=type(error).__name__,
            fix="restore it from a backup; without it nobody knows what was looked at",
        ) from None
