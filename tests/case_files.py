"""Files of a made-up case that the toy model can use."""

from __future__ import annotations

import random

from tumorcast.biology.network import GeneNetwork

_SYMBOLS = ("CD8A", "GZMB", "PRF1", "CXCL9", "IFNG", "STAT1")
MAF = (
    b"Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tt_alt_count\tt_ref_count\n"
    b"TP53\tP-77\tMissense_Mutation\t30\t70\n"
    b"KRAS\tP-77\tMissense_Mutation\t20\t80\n"
)


def expression(patient: str = "P-77", n_genes: int | None = None) -> bytes:
    """A table of as many genes (None: of all that the embedded network has)."""
    chance = random.Random(1)
    genes = sorted({*_SYMBOLS, *GeneNetwork.embedded().genes})[:n_genes]
    rows = "".join(f"{gene}\t{chance.gammavariate(2, 2):.3f}\n" for gene in genes)
    return f"gene\t{patient}\n{rows}".encode()
