"""Copy number of genes from segments: log2 ratios, and levels of loss and gain.

Levels from copies of both alleles follow the rule of COSMIC's copy-number data (Tate et al., Nucleic Acids Res 2019,
47:D941): amplified with at least 5 copies where the tumour's mean ploidy is up to 2.7, at least 9 above; lost
altogether with no copy, or with fewer than ploidy - 2.7 copies above. Between them, more or fewer copies than the
rounded ploidy are gains and losses.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

_HIGH_PLOIDY = 2.7
_AMPLIFIED, _AMPLIFIED_HIGH = 5, 9
_LEAST_COPIES = 0.01


def gene_log2(segments: pd.DataFrame, places: pd.DataFrame) -> pd.Series:
    """log2(copies / ploidy) or the segments' own log2 ratio, mean over each gene's bases; NaN where no segment lies.

    Args:
        segments: of one tumour: chromosome, start, end, log2, major, minor.
        places: index gene; chromosome, start, end.
    """
    total = segments["major"] + segments["minor"]
    size = (segments["end"] - segments["start"]).where(total.notna(), 0)
    ploidy = float((total.fillna(0) * size).sum() / size.sum()) if size.sum() > 0 else np.nan
    ratio = pd.Series(np.log2(np.maximum(total, _LEAST_COPIES) / ploidy), segments.index)
    return _over_genes(segments, segments["log2"].fillna(ratio), places)


def gene_levels(segments: pd.DataFrame, places: pd.DataFrame) -> pd.Series:
    """Levels -2..2 of each gene by COSMIC's rule; the most extreme segment that touches the gene counts.

    All NaN without copies of both alleles.
    """
    total = (segments["major"] + segments["minor"]).to_numpy(float)
    size = np.where(np.isfinite(total), (segments["end"] - segments["start"]).to_numpy(float), 0)
    if not size.sum():
        return pd.Series(np.nan, index=places.index)
    ploidy = float(np.average(np.nan_to_num(total), weights=size))
    levels = np.sign(total - np.round(ploidy))
    is_high = ploidy > _HIGH_PLOIDY
    levels = np.where(total >= (_AMPLIFIED_HIGH if is_high else _AMPLIFIED), 2, levels)
    levels = np.where(total < ploidy - _HIGH_PLOIDY if is_high else total == 0, -2, levels)
    levels = np.where(np.isfinite(total), levels, np.nan)
    return _extreme_over_genes(segments, levels, places)


def _overlaps(segments: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """One row a gene and a segment that share bases: gene, segment (row), bases."""
    found = []
    rows = segments.reset_index(drop=True)
    for chromosome, genes in places.groupby("chromosome"):
        part = rows[rows["chromosome"] == chromosome]
        start = np.maximum.outer(genes["start"].to_numpy(float), part["start"].to_numpy(float))
        end = np.minimum.outer(genes["end"].to_numpy(float), part["end"].to_numpy(float))
        gene, segment = np.nonzero(end >= start)
        found.append(
            pd.DataFrame(
                {
                    "gene": genes.index.to_numpy()[gene],
                    "segment": part.index.to_numpy()[segment],
                    "bases": (end - start)[gene, segment] + 1,
                }
            )
        )
    return (
        pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["gene", "segment", "bases"])
    )


def _over_genes(segments: pd.DataFrame, values: pd.Series, places: pd.DataFrame) -> pd.Series:
    shared = _overlaps(segments, places)
    value = values.to_numpy(float)[shared["segment"].to_numpy(int)]
    shared = shared.assign(weighted=value * shared["bases"])[np.isfinite(value)]
    sums = shared.groupby("gene")[["weighted", "bases"]].sum()
    return (sums["weighted"] / sums["bases"]).reindex(places.index).astype(float)


def _extreme_over_genes(segments: pd.DataFrame, levels: np.ndarray, places: pd.DataFrame) -> pd.Series:
    shared = _overlaps(segments, places)
    shared["level"] = levels[shared["segment"].to_numpy(int)]
    shared = shared.dropna(subset="level")
    order = shared["level"].abs().sort_values(kind="stable").index
    return shared.loc[order].groupby("gene")["level"].last().reindex(places.index).astype(float)
