"""Pieces that resources of FHIR R4 are made of: concepts, numbers, absences, components."""

from __future__ import annotations

from typing import Any

SYSTEM = "urn:tumorcast"
LOINC = "http://loinc.org"
_UCUM = "http://unitsofmeasure.org"
_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"

Json = dict[str, Any]


def own_concept(code: str, text: str) -> Json:
    """A code of this program."""
    return coded(SYSTEM, code, text, text)


def coded(system: str, code: str, display: str, text: str) -> Json:
    """A code of some terminology, with the words that were said."""
    return {"coding": [{"system": system, "code": code, "display": display}], "text": text}


def number(value: float) -> Json:
    """A quantity without a unit, to four digits."""
    return {"value": round(value, 4), "system": _UCUM, "code": "1", "unit": "1"}


def absent(code: str, text: str = "") -> Json:
    """Why there is no value; `code` of data-absent-reason."""
    told: Json = {"coding": [{"system": _ABSENT, "code": code}]}
    return {"dataAbsentReason": {**told, "text": text} if text else told}


def part(code: str, text: str, value: float | None) -> Json:
    """A component with a number, or without one."""
    made: Json = {"code": own_concept(code, text)}
    return {**made, **(absent("unknown") if value is None else {"valueQuantity": number(value)})}
