"""Functional impact of a somatic variant, from the words of MAF files and of VEP or SnpEff.

Terms: the NCI Genomic Data Commons MAF specification (Variant_Classification) and the Sequence Ontology
consequence terms that Ensembl VEP and SnpEff write (Eilbeck et al., Genome Biol 2005, 6:R44; McLaren et al.,
Genome Biol 2016, 17:122).
"""

from __future__ import annotations

import re
from functools import lru_cache

IMPACTS: tuple[str, ...] = (
    "truncating", "missense", "inframe", "splice", "promoter", "silent", "other", "unknown", "fusion",
)  # fmt: skip
"""`unknown`: the source says that the gene is altered, but not how. `fusion`: partner of a rearrangement."""

_TERMS: dict[str, str] = {
    "unknown": "unknown",
    "fusion": "fusion",
    "gene_fusion": "fusion",
    "structural_variant": "fusion",
    # MAF Variant_Classification
    "nonsense_mutation": "truncating",
    "frame_shift_del": "truncating",
    "frame_shift_ins": "truncating",
    "frameshift": "truncating",
    "nonstop_mutation": "truncating",
    "translation_start_site": "truncating",
    "start_codon_snp": "truncating",
    "start_codon_del": "truncating",
    "start_codon_ins": "truncating",
    "stop_codon_del": "truncating",
    "stop_codon_ins": "truncating",
    "de_novo_start_outofframe": "truncating",
    "missense_mutation": "missense",
    "missense": "missense",
    "in_frame_del": "inframe",
    "in_frame_ins": "inframe",
    "splice_site": "splice",
    "splice_site_snp": "splice",
    "splice_site_del": "splice",
    "splice_site_ins": "splice",
    "5'flank": "promoter",
    "5_prime_flank": "promoter",
    "promoter": "promoter",
    "silent": "silent",
    "synonymous": "silent",
    # Sequence Ontology terms
    "stop_gained": "truncating",
    "stop_lost": "truncating",
    "start_lost": "truncating",
    "initiator_codon_variant": "truncating",
    "frameshift_variant": "truncating",
    "transcript_ablation": "truncating",
    "exon_loss_variant": "truncating",
    "missense_variant": "missense",
    "rare_amino_acid_variant": "missense",
    "inframe_insertion": "inframe",
    "inframe_deletion": "inframe",
    "conservative_inframe_insertion": "inframe",
    "conservative_inframe_deletion": "inframe",
    "disruptive_inframe_insertion": "inframe",
    "disruptive_inframe_deletion": "inframe",
    "protein_altering_variant": "inframe",
    "splice_donor_variant": "splice",
    "splice_acceptor_variant": "splice",
    "upstream_gene_variant": "promoter",
    "synonymous_variant": "silent",
    "stop_retained_variant": "silent",
    "start_retained_variant": "silent",
}
_GRAVEST_FIRST = (
    "fusion",
    "truncating",
    "splice",
    "missense",
    "inframe",
    "unknown",
    "silent",
    "promoter",
    "other",
)
_NONSYNONYMOUS = frozenset({"truncating", "missense", "inframe", "splice", "unknown"})


@lru_cache(maxsize=4096)
def impact_of(variant_classification: str) -> str:
    """The impact class, one of `IMPACTS`, of a variant's classification.

    Case and spaces do not matter. Where a predictor gives several consequences (`a&b`, `a,b`), the gravest
    counts: fusion, truncating, splice, missense, inframe, silent, promoter, other. Loss of the stop codon counts as
    truncating with loss of the start codon, because both usually abolish the protein. Splice regions outside
    the two canonical bases, introns and untranslated regions are "other", as are unknown words.

    Args:
        variant_classification: MAF `Variant_Classification`, or VEP/SnpEff consequence terms.
    """
    words = re.split(r"[&,;/+|]", variant_classification.strip().lower())
    found = {_TERMS.get(re.sub(r"[\s-]+", "_", word.strip()), "other") for word in words}
    return next(impact for impact in _GRAVEST_FIRST if impact in found)


def is_nonsynonymous(impact: str) -> bool:
    """Whether a variant of this impact counts towards the tumour mutational burden.

    Nonsynonymous here: missense, truncating (nonsense, frameshift, start or stop lost), in-frame insertion or
    deletion, and canonical splice site, in coding sequence; silent and non-coding calls do not count. This is
    the whole-exome definition of the Friends of Cancer Research TMB Harmonization Project (Merino et al.,
    J Immunother Cancer 2020, 8:e000147), with splice sites counted as cBioPortal's and maftools' nonsynonymous
    set does (Mayakonda et al., Genome Res 2018, 28:1747). An altered gene of unknown class counts: tables that
    give only altered or not list nonsynonymous calls.
    """
    return impact in _NONSYNONYMOUS


def alters_gene(impact: str) -> bool:
    """Whether a variant of this impact makes its gene an altered one: nonsynonymous, or part of a fusion."""
    return impact == "fusion" or is_nonsynonymous(impact)
