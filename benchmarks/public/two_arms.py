"""A randomised trial of two arms as tables: who was given what, what was known before, and its published figures.

Files of the form of Gandara et al. 2018 (Nat Med 24:1441; POPLAR, OAK); `*.CNSR` is 1 where censored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from poplar import CALLS, CLINICAL, HIGH_BURDEN, LEAST_ALTERED, alone, arm_of

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.interaction import hazard_ratio
from tumorcast.metrics.survival import kaplan_meier
from tumorcast.readers.importers.poplar import blood_burden
from tumorcast.readers.importers.tables import by_patient, read_source, told_notes
from tumorcast.readers.survival_times import check_order, check_survival

ENDPOINTS = ("PFS", "OS")
PUBLISHED = {
    "OS, all": "0.675 [0.511, 0.893]", "median OS": "12.55 and 9.72", "PFS, bTMB >= 16": "0.573 [0.33, 0.99]",
}  # fmt: skip
"""Of POPLAR (Fehrenbacher 2016, Gandara 2018)."""


@dataclass(frozen=True)
class Trial:
    """n patients, by id.

    Attributes:
        outcomes: PFS, OS (months), PFS.event, OS.event (1 or 0), NaN unknown.
        treated: [n] 1 or 0. burden: blood burden, NaN without blood variants.
        features: columns known before treatment, NaN unknown; `log_burden` first. genes: those that are altered genes.
    """

    outcomes: pd.DataFrame
    treated: np.ndarray
    burden: pd.Series
    features: pd.DataFrame
    genes: tuple[str, ...] = ()

    @property
    def is_sequenced(self) -> np.ndarray:
        return self.burden.notna().to_numpy()

    def arrays(self, endpoint: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(time, event, arm) of those followed; the others have time NaN."""
        columns = self.outcomes[endpoint], self.outcomes[f"{endpoint}.event"]
        return columns[0].to_numpy(float), columns[1].to_numpy(float), self.treated


def read_trial(
    clinical_file: Path, variants_file: Path | None, treated: str | None, least: float = LEAST_ALTERED
) -> Trial:
    """All randomised patients whose arm is known.

    Args:
        least: share of the patients in whom a gene must be altered to be a column.
    """
    report: list[Exclusion] = []
    needed = ("PtID", "TRT01P", *(f"{e}{end}" for e in ENDPOINTS for end in ("", ".CNSR")))
    rows = read_source(clinical_file, needed, report, unknown=(".",), text=("PtID",))
    clinical = by_patient(rows, "PtID", clinical_file)
    clinical = clinical[clinical["TRT01P"].notna()]
    outcomes = pd.DataFrame({
        **{e: clinical[e].where(clinical[e] > 0) for e in ENDPOINTS},
        **{f"{e}.event": 1 - clinical[f"{e}.CNSR"] for e in ENDPOINTS},
    })  # fmt: skip
    ids = clinical.index.tolist()
    for endpoint in ENDPOINTS:
        check_survival(endpoint, outcomes[endpoint], outcomes[f"{endpoint}.event"], ids)
    check_order(outcomes["PFS"], outcomes["OS"], ids)
    burden, genes = blood_of(clinical, variants_file, report, least)
    lacking = [name for name in CLINICAL if name not in clinical]
    if lacking:
        report.append(Exclusion("column", clinical_file.name, "absent", ", ".join(lacking)))
    told = pd.get_dummies(clinical[[name for name in CLINICAL if name in clinical]], dtype=float)
    parts = [np.log1p(burden).rename("log_burden"), told.dropna(axis=1, how="all"), genes]
    arm = clinical["TRT01P"].eq(arm_of(clinical["TRT01P"], treated)).to_numpy(float)
    for line in told_notes(report):
        print(line)
    return Trial(outcomes, arm, burden, pd.concat(parts, axis=1).astype(float), tuple(genes))


def blood_of(
    clinical: pd.DataFrame, file: Path | None, report: list[Exclusion], least: float
) -> tuple[pd.Series, pd.DataFrame]:
    """(burden, altered genes) by patient, NaN where blood was not evaluable; without variants the column `btmb`."""
    if file is None:
        if "btmb" not in clinical:
            raise InputError("no blood burden", expected="a table of variants, or a column `btmb`")
        report.append(Exclusion("table", "variants", "absent", "burden from the column btmb, no genes"))
        return pd.to_numeric(clinical["btmb"], errors="coerce"), pd.DataFrame(index=clinical.index)
    calls = read_source(file, CALLS, report, text=("PtID",))
    has = clinical.index.isin(calls["PtID"])
    if not has.any():
        raise InputError(
            "no patient of the clinical table has a variant", got=file.name, expected="same PtID"
        )
    evaluable = clinical["BEP"].eq("Y").to_numpy() if "BEP" in clinical else has
    burden = blood_burden(calls).reindex(clinical.index, fill_value=0).astype(float).where(evaluable)
    altered = calls[calls["effect"].ne("synonymous")]
    genes = pd.crosstab(altered["PtID"], altered["gene_name"]).clip(upper=1)
    genes = genes.reindex(clinical.index, fill_value=0).astype(float)
    genes = genes.where(pd.Series(evaluable, clinical.index), axis=0)
    return burden, genes.loc[:, genes.mean() >= least]


def shared(training: Trial, test: Trial) -> tuple[Trial, Trial]:
    """Both with the training trial's columns, less those that the test trial has not measured, which are told.

    A gene that is altered in no test patient, or a category that none has, is 0 there: who else is in the test trial
    changes no patient's prediction.
    """
    own = test.features.copy()
    has_genes = bool(test.genes)
    columns = {name.split("_")[0] for name in own if "_" in name and name not in test.genes}
    for name in training.features:
        if name in own:
            continue
        if name in training.genes and has_genes:
            own[name] = np.where(test.is_sequenced, 0.0, np.nan)
        elif name not in training.genes and "_" in name and name.split("_")[0] in columns:
            own[name] = 0.0
    kept = [name for name in training.features if name in own]
    lost = [name for name in training.features if name not in kept]
    if lost:
        print(f"left out of the model, absent from the test trial: {', '.join(lost)}")
    return replace(training, features=training.features[kept]), replace(test, features=own[kept])


def published(trial: Trial, beside: bool = True) -> dict[str, dict]:
    """Hazard ratios of the arms, medians, and by blood burden, printed beside POPLAR's own."""
    high = (trial.burden >= HIGH_BURDEN).to_numpy()
    made: dict[str, dict] = {}
    for endpoint in ENDPOINTS:
        time, event, arm = trial.arrays(endpoint)
        known = np.isfinite(time) & np.isfinite(event)
        groups = {"all": known, "bTMB >= 16": known & high, "bTMB < 16": known & trial.is_sequenced & ~high}
        for name, rows in groups.items():
            made[f"{endpoint}, {name}"] = {
                "hazard_ratio": hazard_ratio(time[rows], event[rows], arm[rows]).as_dict()
            }
        medians = [median(time[known & (arm == a)], event[known & (arm == a)]) for a in (1, 0)]
        made[f"median {endpoint}"] = {"treated": alone(medians[0]), "control": alone(medians[1])}
    for name, own in made.items():
        told = ", ".join(
            f"{what} {v['value']:.3f}"
            + (f" [{v['low']:.3f}, {v['high']:.3f}]" if np.isfinite(v["low"]) else "")
            for what, v in own.items()
        )
        print(
            f"{name}: {told}"
            + (f"   published (POPLAR) {PUBLISHED[name]}" if beside and name in PUBLISHED else "")
        )
    return made


def median(time: np.ndarray, event: np.ndarray) -> float:
    """Where the curve reaches a half; NaN where it does not."""
    curve = kaplan_meier(time, event.astype(bool))
    below = curve.survival <= 0.5 + 1e-9
    return float(curve.time_days[below][0]) if below.any() else float("nan")
