"""Made-up methylomes: betas that follow from the names of probe and sample, as tables of every layout."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from pathlib import Path
from zlib import crc32

import numpy as np
import pandas as pd

from tumorcast.biology.clocks.clock import embedded_reference, known_clocks


def shipped_probes() -> list[str]:
    """Every probe of the package's clocks."""
    return sorted({probe for clock in known_clocks().values() for probe in clock.probes})


def beta(probe: str, sample: int) -> float:
    """0 to 0.999, the same on every machine."""
    return crc32(f"{probe}:{sample}".encode()) % 1000 / 1000


def toy_betas(n_samples: int = 2, probes: Sequence[str] | None = None) -> pd.DataFrame:
    """probe x sample (S0, S1, ...)."""
    names = shipped_probes() if probes is None else list(probes)
    values = [[beta(probe, k) for k in range(n_samples)] for probe in names]
    return pd.DataFrame(values, index=names, columns=[f"S{k}" for k in range(n_samples)])


def toy_methylomes(n_samples: int = 2, probes: Sequence[str] | None = None) -> pd.DataFrame:
    """The same, a fifth of it added to four fifths of the medians of real arrays: ages of persons come out of them."""
    betas = toy_betas(n_samples, probes)
    medians = pd.Series(embedded_reference()).reindex(betas.index)
    return betas.mul(0.2).add(0.8 * medians, axis=0).round(4).where(medians.notna(), betas, axis=0)


def with_holes(betas: pd.DataFrame) -> pd.DataFrame:
    """Some probes missing in S0, some in half of six samples, some not in the table at all."""
    made = betas.copy()
    marks = {probe: crc32(probe.encode()) for probe in made.index}
    made.loc[[probe for probe, mark in marks.items() if mark % 7 == 0], "S0"] = np.nan
    made.loc[[probe for probe, mark in marks.items() if mark % 11 == 0], ["S0", "S1", "S2"]] = np.nan
    return made.drop([probe for probe, mark in marks.items() if mark % 13 == 0])


def write_betas(path: Path, betas: pd.DataFrame) -> Path:
    """Probes as rows; separated by what the name says, gzipped where it says so."""
    text = betas.to_csv(sep="," if ".csv" in path.name else "\t")
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text, encoding="utf-8")
    return path
