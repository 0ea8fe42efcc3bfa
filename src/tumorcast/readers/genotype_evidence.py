"""Whether a genotype rests on anything: its reads, its quality, and the reads of each allele."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def without_evidence(alleles: Sequence[str], values: Mapping[str, str], n_alternates: int) -> str:
    """No reads, a reference genotype of no quality at all, or other reads than the genotype's; "" none of these."""
    if set(alleles) <= {"0", "."} and "0" in (values.get("GQ"), values.get("RGQ")):
        return "a genotype of quality 0"
    if "0" in (values.get("DP"), values.get("MIN_DP")):
        return "a genotype without reads"
    if _is_against_depths(alleles, values.get("AD", "").split(","), n_alternates):
        return "a genotype that the reads of each allele (AD) contradict"
    return ""


def seen_alleles(alleles: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Alternate alleles behind a genotype that is not used: those with reads, where reads of each are told."""
    depths = values.get("AD", "").split(",")[1:]
    told = [str(n) for n, depth in enumerate(depths, 1) if depth not in ("0", ".")] if depths else alleles
    return [one for one in dict.fromkeys(told) if one not in ("0", ".")]


def _is_against_depths(alleles: Sequence[str], depths: Sequence[str], n_alternates: int) -> bool:
    """Whether reads are of one allele alone where the genotype has two, or none is of an allele that it has twice."""
    if len(depths) != n_alternates + 1 or not all(one.isdigit() for one in depths):
        return False
    called = {int(one) for one in alleles if one.isdigit()}
    seen = {n for n, depth in enumerate(depths) if int(depth)}
    return len(seen) == 1 < len(called) or (len(called) == 1 and not called & seen)
