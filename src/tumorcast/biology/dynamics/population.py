"""Published population parameters by drug and cancer, and draws of virtual patients from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from tumorcast.biology._tables import read_table, split_list
from tumorcast.biology.dynamics.arrays import Floats, Parameter
from tumorcast.biology.dynamics.curves import Stein
from tumorcast.biology.dynamics.drugs import Drug
from tumorcast.biology.dynamics.log_linear import LogLinear, claret
from tumorcast.biology.dynamics.model import TumourModel
from tumorcast.biology.dynamics.schedule import Schedule
from tumorcast.domain.errors import InputError, did_you_mean

_SHARED = {"kill_carboplatin": "kill", "kill_gemcitabine": "kill"}
"""Parameters that vary together: one random effect between them."""


@dataclass(frozen=True)
class PopulationValue:
    """A parameter among patients: log-normal, `value` in the middle, `log_sd` the deviation of its logarithm."""

    value: float
    log_sd: float
    unit: str


@dataclass(frozen=True)
class Population:
    """One published fit.

    Attributes:
        name: of the entry.
        model: "claret", "stein" or "two_drugs".
        drugs: that the patients had, all arms together.
        arms: treatments that were given, pooled in one fit.
        cancer: as OncoTree's code.
        setting: line and trial.
        n_patients: None where not stated.
        values: parameter -> its distribution.
        additive_mm: residual error, standard deviation in mm.
        proportional: residual error, as a share of the size.
        source: with its doi.
        caveat: what it is not.
        checked, checked_on: with what citation and values were compared, and when; "" nobody compared them.
    """

    name: str
    model: str
    drugs: tuple[str, ...]
    arms: tuple[str, ...]
    cancer: str
    setting: str
    n_patients: int | None
    values: dict[str, PopulationValue]
    additive_mm: float
    proportional: float
    source: str
    doi: str
    caveat: str
    checked: str = ""
    checked_on: str = ""

    @property
    def verification(self) -> str:
        """With what citation and values were compared, in words."""
        return f"compared with {self.checked}, {self.checked_on}" if self.checked else "not verified"

    def error_sd_mm(self, sizes: Floats) -> Floats:
        """Standard deviation of a measurement of `sizes` mm: additive plus proportional."""
        return self.additive_mm + self.proportional * sizes


@cache
def populations() -> dict[str, Population]:
    """Every entry by name."""
    values: dict[str, dict[str, PopulationValue]] = {}
    for row in read_table("tumour_dynamics_values").rows:
        made = PopulationValue(float(row["value"]), float(row["log_sd"]), row["unit"])
        values.setdefault(row["entry"], {})[row["parameter"]] = made
    return {
        row["entry"]: Population(
            row["entry"], row["model"], split_list(row["drugs"]), tuple(row["arms"].split(";")), row["cancer"],
            row["setting"], int(row["patients"]) if row["patients"] else None, values[row["entry"]],
            float(row["additive_mm"]), float(row["proportional"]), row["source"], row["doi"], row["caveat"],
            row["checked"], row["checked_on"],
        )
        for row in read_table("tumour_dynamics").rows
    }  # fmt: skip


def population(name: str) -> Population:
    """The entry `name`.

    Raises:
        InputError: there is none.
    """
    known = populations()
    if name not in known:
        raise InputError(
            f"no published population is named {name}",
            expected=", ".join(known),
            fix=did_you_mean(name, known),
        )
    return known[name]


def typical(entry: Population, base_mm: Parameter | None = None) -> TumourModel:
    """The model of a patient in the middle of everything.

    Args:
        base_mm: the patient's own size at the start; needed where the entry has none.
    """
    return _built(entry, {name: np.array([one.value]) for name, one in entry.values.items()}, base_mm)


def virtual_patients(
    entry: Population, n: int, rng: np.random.Generator, base_mm: Parameter | None = None
) -> TumourModel:
    """`n` draws of the entry's log-normal distributions: a simulated population, never a patient.

    Args:
        base_mm: as `typical`; given, no base is drawn.
    """
    effects: dict[str, Floats] = {}
    drawn = {}
    for name, one in entry.values.items():
        shared = _SHARED.get(name, name)
        if shared not in effects:
            effects[shared] = rng.standard_normal(n)
        drawn[name] = one.value * np.exp(one.log_sd * effects[shared])
    return _built(entry, drawn, base_mm)


def full_schedule(entry: Population) -> Schedule:
    """The treatment as its model has it: on from the first day; levels of two_drugs are AUCs and yours to give."""
    if entry.model == "two_drugs":
        raise InputError(
            f"{entry.name} needs the AUC of each drug",
            fix="give Exposed(drug, start, stop, level=AUC) a cycle",
        )
    return Schedule.always("treatment") if entry.model == "claret" else Schedule()


def _built(entry: Population, values: dict[str, Floats], base_mm: Parameter | None) -> TumourModel:
    if base_mm is None and "base_mm" not in values:
        raise InputError(
            f"{entry.name} has no baseline size",
            expected="base_mm",
            fix="give the patient's own first sum in mm",
        )
    base = values["base_mm"] if base_mm is None else base_mm
    return _MODELS[entry.model](base, values)


def _two_drugs(base: Parameter, values: dict[str, Floats]) -> LogLinear:
    kills = {name.removeprefix("kill_"): value for name, value in values.items() if name.startswith("kill_")}
    return LogLinear(base, values["growth"], tuple(Drug(name, kill) for name, kill in kills.items()))


_MODELS: dict[str, Callable[[Parameter, dict[str, Floats]], TumourModel]] = {
    "claret": lambda base, v: claret(base, v["growth"], v["kill"], v["resistance"], "treatment"),
    "stein": lambda base, v: Stein(base, v["growth"], v["shrink"]),
    "two_drugs": _two_drugs,
}
