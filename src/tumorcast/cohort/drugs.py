"""The drugs of a course: what each is, and what was planned of it; a set, whose order says nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

from tumorcast.biology.drugs import normalise_agents

DOSE_COLUMN, CYCLE_COLUMN, ROUTE_COLUMN = "PLANNED_DOSE_PERCENT", "CYCLE_DAYS", "ROUTE"
ROUTES = ("intravenous", "oral", "subcutaneous", "other")
_ROUTE_WORDS = {
    "iv": "intravenous", "intravenous": "intravenous", "infusion": "intravenous", "po": "oral", "oral": "oral",
    "sc": "subcutaneous", "subcutaneous": "subcutaneous", "subcutan": "subcutaneous",
}  # fmt: skip
_MOST_DOSE_PERCENT, _MOST_CYCLE_DAYS = 300.0, 120.0


@dataclass(frozen=True)
class Drug:
    """One drug of a regimen, as it is known on the first day.

    Attributes:
        name: as `biology.drugs.Agent`; what tells one drug of a course from another.
        cls: class, "unknown" where it is not known.
        targets: symbols of the genes whose products it acts on.
        dose_percent: planned dose as a share of the regimen's usual one, in percent; None unknown.
        cycle_days: days of a cycle; None unknown.
        route: one of `ROUTES`; "" unknown.
    """

    name: str
    cls: str = "unknown"
    targets: tuple[str, ...] = ()
    dose_percent: float | None = None
    cycle_days: float | None = None
    route: str = ""

    def to_text(self) -> str:
        """JSON, as it stands in a course table."""
        return json.dumps(asdict(self), sort_keys=True)


@lru_cache(maxsize=4096)
def drug_from_text(text: str) -> Drug:
    """What `Drug.to_text` wrote."""
    told = json.loads(text)
    return Drug(**{**told, "targets": tuple(told["targets"])})


def drugs_named(text: str) -> tuple[Drug, ...]:
    """The drugs of a free text such as `carboplatin + paclitaxel`; nothing is known of their plan."""
    return tuple(Drug(agent.name, agent.cls, agent.targets) for agent in normalise_agents(text))


def treatment_columns(drugs: Iterable[Drug]) -> dict[str, tuple[str, ...]]:
    """The columns `agents`, `agent_classes` and `drugs` of a course table; each drug once, whatever the order."""
    of_name: dict[str, list[Drug]] = {}
    for drug in drugs:
        of_name.setdefault(drug.name, []).append(drug)
    kept = [_merged(of_name[name]) for name in sorted(of_name)]
    return {
        "agents": tuple(drug.name for drug in kept),
        "agent_classes": tuple(sorted({drug.cls for drug in kept})),
        "drugs": tuple(drug.to_text() for drug in kept),
    }


def drugs_of_record(text: str, record: Mapping[str, Any]) -> list[Drug]:
    """The drugs of one treatment record; a dose and a route belong to it only where it names one drug.

    What is not a possible value (a dose of 0 or above 300 percent, a cycle above 120 days) counts as unknown.
    """
    named, cycle = drugs_named(text), _number(record.get(CYCLE_COLUMN), _MOST_CYCLE_DAYS)
    if len(named) != 1:
        return [replace(drug, cycle_days=cycle) for drug in named]
    dose = _number(record.get(DOSE_COLUMN), _MOST_DOSE_PERCENT)
    return [replace(named[0], dose_percent=dose, cycle_days=cycle, route=_route(record.get(ROUTE_COLUMN)))]


def _merged(named: Sequence[Drug]) -> Drug:
    """One drug of all that name it: what any says of its plan; unknown where they contradict each other."""
    doses = {drug.dose_percent for drug in named} - {None}
    cycles = {drug.cycle_days for drug in named} - {None}
    routes = {drug.route for drug in named} - {""}
    return replace(
        named[0],
        dose_percent=doses.pop() if len(doses) == 1 else None,
        cycle_days=cycles.pop() if len(cycles) == 1 else None,
        route=routes.pop() if len(routes) == 1 else "",
    )


def _number(value: object, most: float) -> float | None:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and 0 < number <= most else None


def _route(value: object) -> str:
    text = value.strip().lower() if isinstance(value, str) else ""
    return _ROUTE_WORDS.get(text, "other") if text else ""
