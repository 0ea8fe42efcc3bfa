"""Anticancer agents and regimens: what a treatment record's free text stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from tumorcast.biology._tables import read_table, split_list

UNKNOWN_CLASS = "unknown"
_SPLIT = re.compile(
    r"\s*(?:\+|/|,|;|&|\||\band\b|\bwith\b|\bplus\b|\bfollowed by\b|\bthen\b)\s*", re.IGNORECASE
)
_DASH = re.compile(r"\s*[-\u2013\u2014]\s*")
_DOSE = re.compile(
    r"\b\d+(?:\.\d+)?\s*(?:mg|g|mcg|ug|iu|units?)(?:/(?:m2|m²|kg|ml|day))*|\b(?:x\s*)?\d+\s*cycles?\b|\bauc\s*\d\b",
    re.IGNORECASE,
)
_TRIMMING = re.compile(
    r"\(.*?\)|"
    r"\b(?:weekly|q\dw|intravenous|iv|oral|injection|hydrochloride|hcl|sodium|mesylate|tosylate|biosimilar)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Agent:
    """One anticancer agent.

    Attributes:
        name: international nonproprietary name, lower case; the text itself where the agent is not known.
        cls: class ("anti-PD-1", "taxane", ...), "unknown" where the agent is not known.
        targets: symbols of the genes whose products it acts on, () where none is specific.
    """

    name: str
    cls: str
    targets: tuple[str, ...] = ()


def normalise_agents(text: str) -> tuple[Agent, ...]:
    """Agents in a treatment's free text, each once, in the order of the text.

    Understands several agents in one text (`carboplatin/paclitaxel`, `Nivolumab + Ipilimumab`), trade names,
    doses in passing, and acronyms of regimens (`FEC-T + Trastuzumab`, `FOLFOX`). A part that stays unknown becomes an
    `Agent` of class "unknown" with the part as its name. Empty text gives no agent.

    Args:
        text: what the record says, in any case.
    """
    whole = _agents_of(text)
    if whole:
        return whole
    found: dict[str, Agent] = {}
    for part in _SPLIT.split(_DOSE.sub(" ", text)):
        for agent in _agents_of_part(part):
            found.setdefault(agent.name, agent)
    return tuple(found.values())


def agent_classes() -> tuple[str, ...]:
    """All classes of the embedded agents, sorted, without "unknown"."""
    return tuple(sorted({row["class"] for row in read_table("agents").rows}))


def agent_names() -> tuple[str, ...]:
    """Names of all embedded agents."""
    return tuple(row["name"] for row in read_table("agents").rows)


def agent_targets() -> tuple[str, ...]:
    """Symbols of all genes that an embedded agent acts on, sorted."""
    return tuple(sorted({gene for row in read_table("agents").rows for gene in split_list(row["targets"])}))


def _agents_of_part(part: str) -> tuple[Agent, ...]:
    """Agents of a piece between separators; a hyphen may join agents or belong to a name."""
    plain = " ".join(_TRIMMING.sub(" ", part).split()).strip(" .-")
    known = _agents_of(part) or _agents_of(plain)
    if known or not plain:
        return known
    for pieces in (_DASH.split(plain), plain.split()):
        found = [_agents_of(piece) for piece in pieces]
        if len(pieces) > 1 and all(found):
            return tuple(agent for agents in found for agent in agents)
    return (Agent(plain, UNKNOWN_CLASS),)


def _agents_of(text: str) -> tuple[Agent, ...]:
    key = _key(text)
    agents = _agents_by_key()
    if key in agents:
        return (agents[key],)
    return tuple(agents[_key(name)] for name in _regimens_by_key().get(key, ()))


def _key(text: str) -> str:
    """Letters and digits alone, in lower case: `5-FU`, `5 FU` and `5fu` are the same."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


@cache
def _agents_by_key() -> dict[str, Agent]:
    found: dict[str, Agent] = {}
    for row in read_table("agents").rows:
        agent = Agent(row["name"], row["class"], split_list(row["targets"]))
        for name in (row["name"], *row["aliases"].split(";")):
            if name.strip():
                found[_key(name)] = agent
    return found


@cache
def _regimens_by_key() -> dict[str, tuple[str, ...]]:
    return {_key(row["regimen"]): tuple(row["agents"].split(";")) for row in read_table("regimens").rows}
