"""Which drugs guidance is wanted for, from free text; words that no table knows are told with the nearest name."""

from __future__ import annotations

from tumorcast.biology.drugs import UNKNOWN_CLASS, agent_names, normalise_agents
from tumorcast.biology.pgx.drug_names import inhibitors_in
from tumorcast.biology.pgx.guidance import known_drugs
from tumorcast.domain.errors import InputError, did_you_mean


def asked_drugs(treatment: str | None) -> tuple[tuple[str, ...], list[str]]:
    """(drugs, lines to print of words that no table knows); None: every drug of the table of guidance.

    Raises:
        InputError: no drug at all, or none that any table knows.
    """
    if treatment is None:
        return known_drugs(), []
    agents = normalise_agents(treatment)
    if not agents:
        raise InputError(
            "the treatment names no drug", got=treatment, expected="FOLFIRI, or 5-FU + irinotecan"
        )
    guided = {one.name: one.name.lower() if one.name.lower() in known_drugs() else one.name for one in agents}
    unknown = [one.name for one in agents if one.cls == UNKNOWN_CLASS and not _is_known(one.name)]
    if len(unknown) == len(agents):
        raise InputError(
            "the treatment names no drug that is known here", got=treatment,
            expected="generic names, trade names or a regimen (FOLFIRI)", fix=_nearest(unknown[0]),
        )  # fmt: skip
    lines = [
        f"not a drug that is known here: {name}; {_nearest(name) or 'no name is near'}" for name in unknown
    ]
    return tuple(guided.values()), lines


def _is_known(name: str) -> bool:
    return name.lower() in known_drugs() or bool(inhibitors_in(name))


def _nearest(name: str) -> str | None:
    return did_you_mean(name, (*known_drugs(), *agent_names()))
