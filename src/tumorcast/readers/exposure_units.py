"""Amounts of exposures in one unit, and what a patient can have at all.

Alcohol: a UK unit is 8 g of ethanol (UK Chief Medical Officers, 2016), a US standard drink 14 g (NIAAA); BMI: 1 lb/in2
is 703.07 kg/m2; a pack is 20 cigarettes. The ranges are wide bounds, there to find a wrong unit, not reference ranges.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from tumorcast.domain.errors import InputError

_DAYS_OF_WEEK = 7
_UK_UNIT_G, _US_DRINK_G = 8.0, 14.0


@dataclass(frozen=True)
class Quantity:
    """An amount: its unit, factors of other spellings and units to it, and the range of what is believed.

    `factors[""]` is there where a bare number has only one meaning.
    """

    unit: str
    factors: Mapping[str, float]
    lowest: float
    highest: float


QUANTITIES: dict[str, Quantity] = {
    "pack_years": Quantity(
        "pack-years",
        dict.fromkeys(("", "pack-years", "packyears", "pack-year", "pack_years", "py", "pack-yrs", "packyrs"), 1.0),
        0,
        300,
    ),
    "bmi": Quantity(
        "kg/m2", {"": 1.0, "kg/m2": 1.0, "kg/m^2": 1.0, "kg/m²": 1.0, "lb/in2": 703.07, "lb/in^2": 703.07}, 10, 60
    ),
    "alcohol": Quantity(
        "g/day",
        {
            "g/day": 1.0, "g/d": 1.0, "g/week": 1 / _DAYS_OF_WEEK, "g/wk": 1 / _DAYS_OF_WEEK,
            "units/week": _UK_UNIT_G / _DAYS_OF_WEEK, "units/wk": _UK_UNIT_G / _DAYS_OF_WEEK,
            "units/day": _UK_UNIT_G, "drinks/week": _US_DRINK_G / _DAYS_OF_WEEK, "drinks/day": _US_DRINK_G,
        },
        0,
        600,
    ),
}  # fmt: skip


def amount(exposure: str, text: str, unit: str) -> float:
    """The number in the unit of `QUANTITIES[exposure]`.

    Raises:
        InputError: no number, a negative one, an unknown unit or none where it is needed, or beyond belief. No alcohol
            needs no unit.
    """
    known = QUANTITIES[exposure]
    if exposure == "alcohol" and _is_nothing(text):
        return 0.0
    told = f"{text} {unit}".strip()
    units = ", ".join(name for name in known.factors if name)
    factor = known.factors.get(_bare(unit))
    if factor is None:
        what = "no unit is given" if not unit.strip() else "the unit is not known"
        raise InputError(f"{exposure}: {what}", got=told, expected=units)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise InputError(f"{exposure}: not a number", got=told, expected=f"a number of {known.unit}")
    if number < 0:
        raise InputError(f"{exposure}: negative", got=told, expected=f"{known.unit}, 0 or more")
    made = number * factor
    if not known.lowest <= made <= known.highest:
        raise InputError(
            f"{exposure}: not believed", got=told, expected=f"{known.lowest:g} to {known.highest:g} {known.unit}",
            fix="check the unit and the decimal point",
        )  # fmt: skip
    return made


def _is_nothing(text: str) -> bool:
    word = text.strip().lower()
    return (
        word in ("none", "never", "abstinent", "abstainer", "teetotal")
        or re.fullmatch(r"0+(\.0*)?", word) is not None
    )


def _bare(unit: str) -> str:
    text = re.sub(r"\s", "", unit.lower())
    for word, short in (
        ("grams", "g"),
        ("gram", "g"),
        ("per", "/"),
        ("unit/", "units/"),
        ("drink/", "drinks/"),
    ):
        text = text.replace(word, short)
    return text
