"""What the somatic variants of a tumour say as a whole: classes, substitutions, marks of processes, proxies.

- `apobec_like`: C>T and C>G at TCA or TCT among all C>T and C>G (the motif of Roberts 2013, Nat Genet 45:970; a share,
  not their enrichment over the surrounding bases).
- `uv_like`: C>T after a pyrimidine among all C>T (Brash 2015, Photochem Photobiol 91:15).
- `cpg_transitions`: C>T before G among all substitutions (ageing; Alexandrov 2015, Nat Genet 47:1402).
- `indel_share`, `homopolymer_indel_share`, `mismatch_repair_altered`: **proxies** of microsatellite instability, which
  shortens runs of one base (features of MSIpred; Wang & Liang 2018, Sci Rep 8:17546). Variants of an exome cannot
  replace reads of microsatellites: no threshold is given.
- `pole_hotspot`: a driver in the exonuclease domain of POLE (P286R, S297F, V411L, A456P, S459F; Leon-Castillo 2020,
  J Pathol 250:323).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tumorcast.biology.sbs96 import CHANNELS, is_substitution
from tumorcast.biology.variants import alters_gene, is_nonsynonymous

MUTATION_SCORES = (
    "nonsynonymous", "truncating_share", "missense_share", "silent_share", "indel_share", "frameshift_indel_share",
    "transition_share", "c_to_t_share", "c_to_g_share", "apobec_like", "uv_like", "cpg_transitions",
    "homopolymer_indel_share", "mismatch_repair_altered", "pole_hotspot",
)  # fmt: skip
LEAST_VARIANTS = 10
"""Shares of fewer are not given."""
_TRANSITIONS = {("A", "G"), ("G", "A"), ("C", "T"), ("T", "C")}
_MISMATCH_REPAIR = {"MLH1", "MSH2", "MSH6", "PMS2"}
_POLE = ("P286R", "S297F", "V411L", "A456P", "S459F")
_RUN = 5


def mutation_scores(
    variants: pd.DataFrame, sequenced: Iterable[str], catalogue: pd.DataFrame | None
) -> pd.DataFrame:
    """sample x `MUTATION_SCORES` of every sequenced sample; NaN where a share has fewer than 10 in its denominator, or
    what it needs is not told (alleles, context).

    Args:
        variants: `study.Study.variants`. sequenced: `study.Study.sequenced`.
        catalogue: `sbs96.sbs96` of the same variants; None without context.
    """
    samples = pd.Index(sorted(sequenced), name="sample_id")
    own = variants[variants["impact"] != "fusion"]
    scores = pd.DataFrame(index=samples, columns=list(MUTATION_SCORES), dtype=float)
    impact = own["impact"]
    scores["nonsynonymous"] = _count(own, impact.map(is_nonsynonymous), samples)
    for name in ("truncating", "missense", "silent"):
        scores[f"{name}_share"] = _share(own, impact == name, impact != "unknown", samples)
    if {"ref", "alt"} <= set(own.columns):
        scores = scores.assign(**_of_alleles(own, samples))
    if catalogue is not None:
        scores = scores.assign(**_of_catalogue(catalogue.reindex(samples)))
    scores["mismatch_repair_altered"] = (_count(own, own["gene"].isin(_MISMATCH_REPAIR) & impact.map(alters_gene),
                                                samples) > 0).astype(float)  # fmt: skip
    is_hotspot = (own["gene"] == "POLE") & own["protein_change"].astype("str").str.contains("|".join(_POLE))
    scores["pole_hotspot"] = (_count(own, is_hotspot, samples) > 0).astype(float)
    return scores[list(MUTATION_SCORES)]


def _of_alleles(variants: pd.DataFrame, samples: pd.Index) -> dict[str, pd.Series]:
    single = is_substitution(variants)
    ref, alt = (variants[column].astype("str").str.upper() for column in ("ref", "alt"))
    bare_ref, bare_alt = ref.str.replace("-", ""), alt.str.replace("-", "")
    is_indel = (
        (bare_ref.str.len() != bare_alt.str.len())
        & ref.str.fullmatch("[ACGT-]+")
        & alt.str.fullmatch("[ACGT-]+")
    )
    is_frameshift = is_indel & ((bare_ref.str.len() - bare_alt.str.len()) % 3 != 0)
    pair = pd.Series(list(zip(ref, alt, strict=True)), variants.index)
    found = {
        "indel_share": _share(variants, is_indel, single | is_indel, samples),
        "frameshift_indel_share": _share(variants, is_frameshift, single | is_indel, samples),
        "transition_share": _share(variants, single & pair.isin(_TRANSITIONS), single, samples),
        "c_to_t_share": _share(variants, single & pair.isin({("C", "T"), ("G", "A")}), single, samples),
        "c_to_g_share": _share(variants, single & pair.isin({("C", "G"), ("G", "C")}), single, samples),
    }
    if "context" in variants:
        after = variants["context"].astype("str").str.upper()
        half = after.str.len() // 2
        right = pd.Series([t[h + 1 : h + 1 + _RUN] for t, h in zip(after, half, strict=True)], variants.index)
        in_run = right.str.fullmatch(r"([ACGT])\1{" + str(_RUN - 1) + "}").fillna(False)
        known = is_indel & (right.str.len() == _RUN)
        found["homopolymer_indel_share"] = _share(variants, known & in_run, single | known, samples)
    return found


def _of_catalogue(catalogue: pd.DataFrame) -> dict[str, pd.Series]:
    def of(*, kinds: tuple[str, ...], before: str = "ACGT", after: str = "ACGT") -> pd.Series:
        names = [c for c in CHANNELS if c[2:5] in kinds and c[0] in before and c[-1] in after]
        return catalogue[names].sum(axis=1, min_count=1)

    total = catalogue[list(CHANNELS)].sum(axis=1, min_count=1)
    c_changes, c_to_t = of(kinds=("C>T", "C>G")), of(kinds=("C>T",))
    return {
        "apobec_like": _ratio(of(kinds=("C>T", "C>G"), before="T", after="AT"), c_changes),
        "uv_like": _ratio(of(kinds=("C>T",), before="CT"), c_to_t),
        "cpg_transitions": _ratio(of(kinds=("C>T",), after="G"), total),
    }


def _count(variants: pd.DataFrame, is_so: pd.Series, samples: pd.Index) -> pd.Series:
    return (
        is_so.astype(float).groupby(variants["sample_id"].astype(str)).sum().reindex(samples, fill_value=0.0)
    )


def _share(variants: pd.DataFrame, is_so: pd.Series, among: pd.Series, samples: pd.Index) -> pd.Series:
    return _ratio(_count(variants, is_so & among, samples), _count(variants, among, samples))


def _ratio(part: pd.Series, whole: pd.Series) -> pd.Series:
    return (part / whole.where(whole >= LEAST_VARIANTS)).astype(float).replace([np.inf, -np.inf], np.nan)
