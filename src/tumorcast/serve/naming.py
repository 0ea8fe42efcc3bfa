"""Clinical columns as people read them: a label, a value with its unit."""

from __future__ import annotations

_UNITS = {"AGE": "years", "BMI": "kg/m²", "WEIGHT": "kg", "HEIGHT": "cm"}
_SHORT_WORDS = ("AGE", "SEX", "SITE", "RACE")


def label_of(column: str) -> str:
    """ "CANCER_TYPE" -> "Cancer type"; abbreviations of up to four letters stay."""
    text = column.replace("_", " ")
    if not text.isupper() or (len(text) <= 4 and text not in _SHORT_WORDS):
        return text
    return text.capitalize()


def with_unit(column: str, value: object) -> str:
    """ "64 years"; numbers with three digits, or whole ones."""
    told = str(value)
    if isinstance(value, float):
        told = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return f"{told} {_UNITS[column]}" if column in _UNITS else told
