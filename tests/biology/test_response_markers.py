"""Markers of genes: damaging variants count, others do not; sequenced without one is 0, not unknown."""

from __future__ import annotations

import numpy as np
import pandas as pd

from tumorcast.biology.response_markers import LOSSES, mutation_markers

VARIANTS = pd.DataFrame(
    [
        ("A", "JAK1", "truncating"), ("A", "TTN", "missense"), ("B", "BRCA2", "splice"), ("B", "B2M", "missense"),
        ("B", "PTEN", "silent"), ("C", "STK11", "truncating"),
    ],
    columns=["sample_id", "gene", "impact"],
)  # fmt: skip


def test_markers_of_each_sequenced_sample():
    table = mutation_markers(VARIANTS, ["A", "B", "D"])
    assert table.index.tolist() == ["A", "B", "D"]
    assert table["antigen_presentation_loss"].tolist() == [1, 0, 0]
    assert table["recombination_loss"].tolist() == [0, 1, 0]
    assert table["pten_loss"].tolist() == [0, 0, 0]
    assert table["stk11_keap1_loss"].tolist() == [0, 0, 0]
    np.testing.assert_allclose(table["log_burden"], np.log1p([2, 2, 0]))


def test_no_gene_stands_in_two_markers():
    genes = [gene for own in LOSSES.values() for gene in own]
    assert len(genes) == len(set(genes))
