""" "What if": regimen, dose, pause, stop, resection and radiotherapy as dated changes of a patient's forecast."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tumorcast.biology.dynamics.arrays import Floats
from tumorcast.biology.dynamics.schedule import Exposed, Holiday, Radiotherapy, Resection, Schedule
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.bank import FORMS, TREATMENT, relative_of
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.scenario_checks import need_scenario
from tumorcast.domain.errors import InputError

_KEYS = ("stop", "level", "holiday", "resection", "radiotherapy", "switch", "add")
_CORRELATION = 0.3


@dataclass(frozen=True)
class Scenario:
    """One change; days as the patient's table counts them.

    Attributes:
        kind: stop, level, holiday, resection, radiotherapy, switch or add.
        day: on which it begins.
        details: as given.
        other: the population of the other treatment (switch, add).
    """

    name: str
    kind: str
    day: float
    details: dict[str, Any] = field(default_factory=dict)
    other: TwinPopulation | None = None

    def __post_init__(self) -> None:
        need_scenario(self.name, self.kind, self.day, self.details)
        if self.kind in ("switch", "add") and self.other is None:
            raise InputError(
                f"the scenario {self.name} has no population", expected="that of the other treatment"
            )

    @property
    def end_day(self) -> float:
        """Until when there are data: the other treatment's population was followed no longer from its start."""
        return self.day + self.other.horizon_days if self.other else float("inf")

    @property
    def assumption(self) -> str:
        """What is assumed."""
        told = {"stop": words.STOP, "holiday": words.STOP, "level": words.LEVEL, "switch": words.SWITCH,
                "add": words.INDEPENDENT}  # fmt: skip
        return told.get(self.kind, words.EVENT)

    def refusal(self, population: TwinPopulation, last_day: float, horizon_day: float) -> str:
        """Why there is no answer; "" where there is."""
        if self.kind in ("stop", "level", "holiday") and not FORMS[population.form].has_drug:
            return "no_drug_in_model: " + words.NO_DRUG.format(model=population.form)
        if self.day < last_day:
            return f"in_the_past: it begins on day {self.day:g}, the last scan was on day {last_day:g}"
        if self.day >= horizon_day:
            return f"past_horizon: it begins on day {self.day:g}, the forecast ends on day {horizon_day:g}"
        return ""

    def log_ratio(
        self, population: TwinPopulation, theta: Floats, days: Floats, first_day: float, seed: int = 0
    ) -> Floats:
        """[draws, T] logarithm of the size under the change over that without it."""
        if self._changes_nothing(population):
            return np.zeros((len(theta), len(days)))
        ahead = days - first_day
        usual = relative_of(population.form, theta, ahead)
        if self.other is not None:
            return self._other_treatment(population, theta, ahead, usual, first_day, seed)
        return relative_of(population.form, theta, ahead, self._schedule(population, first_day)) - usual

    def _changes_nothing(self, population: TwinPopulation) -> bool:
        """The full dose, or the treatment that goes on anyway (its prior may have been moved for the patient)."""
        if self.other is None:
            return self.kind == "level" and self.details["level"] == 1
        return replace(self.other, centre=population.centre, covariance=population.covariance) == population

    def _schedule(self, population: TwinPopulation, first_day: float) -> Schedule:
        day, given = self.day - first_day, self.details
        has_drug = FORMS[population.form].has_drug
        always = (Exposed(TREATMENT),) if has_drug else ()
        if self.kind == "stop":
            return Schedule((Exposed(TREATMENT, 0.0, day),) if day > 0 else ())
        if self.kind == "level":
            before = (Exposed(TREATMENT, 0.0, day),) if day > 0 else ()
            return Schedule((*before, Exposed(TREATMENT, day, level=float(given["level"]))))
        if self.kind == "holiday":
            return Schedule(always, holidays=(Holiday(day, float(given["stop"]) - first_day),))
        if self.kind == "resection":
            return Schedule(always, events=(Resection(day, float(given["removed"])),))
        fractions = tuple(float(one) - first_day for one in given["days"])
        beam = Radiotherapy(
            fractions, float(given["gray"]), float(given["alpha"]), float(given["beta"]),
            float(given.get("irradiated", 1.0)),
        )  # fmt: skip
        return Schedule(always, events=(beam,))

    def _other_treatment(
        self,
        population: TwinPopulation,
        theta: Floats,
        ahead: Floats,
        usual: Floats,
        first_day: float,
        seed: int,
    ) -> Floats:
        other, start = self.other, self.day - first_day
        assert other is not None
        after = ahead >= start
        fresh = _drawn(population, other, theta, float(self.details.get("correlation", _CORRELATION)), seed)
        at_start = relative_of(population.form, theta, np.array([start]))
        made = usual.copy()
        made[:, after] = at_start + relative_of(other.form, fresh, ahead[after] - start)
        return np.asarray((np.minimum(made, usual) if self.kind == "add" else made) - usual)


def _drawn(
    population: TwinPopulation, other: TwinPopulation, theta: Floats, correlation: float, seed: int
) -> Floats:
    """Parameters under the other treatment; the tumour's own growth and the rank of its kill go with it."""
    rng = np.random.default_rng([seed, 9])
    normal = rng.standard_normal((len(theta), len(other.centre)))
    if population.form == other.form == "claret":
        spread = np.sqrt(np.diag(population.spread))
        own = (theta[:, 1] - population.middle[1]) / spread[1]
        normal[:, 1] = correlation * own + np.sqrt(1 - correlation**2) * normal[:, 1]
        made = other.middle + normal @ np.diag(np.sqrt(np.diag(other.spread)))
        made[:, 0] = theta[:, 0]
        return np.asarray(made)
    return np.asarray(other.middle + normal @ np.linalg.cholesky(other.spread).T)


def read_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Scenarios of a YAML file (docs/twin.md).

    Raises:
        InputError: not YAML, unknown or missing words.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise InputError("the scenarios cannot be read", got=f"{path.name}: {error}") from None
    rows = found.get("scenarios") if isinstance(found, dict) else None
    if not isinstance(rows, list):
        raise InputError(f"{path.name} holds no scenarios", expected="`scenarios:` and a list")
    return tuple(_scenario(row) for row in rows)


def _scenario(row: Any) -> Scenario:
    kinds = [key for key in _KEYS if isinstance(row, dict) and key in row]
    if len(kinds) != 1 or "name" not in row:
        raise InputError(
            "a scenario is not understood", got=row, expected=f"a name and one of {', '.join(_KEYS)}"
        )
    kind, name, value = kinds[0], str(row["name"]), row[kinds[0]]
    makers: dict[str, Callable[[], tuple[float, dict[str, Any]]]] = {
        "stop": lambda: (float(value), {}),
        "level": lambda: (float(row["day"]), {"level": float(value)}),
        "holiday": lambda: (float(value[0]), {"stop": float(value[1])}),
        "resection": lambda: (float(value["day"]), dict(value)),
        "radiotherapy": lambda: (float(min(value["days"])), dict(value)),
        "switch": lambda: (float(value["day"]), dict(value)),
        "add": lambda: (float(value["day"]), dict(value)),
    }
    try:
        day, details = makers[kind]()
        other = named_population(str(value["population"])) if kind in ("switch", "add") else None
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise InputError(f"the scenario {name} is incomplete", got=f"{type(error).__name__}: {error}",
                         fix="see docs/twin.md for what each change needs") from None  # fmt: skip
    return Scenario(name, kind, day, details, other)
