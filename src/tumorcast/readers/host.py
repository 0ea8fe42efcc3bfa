"""`Host`: what a study says of its patients' own genome, methylome and habits."""

from __future__ import annotations

from dataclasses import dataclass, field, fields

import pandas as pd

SAMPLE_COLUMNS = ("patient_id", "sample_id", "day", "is_tissue")
PHARMACOGENE_COLUMNS = (*SAMPLE_COLUMNS, "gene", "diplotype", "activity_score", "phenotype", "note")
SCORE_COLUMNS = (*SAMPLE_COLUMNS, "score", "sum", "match_rate", "weight_coverage", "z")
CLOCK_COLUMNS = (*SAMPLE_COLUMNS, "clock", "value", "unit", "coverage", "imputed")
YEARS = "years"
"""Unit of the clocks that say an age."""
EXPOSURE_COLUMNS = (
    "patient_id", "day", "stop_day", "exposure", "value", "text", "source", "is_before",
)  # fmt: skip


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame(columns=list(columns))


@dataclass(frozen=True)
class Host:
    """Four tables, each empty where the study lacks it. `day` is on the study's clock, NaN not known; `is_tissue`: the
    sample may be of a tumour, for nothing declares it to be the host's (`readers.host_links.sample_links`).

    Attributes:
        pharmacogenes: `PHARMACOGENE_COLUMNS`, one row a sample and gene; activity_score NaN where there is none.
        polygenic_scores: `SCORE_COLUMNS`, one row a sample and score; `sum` and `z` (adjusted for ancestry) NaN where
            the score was refused or not adjusted.
        clocks: `CLOCK_COLUMNS`, one row a sample and clock, counter or component; value NaN where refused, `unit`
            `YEARS` where it is an age.
        exposures: `EXPOSURE_COLUMNS` (`readers.exposures`), one row a statement.
    """

    pharmacogenes: pd.DataFrame = field(default_factory=lambda: _empty(PHARMACOGENE_COLUMNS))
    polygenic_scores: pd.DataFrame = field(default_factory=lambda: _empty(SCORE_COLUMNS))
    clocks: pd.DataFrame = field(default_factory=lambda: _empty(CLOCK_COLUMNS))
    exposures: pd.DataFrame = field(default_factory=lambda: _empty(EXPOSURE_COLUMNS))

    def keep(self, patients: set[str]) -> Host:
        """Of these patients alone."""
        own = {one.name: getattr(self, one.name) for one in fields(self)}
        return Host(
            **{name: t[t["patient_id"].isin(patients)].reset_index(drop=True) for name, t in own.items()}
        )
