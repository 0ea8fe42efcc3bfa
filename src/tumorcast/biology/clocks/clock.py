"""A clock: which probes, which numbers, which formula, for which tissue, under which terms."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology._tables import read_table, split_list
from tumorcast.biology.clocks.counters import divisions_epitoc2, divisions_miage
from tumorcast.biology.clocks.quantiles import matched_to
from tumorcast.biology.clocks.transforms import Transform, transformed
from tumorcast.domain.errors import InputError, did_you_mean

Numbers = NDArray[np.float64]
Kind = Literal["age", "score", "counter", "component"]
Formula = Transform | Literal["epitoc2", "miage", "mean", "gold_quantiles"]

FORMS: dict[str, tuple[str, ...]] = {"epitoc2": ("delta", "beta0"), "miage": ("b", "c", "d"), "mean": ()}
"""What a formula needs for each probe; all others need a weight."""


@dataclass(frozen=True, eq=False)
class Clock:
    """One read-out of a methylome.

    Attributes:
        kind: "age" in years; "score" of the host; "counter" of divisions; "component" of a methylome.
        unit: of what it says.
        tissues: classes of tissue it is for; "any" is any tissue but a tumour, which must be named.
        numbers: name -> [probes]: `weight`, or what `FORMS` says; `gold` beside it for "gold_quantiles".
        state: "shipped"; "own_file": known, but numbers come from the user; "given": the user's alone.
        trained_on, source, doi, terms: for a reader.
    """

    name: str
    aliases: tuple[str, ...]
    kind: Kind
    unit: str
    tissues: frozenset[str]
    formula: Formula
    intercept: float
    probes: tuple[str, ...]
    numbers: Mapping[str, Numbers]
    state: str
    trained_on: str = ""
    source: str = ""
    doi: str = ""
    terms: str = ""

    def read_out(self, betas: Numbers) -> Numbers:
        """[samples] from [samples, probes], all of them known."""
        match self.formula:
            case "epitoc2":
                return divisions_epitoc2(betas, self.numbers["delta"], self.numbers["beta0"])
            case "miage":
                return divisions_miage(betas, *(self.numbers[name] for name in "bcd"))
            case "mean":
                return betas.mean(axis=1)
            case "gold_quantiles":
                return matched_to(betas, self.numbers["gold"]) @ self.numbers["weight"] + self.intercept
        return transformed(betas @ self.numbers["weight"] + self.intercept, self.formula)

    @property
    def is_core(self) -> NDArray[np.bool_]:
        """[probes] that carry weight; of a clock with gold means the others are the background for its quantiles."""
        if self.formula == "gold_quantiles":
            return self.numbers["weight"] != 0
        return np.ones(len(self.probes), bool)

    def with_gold(self, gold: Mapping[str, float]) -> Clock:
        """The same clock over all probes of its gold means.

        Raises:
            InputError: a probe of the clock is not among them.
        """
        weights = dict(zip(self.probes, self.numbers["weight"], strict=True))
        if absent := [probe for probe in weights if probe not in gold]:
            raise InputError(f"the gold means lack probes of {self.name}", got=", ".join(absent[:5]))
        numbers = {
            "weight": np.array([weights.get(probe, 0.0) for probe in gold], float),
            "gold": np.array(list(gold.values()), float),
        }
        return replace(self, probes=tuple(gold), numbers=numbers)

    def with_numbers(
        self, probes: tuple[str, ...], numbers: Mapping[str, Numbers], intercept: float | None
    ) -> Clock:
        """The same clock with the numbers of a user's file, whose intercept, where it states one, counts."""
        known = self.intercept if intercept is None else intercept
        return replace(self, probes=probes, numbers=numbers, intercept=known, state="given")


@cache
def known_clocks() -> dict[str, Clock]:
    """Name -> clock, in the table's order; those that are not shipped have no probes."""
    return {row["name"]: _from_row(row) for row in read_table("clocks").rows}


def _from_row(row: Mapping[str, str]) -> Clock:
    probes, numbers, more = _numbers(row["name"])
    return Clock(
        row["name"], split_list(row["aliases"]), cast(Kind, row["kind"]), row["unit"],
        frozenset(split_list(row["tissues"])), cast(Formula, row["transform"]), float(row["intercept"]) + more, probes,
        numbers, row["state"], row["trained_on"], row["source"], row["doi"], row["terms"],
    )  # fmt: skip


def _numbers(name: str) -> tuple[tuple[str, ...], dict[str, Numbers], float]:
    """(probes, their numbers, intercept among the weights)."""
    if name == "EpiTOC2":
        rows = read_table("clock_drift").rows
        columns = {key: np.array([float(row[key]) for row in rows]) for key in FORMS["epitoc2"]}
        return tuple(row["probe"] for row in rows), columns, 0.0
    weights = dict(_weights().get(name, {}))
    intercept = weights.pop("intercept", 0.0)
    return tuple(weights), {"weight": np.array(list(weights.values()), float)}, intercept


@cache
def _weights() -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = defaultdict(dict)
    for row in read_table("clock_weights").rows:
        table[row["clock"]][row["probe"]] = float(row["weight"])
    return dict(table)


@cache
def embedded_reference() -> dict[str, float]:
    """Probe -> median beta of 450k arrays, for the shipped clocks' probes."""
    return {row["probe"]: float(row["median"]) for row in read_table("clock_reference").rows}


def find_clock(name: str) -> Clock | None:
    """By name or alias, in any case, with any marks between its letters; None: not known."""
    return _by_word().get(_letters(name))


@cache
def _by_word() -> dict[str, Clock]:
    return {
        _letters(word): clock for clock in known_clocks().values() for word in (clock.name, *clock.aliases)
    }


def _letters(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.casefold())


def need_shipped(name: str) -> Clock:
    """A clock by name or alias whose numbers are in the package.

    Raises:
        InputError: not known, or known and not shipped, with the reason.
    """
    clock = find_clock(name)
    if clock is None:
        shipped = [one.name for one in known_clocks().values() if one.state == "shipped"]
        raise InputError(
            "no such clock", got=name, expected=", ".join(shipped), fix=did_you_mean(name, known_clocks())
        )
    if clock.state != "shipped":
        raise InputError(
            f"the numbers of {clock.name} are not in this package", got=clock.terms,
            fix=f"give a file that you have the right to use: --coefficients {clock.name}=FILE",
        )  # fmt: skip
    return clock
