"""Exposures to mutational signatures: non-negative least squares on the 96 channels.

Signatures below 6% of a sample's fit are left out and the rest fitted again, and samples with fewer than 50
substitutions have none, as in deconstructSigs (Rosenthal et al., Genome Biol 2016, 17:31). The signatures are the
user's file from COSMIC, whose licence does not let them be embedded.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from tumorcast.biology.sbs96 import CHANNELS
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

LEAST_SUBSTITUTIONS = 50
_LEAST_SHARE = 0.06
_CHANNEL_COLUMNS = ("Type", "Somatic Mutation Type", "MutationType", "MutationsType")
_NOT_SIGNATURES = ("Substitution Type", "Trinucleotide", "SubType")
_SUM_TOLERANCE = 0.01


@dataclass(frozen=True)
class Exposures:
    """Attributes:
    share: sample x signature, of the sample's substitutions; NaN with too few.
    low, high: 95% interval over resampled substitutions.
    similarity: cosine of the catalogue and its reconstruction, a sample.
    """

    share: pd.DataFrame
    low: pd.DataFrame
    high: pd.DataFrame
    similarity: pd.Series


def read_signatures(path: Path) -> pd.DataFrame:
    """channel x signature shares, channels in the order of `CHANNELS`; COSMIC's files of v2 and v3.

    Raises:
        InputError: not there, a channel is missing, or a signature does not sum to 1.
    """
    if not path.is_file():
        raise InputError(
            "no file of signatures", got=path, expected="COSMIC's SBS signatures, tab-separated text"
        )
    table = pd.read_csv(path, sep="," if path.suffix == ".csv" else "\t")
    column = next((name for name in _CHANNEL_COLUMNS if name in table), str(table.columns[0]))
    table = table.set_index(column).drop(columns=[c for c in _NOT_SIGNATURES if c in table])
    table = table.dropna(axis=1, how="all")
    missing = [name for name in CHANNELS if name not in table.index]
    if missing:
        raise InputError(
            f"{path.name} lacks channels of single base substitutions", got=", ".join(map(str, table.index[:4])),
            expected=f"96 rows such as {CHANNELS[0]}",
        )  # fmt: skip
    numbers = table.loc[list(CHANNELS)].apply(pd.to_numeric, errors="coerce")
    sums = numbers.sum()
    if numbers.isna().any(axis=None) or ((sums - 1).abs() > _SUM_TOLERANCE).any():
        wrong = sums[(sums - 1).abs() > _SUM_TOLERANCE]
        raise InputError(
            f"{path.name}: signatures must sum to 1",
            got=", ".join(f"{name} {value:.3g}" for name, value in wrong.items())
            or "values that are no numbers",
        )
    return numbers


def exposures(
    catalogue: pd.DataFrame,
    signatures: pd.DataFrame,
    report: list[Exclusion],
    n_bootstrap: int = 200,
    seed: int = 0,
) -> Exposures:
    """Shares of the signatures in each sample, with intervals.

    Args:
        catalogue: sample x `CHANNELS` counts. signatures: `read_signatures`.
    """
    profile = signatures.to_numpy(float)
    random = np.random.default_rng(seed)
    shape = (len(catalogue), profile.shape[1])
    share, low, high = (np.full(shape, np.nan) for _ in range(3))
    similarity = np.full(len(catalogue), np.nan)
    counts = catalogue[list(CHANNELS)].to_numpy(float)
    for i, row in enumerate(counts):
        total = int(row.sum())
        if total < LEAST_SUBSTITUTIONS:
            continue
        share[i] = _fit(profile, row)
        drawn = random.multinomial(total, row / total, n_bootstrap)
        low[i], high[i] = np.percentile([_fit(profile, one) for one in drawn], [2.5, 97.5], axis=0)
        made = profile @ share[i]
        similarity[i] = made @ row / (np.linalg.norm(made) * np.linalg.norm(row) or 1)
    n_few = int((counts.sum(axis=1) < LEAST_SUBSTITUTIONS).sum())
    if n_few:
        told = f"{n_few} of {len(catalogue)} samples have fewer than {LEAST_SUBSTITUTIONS} substitutions: no exposures"
        report.append(Exclusion("layer", "mutational_signatures", "too_few_substitutions", told))

    def table(values: np.ndarray) -> pd.DataFrame:
        return pd.DataFrame(values, catalogue.index, signatures.columns)

    return Exposures(table(share), table(low), table(high), pd.Series(similarity, catalogue.index))


def _fit(profile: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[signatures] shares, those under 6% of the sample's substitutions left out one fit after the other."""
    target = counts / counts.sum()
    kept = np.ones(profile.shape[1], bool)
    while kept.any():
        weights = np.zeros(profile.shape[1])
        weights[kept] = nnls(profile[:, kept], target)[0]
        small = kept & (weights < _LEAST_SHARE)
        if not small.any():
            return weights
        kept &= ~small
    return np.zeros(profile.shape[1])
