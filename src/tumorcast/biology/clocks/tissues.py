"""Words for tissues and arrays: what a methylome was made of, and whether a clock may read it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tumorcast.biology.clocks.clock import Clock
from tumorcast.domain.errors import InputError, did_you_mean

Class = Literal["tumour", "blood", "cord_blood", "saliva", "buccal", "skin", "normal", "unfit"]

_TUMOUR = re.compile(
    r"tumou?r|cancer|metasta|neoplas|malignan|carcinoma|sarcoma|lymphoma|myeloma|melanoma|glioma|blastoma|leuk[ae]+mi",
)
_NOT_TUMOUR = re.compile(r"non.?(?:tumou?r|cancer|malignan)|(?:^|[\s_-])normal|adjacent|healthy")
_WORDS: dict[str, Class] = {
    "blood": "blood", "whole blood": "blood", "peripheral blood": "blood", "pbmc": "blood", "pbl": "blood",
    "buffy coat": "blood", "leukocytes": "blood", "leucocytes": "blood", "white blood cells": "blood", "wbc": "blood",
    "cord blood": "cord_blood", "saliva": "saliva", "buccal": "buccal", "buccal cells": "buccal",
    "cheek swab": "buccal", "cell line": "unfit", "cfdna": "unfit", "ctdna": "unfit", "plasma": "unfit",
    "serum": "unfit", "organoid": "unfit", "xenograft": "unfit", "pdx": "unfit",
}  # fmt: skip
_UNFIT = "cell lines, xenografts, organoids and free DNA in plasma are no tissue of a person"
EXPECTED_TISSUES = (
    "tumour, blood, cord blood, saliva, buccal, or `normal` with the organ (normal liver, normal skin)"
)
_PLATFORMS = (
    ("EPICv2", re.compile(r"epic ?(?:v ?)?2(?:\.0)?\b|935|950")),
    ("EPIC", re.compile(r"epic|850k?\b")),
    ("450k", re.compile(r"450")),
    ("27k", re.compile(r"27k?\b")),
    ("MSA", re.compile(r"\bmsa\b|methylation screening")),
)
EXPECTED_PLATFORMS = "27k, 450k, EPIC, EPICv2, MSA"
_BARCODE = re.compile(r"TCGA-\w{2}-\w{4}-(\d{2})", re.IGNORECASE)


@dataclass(frozen=True)
class Tissue:
    """What a sample was declared to be.

    Attributes:
        name: the declared word, in small letters: samples of one name are compared with each other.
        group: what decides which clocks read it.
    """

    name: str
    group: Class


def tissue_of(word: str) -> Tissue:
    """A declared word as a tissue. An organ alone is not taken: it may be a tumour of it.

    Raises:
        InputError: a word that does not say whether it is a tumour.
    """
    name = re.sub(r"[\s_]+", " ", word.strip().casefold())
    if name in _WORDS:
        return Tissue(name, _WORDS[name])
    if _NOT_TUMOUR.search(name):
        organ = re.sub(r"\b(?:normal|healthy|adjacent|tissue)\b", "", name).strip()
        known = _WORDS.get(organ)
        return Tissue(name, known or ("skin" if organ == "skin" else "normal"))
    if _TUMOUR.search(name):
        return Tissue("tumour" if name in ("tumor", "tumour") else name, "tumour")
    raise InputError(
        "the tissue is not known, or does not say whether it is a tumour", got=word, expected=EXPECTED_TISSUES,
        fix=did_you_mean(name, [*_WORDS, "tumour", "normal"]),
    )  # fmt: skip


def platform_of(word: str) -> str:
    """A declared array by its usual name.

    Raises:
        InputError: no Illumina methylation array.
    """
    text = re.sub(r"[\s_-]+", " ", word.strip().casefold())
    found = next((name for name, words in _PLATFORMS if words.search(text)), None)
    if found is None:
        raise InputError(
            "the array is not known", got=word, expected=EXPECTED_PLATFORMS,
            fix="sequencing (WGBS, RRBS, nanopore) is out of scope: clocks are for arrays",
        )  # fmt: skip
    return found


def is_tumour_barcode(sample: str) -> bool | None:
    """Whether a TCGA barcode says tumour (types 01 to 09) or normal (10 to 14); None: no such barcode."""
    found = _BARCODE.match(sample)
    if found is None or not 1 <= int(found[1]) <= 14:
        return None
    return int(found[1]) < 10


def why_not(clock: Clock, tissue: Tissue) -> tuple[str, str] | None:
    """(code, reason) where a clock must not read a tissue; None: it may."""
    if tissue.group == "tumour":
        if clock.kind == "age":
            return "tumour_tissue", "no age is given of tumour tissue"
        if "tumour" not in clock.tissues:
            return "tumour_tissue", "a read-out of the host, which tumour tissue does not give"
        return None
    if tissue.group == "unfit":
        return "tissue_unfit", _UNFIT
    if "any" in clock.tissues or tissue.group in clock.tissues:
        return None
    made_for = ", ".join(sorted(clock.tissues))
    return "other_tissue", f"made for {made_for}; the sample is {tissue.name}"
