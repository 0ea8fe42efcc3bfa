"""What happens on which day: drugs on and off, doses into depots, holidays, resections, radiotherapy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tumorcast.biology.dynamics.arrays import Parameter
from tumorcast.domain.errors import InputError


@dataclass(frozen=True)
class Exposed:
    """A drug at a constant level from `start_day` until `stop_day` (inf: it goes on)."""

    drug: str
    start_day: float = 0.0
    stop_day: float = math.inf
    level: float = 1.0

    def __post_init__(self) -> None:
        _need_order(self.drug, self.start_day, self.stop_day)
        if not (math.isfinite(self.level) and self.level >= 0):
            raise InputError(f"the level of {self.drug} is out of range", got=self.level, expected=">= 0")


@dataclass(frozen=True)
class Dose:
    """An amount of a drug into its depot (K-PD models)."""

    drug: str
    day: float
    amount: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.amount) and self.amount > 0):
            raise InputError(f"a dose of {self.drug} is out of range", got=self.amount, expected="> 0")


@dataclass(frozen=True)
class Holiday:
    """No drug (or none of `drugs`) from `start_day` until `stop_day`; doses that fall into it are not given."""

    start_day: float
    stop_day: float
    drugs: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _need_order("a holiday", self.start_day, self.stop_day)

    def covers(self, drug: str, day: float) -> bool:
        """Whether `drug` pauses on `day`."""
        return self.start_day <= day < self.stop_day and (not self.drugs or drug in self.drugs)


@dataclass(frozen=True)
class Resection:
    """`removed`: the share of the sum of diameters that is taken out, 0 to below 1, one value or [n]."""

    day: float
    removed: Parameter


@dataclass(frozen=True)
class Radiotherapy:
    """Fractions on given days; linear-quadratic kill of the irradiated cells (Fowler, Br J Radiol 1989, 62:679).

    The share of cells that survives one fraction is exp(-alpha d - beta d^2); the diameter of a body of three
    dimensions shrinks with its cube root. `irradiated` is the share of the sum of diameters in the field before
    the first fraction; the rest keeps its size. Two courses are two fields.
    Dead cells are taken to vanish at once, which real lesions do over weeks.

    Attributes:
        days: day of each fraction.
        gray: dose of one fraction, Gy.
        alpha: per Gy, one value or [n].
        beta: per Gy^2, one value or [n].
    """

    days: tuple[float, ...]
    gray: float
    alpha: Parameter
    beta: Parameter
    irradiated: float = 1.0

    def __post_init__(self) -> None:
        if not self.days or not (math.isfinite(self.gray) and self.gray > 0):
            raise InputError("radiotherapy needs fractions and a dose", got=(self.days, self.gray))
        if not 0 < self.irradiated <= 1:
            raise InputError("irradiated is out of range", got=self.irradiated, expected="above 0 to 1")


Event = Resection | Radiotherapy


@dataclass(frozen=True)
class Schedule:
    """A course as days: what is on, what is given, what happens.

    Attributes:
        start_day: the first day, on which the model's size is its base.
    """

    exposed: tuple[Exposed, ...] = ()
    doses: tuple[Dose, ...] = ()
    events: tuple[Event, ...] = ()
    holidays: tuple[Holiday, ...] = ()
    start_day: float = 0.0

    def __post_init__(self) -> None:
        days = (self.start_day, *self.event_days())
        if not all(math.isfinite(day) for day in days):
            raise InputError(
                "a day of the schedule is no number",
                got=next(day for day in days if not math.isfinite(day)),
                expected="finite days",
            )
        early = [day for day in self.event_days() if day < self.start_day]
        if early:
            raise InputError(
                "something happens before the course's first day",
                got=f"day {min(early):g}",
                expected=f">= {self.start_day:g}",
                fix="set start_day to the day of the first scan",
            )

    @classmethod
    def always(cls, *drugs: str, start_day: float = 0.0) -> Schedule:
        """Every drug at level 1 from the first day on."""
        return cls(exposed=tuple(Exposed(drug, start_day) for drug in drugs), start_day=start_day)

    def event_days(self) -> list[float]:
        """Days of doses, events, and starts of exposure; unsorted."""
        fractions = [day for event in self.events for day in _days_of(event)]
        return [dose.day for dose in self.doses] + fractions + [one.start_day for one in self.exposed]

    def borders(self) -> list[float]:
        """Every finite day on which something changes, sorted, after the first day."""
        ends = [one.stop_day for one in self.exposed]
        rests = [day for rest in self.holidays for day in (rest.start_day, rest.stop_day)]
        days = {*self.event_days(), *ends, *rests}
        return sorted(day for day in days if math.isfinite(day) and day >= self.start_day)

    def levels(self, day: float) -> dict[str, float]:
        """Drug -> level from `day` on until the next border; levels of one drug add up."""
        levels: dict[str, float] = {}
        for one in self.exposed:
            is_on = one.start_day <= day < one.stop_day
            if is_on and not any(rest.covers(one.drug, day) for rest in self.holidays):
                levels[one.drug] = levels.get(one.drug, 0.0) + one.level
        return levels

    def given(self, day: float) -> list[Dose]:
        """Doses of a day, without those that fall into a holiday."""
        return [
            dose
            for dose in self.doses
            if dose.day == day and not any(rest.covers(dose.drug, day) for rest in self.holidays)
        ]

    def happening(self, day: float) -> list[tuple[Event, int]]:
        """Resections and fractions of a day, each with its number within its event, from 1."""
        return [
            (event, number)
            for event in self.events
            for number, each in enumerate(sorted(_days_of(event)), start=1)
            if each == day
        ]


def every(
    drug: str, amount: float, interval_days: float, cycles: int, first_day: float = 0.0
) -> tuple[Dose, ...]:
    """The same dose once a cycle."""
    return tuple(Dose(drug, first_day + k * interval_days, amount) for k in range(cycles))


def _days_of(event: Event) -> Sequence[float]:
    return (event.day,) if isinstance(event, Resection) else event.days


def _need_order(name: str, start: float, stop: float) -> None:
    if not (math.isfinite(start) and start < stop):
        raise InputError(f"{name} ends before it starts", got=(start, stop), expected="start < stop")
