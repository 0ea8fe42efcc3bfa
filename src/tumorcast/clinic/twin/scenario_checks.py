"""What a "what if" must be given, and within which bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tumorcast.domain.errors import InputError, did_you_mean

Bounds = tuple[float, float]
_ANY = (-math.inf, math.inf)
_ABOVE_0, _BELOW_1 = math.nextafter(0.0, 1.0), math.nextafter(1.0, 0.0)
_NEEDED: dict[str, dict[str, Bounds]] = {
    "stop": {}, "level": {"level": (0.0, 1.0)}, "holiday": {"stop": _ANY}, "resection": {"removed": (0.0, _BELOW_1)},
    "radiotherapy": {"gray": (_ABOVE_0, 30.0), "alpha": (0.0, 10.0), "beta": (0.0, 10.0)}, "switch": {}, "add": {},
}  # fmt: skip
_OPTIONAL: dict[str, dict[str, Bounds]] = {
    "radiotherapy": {"irradiated": (_ABOVE_0, 1.0)},
    "switch": {"correlation": (-1.0, 1.0)}, "add": {"correlation": (-1.0, 1.0)},
}  # fmt: skip
_BESIDE = ("day", "days", "population")


def need_scenario(name: str, kind: str, day: float, details: Mapping[str, Any]) -> None:
    """Raise where a change misses something, has what it does not know, or lies out of bounds.

    Raises:
        InputError: with the name of the change.
    """
    if kind not in _NEEDED:
        raise InputError(f"the scenario {name} is of no known kind", got=kind, expected=", ".join(_NEEDED))
    needed, optional = _NEEDED[kind], _OPTIONAL.get(kind, {})
    missing = [key for key in needed if key not in details]
    if missing or (kind == "radiotherapy" and not details.get("days")):
        _refuse(name, f"no {missing[0] if missing else 'days'}", f"{kind} with {', '.join(needed)}")
    known = (*needed, *optional, *_BESIDE)
    for key in details:
        if key not in known:
            raise InputError(
                f"the scenario {name} has an unknown word", got=key, fix=did_you_mean(key, known)
            )
    _number(name, "day", day, _ANY)
    for one in details.get("days", ()):
        _number(name, "days", one, _ANY)
    for key, bounds in {**needed, **optional}.items():
        if key in details:
            _number(name, key, details[key], bounds)
    if kind == "holiday" and not float(details["stop"]) > day:
        _refuse(name, f"from day {day:g} to {details['stop']}", "a later day on which it ends")


def _number(name: str, key: str, value: object, bounds: Bounds) -> None:
    low, high = bounds
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        span = "a finite number" if bounds == _ANY else f"{low:.3g} to {high:.3g}"
        _refuse(name, f"{key}: {value}", span)


def _refuse(name: str, got: str, expected: str) -> None:
    raise InputError(
        f"the scenario {name} cannot be used", got=got, expected=expected, fix="see docs/twin.md, What if"
    )
