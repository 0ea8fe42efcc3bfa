"""Chromosomes of the genome builds: lengths, arms, and whether positions can be of a build at all."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from tumorcast.biology._tables import read_table
from tumorcast.domain.errors import InputError, did_you_mean

_ALIASES = {
    "hg19": "GRCh37",
    "b37": "GRCh37",
    "37": "GRCh37",
    "hg38": "GRCh38",
    "b38": "GRCh38",
    "38": "GRCh38",
}
_TOLERATED = 1_000
"""Segments may end a little past a chromosome's last base by rounding to windows."""


@dataclass(frozen=True)
class Chromosome:
    """Length and border of the arms, in bases."""

    length: int
    centromere: int


def build_named(name: str) -> str:
    """GRCh37 or GRCh38 from any of its names; InputError for others."""
    if found := known_build(name):
        return found
    raise InputError(
        "unknown genome build", got=name, expected="GRCh37 or GRCh38",
        fix=did_you_mean(name, ["GRCh37", "GRCh38", *_ALIASES]),
    )  # fmt: skip


def known_build(name: str) -> str:
    """GRCh37 or GRCh38 from any of its names; "" for other builds and species."""
    text = name.strip().lower()
    return next((b for b in ("GRCh37", "GRCh38") if text in (b.lower(), *_names_of(b))), "")


def _names_of(build: str) -> list[str]:
    return [alias for alias, one in _ALIASES.items() if one == build]


@cache
def chromosomes(build: str) -> dict[str, Chromosome]:
    """Name (1-22, X) -> chromosome of a build."""
    build = build_named(build)
    return {
        row["chromosome"]: Chromosome(int(row["length"]), int(row["centromere"]))
        for row in read_table("chromosomes").rows
        if row["build"] == build
    }


def bare_names(names: pd.Series) -> pd.Series:
    """`chr1`, `Chr1`, `1`, `23` -> `1`, ..., `X`."""
    text = names.astype(str).str.strip().str.replace(r"^chr", "", case=False, regex=True)
    return text.str.replace(r"\.0$", "", regex=True).replace({"23": "X", "x": "X"})


def check_positions(names: pd.Series, ends: pd.Series, build: str, file: str) -> None:
    """Raise where positions lie past the end of their chromosome, which tells another build.

    Args:
        names: bare chromosome names. ends: last base of each row.
    """
    lengths = bare_names(names).map({name: one.length for name, one in chromosomes(build).items()})
    past = (ends.astype(float) > lengths.astype(float) + _TOLERATED).to_numpy()
    if not past.any():
        return
    other = "GRCh38" if build_named(build) == "GRCh37" else "GRCh37"
    lengths_there = bare_names(names).map({name: one.length for name, one in chromosomes(other).items()})
    fits = bool((ends.astype(float) <= lengths_there.astype(float) + _TOLERATED)[lengths_there.notna()].all())
    row = int(np.flatnonzero(past)[0])
    raise InputError(
        f"{file}: positions past the end of their chromosome in {build_named(build)}",
        got=f"{int(past.sum())} rows, the first on chromosome {names.iloc[row]} at {int(ends.iloc[row]):,}",
        expected=f"positions of {build_named(build)}",
        fix=f"all of them fit {other}: say that build" if fits else "lift the positions over to one build",
    )
