"""Methylomes as they were given, and what is wrong with them before any clock reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tumorcast.biology.clocks.clock import embedded_reference
from tumorcast.biology.clocks.likeness import likeness_of
from tumorcast.biology.clocks.tissues import Tissue, is_tumour_barcode, names_tumour
from tumorcast.clinic.clock.record import Refusal
from tumorcast.readers.probe_manifest import ARRAYS

Numbers = NDArray[np.float64]
Told = tuple[Tissue | None, tuple[str, ...]]
"""The tissue that counts, and notes."""

_WHOLE = 0.5
"""Share of the array's CpGs from which on a file is a whole array, not a table cut down to some CpGs."""
UNLIKE = (
    "WARNING: the values are unlike any methylome (they do not follow the medians of real arrays):"
    " what is computed from them is arithmetic, not an age"
)
_NO_METHYLOME = "the values are unlike any methylome: they do not follow the medians of real arrays"
_CANNOT_TELL = "too few of the CpGs that are known here to tell whether the values are a methylome's"


@dataclass(frozen=True)
class Declared:
    """What a sample was declared to be; a refusal where it was not, or cannot be.

    Attributes:
        note: what the declaration was overruled by; "" nothing.
    """

    tissue: Tissue | None
    platform: str | None
    age_years: float | None
    refusal: Refusal | None = None
    note: str = ""


@dataclass(frozen=True, eq=False)
class Methylomes:
    """Samples with the betas of `probes`.

    Attributes:
        betas: [samples, probes], NaN not measured.
        mean_beta, n_cpgs: [samples], of all CpGs; NaN and 0 where the whole file was not read.
        n_rows: [samples], CpGs that the sample's file names.
        unfit: sample -> why its values cannot be used.
    """

    samples: tuple[str, ...]
    probes: tuple[str, ...]
    betas: Numbers
    mean_beta: Numbers
    n_cpgs: NDArray[np.int64]
    n_rows: NDArray[np.int64]
    unfit: Mapping[str, str]


def looked_at(
    methylomes: Methylomes, declared: Sequence[Declared]
) -> tuple[list[Told], list[Refusal | None]]:
    """[samples] tissue that counts with notes, and refusals of whole samples.

    Values unlike a methylome's refuse a sample of a whole array; in a table cut down to some CpGs, as those are that a
    calculator is checked with, they are warned of.
    """
    medians = np.array([embedded_reference().get(probe, np.nan) for probe in methylomes.probes], float)
    told, refusals = list[Told](), list[Refusal | None]()
    for n, (sample, one) in enumerate(zip(methylomes.samples, declared, strict=True)):
        tissue, notes = _told_tissue(sample, one)
        refusal = (
            Refusal("unfit_values", methylomes.unfit[sample]) if sample in methylomes.unfit else one.refusal
        )
        if refusal is None and tissue is not None:
            found = likeness_of(methylomes.betas[n], medians, tissue.group == "tumour")
            size = ARRAYS.get(one.platform or "", min(ARRAYS.values()))
            if found == "no_methylome" and methylomes.n_rows[n] >= _WHOLE * size:
                refusal = Refusal("no_methylome", _NO_METHYLOME)
            elif found != "methylome":
                notes = (*notes, UNLIKE if found == "no_methylome" else _CANNOT_TELL)
        told.append((tissue, notes))
        refusals.append(refusal)
    return told, refusals


def _told_tissue(sample: str, one: Declared) -> Told:
    """What says tumour counts before what was declared."""
    notes = (one.note,) if one.note else ()
    of_barcode = is_tumour_barcode(sample)
    if one.tissue is None:
        return None, notes
    if one.tissue.group == "tumour":
        is_normal = of_barcode is False and not notes
        return one.tissue, (
            *notes,
            *(["the barcode says normal tissue, declared was tumour"] if is_normal else []),
        )
    if of_barcode or (of_barcode is None and names_tumour(sample)):
        which = "barcode" if of_barcode else "sample's name"
        note = f"the {which} says tumour, declared was {one.tissue.name}: no age is given"
        return Tissue("tumour", "tumour"), (*notes, note)
    return one.tissue, notes
