"""Toxicities, cautions and contraindications that labels name for drugs, and whether a patient's facts meet them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from tumorcast.biology._tables import read_table
from tumorcast.biology.drugs import Agent
from tumorcast.biology.regimens.regimen import Regimen

Kind = Literal["toxicity", "caution", "contraindication"]
State = Literal["present", "absent", "not known", ""]
Fact = bool | float

_LIMIT = re.compile(r"(?P<name>.+?) < (?P<limit>[\d.]+)")
_WITH = "with "


@dataclass(frozen=True)
class Caution:
    """What a label says of one drug.

    Attributes:
        when: the fact about the patient that it turns on, "" where it is of the drug alone. `NAME < X` is a value
            below X; `with DRUG` another drug of the regimen.
    """

    drug: str
    kind: Kind
    flag: str
    when: str
    source: str
    date: str


@dataclass(frozen=True)
class FoundCaution:
    """A caution, and whether the patient's facts meet it; "" where it turns on none."""

    caution: Caution
    state: State


def facts_asked() -> tuple[str, ...]:
    """Names of all facts that some caution turns on."""
    named = (row["when"] for row in read_table("drug_cautions").rows)
    found = {_LIMIT.sub(r"\g<name>", when) for when in named if when and not when.startswith(_WITH)}
    return tuple(sorted(found))


def cautions_of(regimen: Regimen, facts: Mapping[str, Fact]) -> tuple[FoundCaution, ...]:
    """Of every drug of a regimen: contraindications first, each with what is known of it.

    Args:
        facts: name (`facts_asked`) -> whether it is so, or its value; a name that is missing is not known.
    """
    found = [
        FoundCaution(caution, _state(caution, regimen, facts))
        for agent in regimen.agents
        for caution in _of(agent)
    ]
    order = ("contraindication", "caution", "toxicity")
    return tuple(sorted(found, key=lambda one: (order.index(one.caution.kind), one.caution.drug)))


def _state(caution: Caution, regimen: Regimen, facts: Mapping[str, Fact]) -> State:
    when = caution.when
    if not when:
        return ""
    if when.startswith(_WITH):
        return "present" if when.removeprefix(_WITH) in {a.name for a in regimen.agents} else "absent"
    limit = _LIMIT.fullmatch(when)
    fact = facts.get(limit["name"] if limit else when)
    if fact is None or (limit and isinstance(fact, bool)):
        return "not known"
    is_met = fact < float(limit["limit"]) if limit else bool(fact)
    return "present" if is_met else "absent"


def _of(agent: Agent) -> tuple[Caution, ...]:
    own = (*_cautions().get(f"class:{agent.cls}", ()), *_cautions().get(agent.name, ()))
    return tuple(Caution(agent.name, one.kind, one.flag, one.when, one.source, one.date) for one in own)


@cache
def _cautions() -> dict[str, tuple[Caution, ...]]:
    found: dict[str, tuple[Caution, ...]] = {}
    for row in read_table("drug_cautions").rows:
        made = Caution(row["drug"], row["kind"], row["flag"], row["when"], row["source"], row["date"])  # type: ignore[arg-type]
        found[row["drug"]] = (*found.get(row["drug"], ()), made)
    return found
