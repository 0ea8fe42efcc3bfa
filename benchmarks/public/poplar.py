"""POPLAR (randomised: atezolizumab or docetaxel in lung cancer): does a score say who gains from which?

    python benchmarks/public/poplar.py --clinical clinical.csv --variants btmb_variants.csv --out DIR
        [--treated MPDL3280A] [--permutations 200] [--endpoint PFS]

Files of the form of Gandara et al. 2018 (Nat Med 24:1441); `*.CNSR` is 1 where censored. Ours is an out-of-fold
score: in ten folds by patient, repeated, a ridge Cox model of arm, columns known before treatment (log of the blood
tumour mutational burden, clinical columns, altered genes) and their products with the arm; its penalty, and whether
the burden is shrunk less than the rest, are chosen on inner folds. The score is minus what the columns add to the log
hazard ratio of treatment. Beside it blood burden >= 16 as published, found in this very trial, and its
logarithm. Prints hazard ratios of treatment among low and high scores, the interaction with its interval, a p value by
permuting the arms with everything fitted again (one repeat of the folds), and which interaction this trial could have
found. Writes `predictions.csv` (`score`: higher gains more) and `metrics.json`.
"""

from __future__ import annotations

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, words_of

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.cox import cox_ridge
from tumorcast.evaluation.elastic_net import Outcome
from tumorcast.evaluation.interaction import hazard_ratio, interaction, power_of, smallest_found
from tumorcast.metrics.intervals import Interval
from tumorcast.readers.importers.poplar import blood_burden
from tumorcast.readers.importers.tables import by_patient, read_source, told_notes

OURS, CUT, BURDEN = "tumorcast", "bTMB >= 16", "log bTMB"
CLINICAL = ("BAGE", "SEX", "HIST", "ECOGGR", "PRIORTX", "TOBHX", "blSLD", "METSITES", "MSAF")
CALLS = ("PtID", "gene_name", "effect", "af", "omitted_driver_mutation")
GRID = tuple(product((10.0, 100.0, 1000.0), (1.0, 10.0)))
"""Penalties, and by what the burden is multiplied: its own penalty is smaller by the square."""
FOLDS, INNER_FOLDS, REPEATS, LEAST_ALTERED = 10, 5, 5, 0.05
HIGH_BURDEN = 16


def main() -> None:
    """Print what the trial says."""
    parser = words_of(__doc__)
    parser.add_argument("--clinical", type=Path, required=True)
    parser.add_argument("--variants", type=Path, required=True)
    parser.add_argument("--treated", help="arm in `TRT01P` [the one that is not Docetaxel]")
    parser.add_argument("--endpoint", default="PFS", choices=("PFS", "OS"))
    parser.add_argument("--permutations", type=int, default=200)
    words = parser.parse_args()
    table, features = read(words)
    time, event, arm = (table[name].to_numpy(float) for name in ("time", "event", "treated"))
    values = features.to_numpy(float)
    print(f"{len(table)} patients with blood variants, {int(event.sum())} events, {int(arm.sum())} treated; "
          f"{features.shape[1]} columns")  # fmt: skip
    overall = hazard_ratio(time, event, arm)
    print(f"hazard ratio of treatment, all: {shown(overall)}")
    scores = {OURS: np.mean([out_of_fold(values, time, event, arm, words.seed + n) for n in range(REPEATS)], axis=0),
              BURDEN: np.log1p(table["burden"].to_numpy(float)),
              CUT: (table["burden"] >= HIGH_BURDEN).to_numpy(float)}  # fmt: skip
    metrics = {"all patients": {"hazard_ratio": overall.as_dict()}}
    for name, score in scores.items():
        if np.ptp(score) == 0:
            print(f"{name}: the same in all patients, no interaction to estimate")
            continue
        metrics[name] = told(name, score, time, event, arm)
    if words.permutations and OURS in metrics:
        metrics[OURS]["permutation_p"] = alone(permuted(values, time, event, arm, words))
    rows = [pd.DataFrame({"patient_id": table.index, "model": m, "score": s, "treated": arm, "time_months": time,
                          "is_event": event}) for m, s in scores.items()]  # fmt: skip
    record("POPLAR", words, pd.concat(rows), metrics)


def read(words: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(time, event, treated, burden by patient; features by patient) of those with blood variants."""
    report: list[Exclusion] = []
    time, censored = words.endpoint, f"{words.endpoint}.CNSR"
    rows = read_source(
        words.clinical, ("PtID", "TRT01P", "BEP", time, censored), report, unknown=(".",), text=("PtID",)
    )
    clinical = by_patient(rows, "PtID", words.clinical)
    calls = read_source(words.variants, CALLS, report, text=("PtID",))
    treated = arm_of(clinical["TRT01P"], words.treated)
    is_sequenced = clinical["BEP"].eq("Y")
    is_followed = clinical[time].gt(0) & clinical[censored].isin([0, 1]) & clinical["TRT01P"].notna()
    own = clinical[is_sequenced & is_followed]
    if not own.index.isin(calls["PtID"]).any():
        raise InputError(
            "no patient of the clinical table has a variant",
            got=words.variants.name,
            expected="`PtID` of both",
        )
    burden = blood_burden(calls).reindex(own.index, fill_value=0)
    table = pd.DataFrame({"time": own[time], "event": 1 - own[censored], "treated": own["TRT01P"].eq(treated),
                          "burden": burden})  # fmt: skip
    told = (
        f"{int((~is_sequenced).sum())} without blood variants (BEP), "
        f"{int((is_sequenced & ~is_followed).sum())} without arm, {time} above 0, or {censored} 0 or 1"
    )
    report.append(Exclusion("patient", words.clinical.name, "left_out", told))
    lacking = [name for name in CLINICAL if name not in own]
    if lacking:
        report.append(Exclusion("column", words.clinical.name, "absent", ", ".join(lacking)))
    if "btmb" in own:
        told = f"{int(burden.eq(own['btmb']).sum())} of {len(own)} as published in the column btmb"
        report.append(Exclusion("feature", "blood burden", "counted", told))
    for line in told_notes(report):
        print(line)
    return table, features_of(own, calls, burden)


def arm_of(arms: pd.Series, wanted: str | None) -> str:
    """The treated arm: the one that was asked for, else the one that is not docetaxel."""
    known = sorted(arms.dropna().unique())
    others = [arm for arm in known if arm == wanted or (wanted is None and arm.lower() != "docetaxel")]
    if len(known) != 2 or len(others) != 1:
        raise InputError(
            "two arms are needed",
            got=", ".join(map(str, known)),
            expected=f"two in TRT01P, one of them {wanted or 'Docetaxel'}",
            fix="say --treated",
        )
    return str(others[0])


def features_of(own: pd.DataFrame, calls: pd.DataFrame, burden: pd.Series) -> pd.DataFrame:
    """patient x log burden (first), clinical columns, genes altered in enough patients; NaN unknown."""
    altered = calls[calls["PtID"].isin(own.index) & calls["effect"].ne("synonymous")]
    genes = pd.crosstab(altered["PtID"], altered["gene_name"]).clip(upper=1)
    genes = genes.reindex(own.index, fill_value=0)
    genes = genes.loc[:, genes.mean() >= LEAST_ALTERED]
    clinical = pd.get_dummies(own[[name for name in CLINICAL if name in own]], dtype=float)
    features = pd.concat(
        [np.log1p(burden).rename("log_burden"), clinical.dropna(axis=1, how="all"), genes], axis=1
    )
    return features.astype(float)


def out_of_fold(
    features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, seed: int
) -> np.ndarray:
    """[n] gain: minus `contrast` by models that had not seen the patient."""
    made = np.zeros(len(time))
    part = np.random.default_rng(seed).permutation(len(time)) % FOLDS
    for fold in range(FOLDS):
        rest = part != fold
        values = prepared(features, rest)
        penalty, burden = chosen(values[rest], time[rest], event[rest], arm[rest])
        beta = fitted(values[rest], time[rest], event[rest], arm[rest], penalty, burden)
        made[~rest] = -contrast(values[~rest], beta, burden)
    return made


def prepared(features: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Standardised by the training rows; their median where unknown, 0 where a column is constant there."""
    filled = np.where(np.isfinite(features), features, np.nanmedian(features[rest], axis=0))
    spread = filled[rest].std(axis=0)
    return (filled - filled[rest].mean(axis=0)) / np.where(spread > 1e-8, spread, np.inf)


def design(features: np.ndarray, arm: np.ndarray, burden: float) -> np.ndarray:
    """Arm (hardly shrunk), columns, and their products with the arm; the burden stands first."""
    centred = (arm - 0.5)[:, None]
    scaled = np.concatenate([burden * features[:, :1], features[:, 1:]], axis=1)
    return np.concatenate([10 * centred, scaled, scaled * centred], axis=1)


def fitted(
    features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, penalty: float, burden: float
) -> np.ndarray:
    """Coefficients of `design`."""
    return cox_ridge(design(features, arm, burden), time, event, penalty)


def contrast(features: np.ndarray, beta: np.ndarray, burden: float) -> np.ndarray:
    """[n] what the patient's columns add to the predicted log hazard ratio of treatment.

    The arm's own effect is left out: alike in all, but in each fold it errs against the patients left out.
    """
    products = beta[-features.shape[1] :].copy()
    products[0] *= burden
    return features @ products


def chosen(features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray) -> tuple[float, float]:
    """Of `GRID`, that of least held-out partial likelihood on inner folds."""
    part = np.arange(len(time)) % INNER_FOLDS
    losses = dict.fromkeys(GRID, 0.0)
    for (penalty, burden), k in product(GRID, range(INNER_FOLDS)):
        rest = part != k
        beta = fitted(features[rest], time[rest], event[rest], arm[rest], penalty, burden)
        risk = design(features[~rest], arm[~rest], burden) @ beta
        losses[penalty, burden] += Outcome(event[~rest], time[~rest]).loss(risk)
    return min(losses, key=lambda pair: losses[pair])


def told(name: str, score: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray) -> dict:
    """The score's interaction, printed."""
    found = interaction(time, event, arm, score)
    print(f"{name}: hazard ratio of treatment, high {shown(found.high_half)} ({found.high_count}), low "
          f"{shown(found.low_half)} ({len(score) - found.high_count})")  # fmt: skip
    print(
        f"  interaction (ratio of hazard ratios a standard deviation apart) {shown(found.ratio)}, p {found.p:.3f}"
    )
    least = smallest_found(found.error)
    print(f"  found with 80% power: {least:.2f}; power for 0.8 {power_of(0.8, found.error):.0%}, "
          f"for 0.65 {power_of(0.65, found.error):.0%}")  # fmt: skip
    return {
        "hazard_ratio_high": found.high_half.as_dict(),
        "hazard_ratio_low": found.low_half.as_dict(),
        "interaction": found.ratio.as_dict(),
        "interaction_p": alone(found.p),
        "found_with_80_percent_power": alone(least),
    }


def permuted(
    features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, words: argparse.Namespace
) -> float:
    """Share of permutations of the arms whose interaction, everything fitted again, is at least as strong; printed."""
    random = np.random.default_rng(words.seed)
    own = gain_z(features, time, event, arm, words.seed)
    others = [
        gain_z(features, time, event, random.permutation(arm), words.seed) for _ in range(words.permutations)
    ]
    p = (1 + sum(other >= own for other in others)) / (1 + words.permutations)
    print(f"{OURS}, one repeat: z of the interaction {own:.2f}; under {words.permutations} permutations of the arms "
          f"{np.mean(others):.2f} (standard deviation {np.std(others):.2f}), one-sided p {p:.3f}")  # fmt: skip
    return p


def gain_z(features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, seed: int) -> float:
    """Of an out-of-fold score: minus the log ratio over its standard error, positive where high scores gain."""
    found = interaction(time, event, arm, out_of_fold(features, time, event, arm, seed))
    return float(-np.log(found.ratio.value) / found.error)


def alone(value: float) -> dict[str, float]:
    """A value without an interval, as `metrics.json` has it."""
    return {"value": value, "low": np.nan, "high": np.nan}


def shown(told: Interval) -> str:
    """A ratio with its interval."""
    return f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]"


if __name__ == "__main__":
    guarded(main)
