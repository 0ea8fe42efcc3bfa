"""Families of drug classes: how treatments are grouped where patients are compared by what they received."""

from __future__ import annotations

from collections.abc import Iterable

_FAMILIES = {
    "PD-1/PD-L1 inhibitor": ("anti-PD-1", "anti-PD-L1", "anti-PD-1 or anti-PD-L1"),
    "chemotherapy": (
        "alkylator", "antimetabolite", "anthracycline", "antitumour antibiotic", "other microtubule inhibitor",
        "platinum", "taxane", "topoisomerase inhibitor", "vinca",
    ),
    "endocrine therapy": (
        "antiandrogen", "aromatase inhibitor", "GnRH analogue", "progestin", "SERD", "SERM",
    ),
}  # fmt: skip
BESIDE = ("bone-modifying agent", "corticosteroid", "enzyme", "folate")
"""Given beside a treatment, not as one."""
UNKNOWN = "unknown"


def family_of(cls: str) -> str:
    """The family of a drug class (`drugs.Agent.cls`): a class that is in none is its own."""
    return next((family for family, classes in _FAMILIES.items() if cls in classes), cls)


def treatment_key(classes: Iterable[str]) -> str:
    """Name of a treatment: the families of its drugs, sorted, each once, joined by " + "; "unknown" where none is.

    The order of the drugs does not matter; what is given beside a treatment (folate, corticosteroids) does not count.
    """
    families = sorted({family_of(cls) for cls in classes if cls and cls not in BESIDE})
    return " + ".join(families) or UNKNOWN
