"""Single base substitutions by their trinucleotide: the 96 channels of mutational signatures.

Alexandrov et al., Nature 2013, 500:415; channels named and ordered as COSMIC does (`A[C>A]A` ... `T[T>G]T`), purine
references folded onto the pyrimidine strand.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

SUBSTITUTIONS = ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G")
CHANNELS = tuple(
    f"{five}[{kind}]{three}" for kind in SUBSTITUTIONS for five, three in product("ACGT", repeat=2)
)
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_MOST_MISMATCHES = 0.01

Context = Callable[[pd.DataFrame], pd.Series]
"""From variants (chromosome, start) to the three bases around each place, "" where unknown."""


def is_substitution(variants: pd.DataFrame) -> pd.Series:
    """Which variants are single base substitutions; False where the alleles are not told."""
    if not {"ref", "alt"} <= set(variants.columns):
        return pd.Series(False, index=variants.index)
    ref, alt = (variants[column].astype("str").str.upper() for column in ("ref", "alt"))
    return ref.isin(list("ACGT")) & alt.isin(list("ACGT")) & (ref != alt)


def sbs96(variants: pd.DataFrame, context: Context | None, report: list[Exclusion]) -> pd.DataFrame:
    """sample x `CHANNELS` counts, of every sample that has a variant; other variants than substitutions do not count.

    Args:
        variants: `study.Study.variants` with `ref` and `alt`.
        context: where the bases around a place come from; None takes the column `context` (an odd number of
            reference bases, the place in the middle; folded onto the pyrimidine already is understood).

    Raises:
        InputError: more than 1% of the places have another base in the middle than the variant's reference.
    """
    rows = variants[is_substitution(variants)]
    around = context(rows) if context else rows["context"]
    middle = (around.str.len() - 3) // 2
    bases = pd.Series(
        [t[m : m + 3] if m >= 0 else "" for t, m in zip(around, middle, strict=True)], rows.index
    )
    ref, alt = rows["ref"].str.upper(), rows["alt"].str.upper()
    told = bases.str.fullmatch("[ACGT]{3}")
    same, folded = bases.str[1] == ref, bases.str[1] == ref.str.translate(_COMPLEMENT)
    _check_reference(
        told, same | (folded & (context is None)), "the reference genome" if context else "the context"
    )
    alt = alt.where(same, alt.str.translate(_COMPLEMENT))
    usable = told & (same | folded)
    if not usable.all():
        n_out = int((~usable).sum())
        report.append(
            Exclusion("variant", "substitutions", "no_context", f"{n_out} of {len(rows)} do not count")
        )
    names = [_channel(b, a) for b, a in zip(bases[usable], alt[usable], strict=True)]
    counted = pd.crosstab(rows.loc[usable, "sample_id"], pd.Series(names, rows.index[usable], name="channel"))
    samples = pd.Index(sorted(variants["sample_id"].unique()), name="sample_id")
    return (
        counted.reindex(index=samples, columns=list(CHANNELS), fill_value=0)
        .rename_axis(columns=None)
        .astype(float)
    )


def _channel(bases: str, alt: str) -> str:
    if bases[1] in "AG":
        bases, alt = bases.translate(_COMPLEMENT)[::-1], alt.translate(_COMPLEMENT)
    return f"{bases[0]}[{bases[1]}>{alt}]{bases[2]}"


def _check_reference(told: pd.Series, agrees: pd.Series, source: str) -> None:
    n_told, n_other = int(told.sum()), int((told & ~agrees).sum())
    if n_other > _MOST_MISMATCHES * n_told:
        raise InputError(
            f"the reference bases of the variants are not those of {source}",
            got=f"{n_other} of {n_told} places differ",
            expected="the genome build that the variants were called on",
            fix="give the FASTA of the same build (GRCh37 and GRCh38 differ at every place)",
        )


def fasta_context(path: Path) -> Context:
    """The bases around a place from a reference genome (FASTA, indexed beside it where that lacks).

    Raises:
        InputError: not there, or no index can be made.
    """
    if not path.is_file():
        raise InputError("no reference genome", got=path, expected="a FASTA file, plain or bgzipped")
    try:
        import pysam
    except ImportError:
        raise InputError(
            "a reference genome cannot be read here",
            got="pysam is not installed",
            expected="a column `context` in the table of variants, or pysam",
            fix="pip install 'tumorcast[genomes]' (Linux or macOS)",
        ) from None
    try:
        genome = pysam.FastaFile(str(path))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path.name} cannot be read as an indexed FASTA", got=error, fix=f"samtools faidx {path.name}"
        ) from None
    names = {name.removeprefix("chr"): name for name in genome.references}

    def around(variants: pd.DataFrame) -> pd.Series:
        starts = pd.to_numeric(variants["start"], errors="coerce")
        found = []
        for chromosome, start in zip(variants["chromosome"].astype("str"), starts, strict=True):
            name = names.get(chromosome.removeprefix("chr"))
            known = name is not None and np.isfinite(start) and start > 1
            found.append(genome.fetch(name, int(start) - 2, int(start) + 1).upper() if known else "")
        return pd.Series(found, variants.index, dtype=object)

    return around
