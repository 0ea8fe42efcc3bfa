"""POPLAR (randomised: atezolizumab or docetaxel in lung cancer): does a score say who gains from which?

    python benchmarks/public/poplar.py --clinical clinical.csv --variants btmb_variants.csv --out DIR
        [--treated MPDL3280A] [--permutations 200] [--endpoint PFS]

Files of the form of Gandara et al. 2018 (Nat Med 24:1441); `*.CNSR` is 1 where censored. Ours is an out-of-fold
score: in ten folds by patient, repeated, a ridge Cox model of arm, columns known before treatment and their products
with the arm (blood tumour mutational burden, shrunk less than the rest for what is known of it; altered genes,
clinical columns), its penalty chosen on inner folds; the score is minus the log hazard ratio of treatment that it
predicts. Beside it blood burden >= 16 as published, and its logarithm. Prints hazard ratios of treatment among low
and high scores, the interaction with its interval, a p value by permuting the arms with everything fitted again, and
which interaction this trial could have found. Writes `predictions.csv` (`score`: higher gains more) and
`metrics.json`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, words_of

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.cox import cox_ridge
from tumorcast.evaluation.elastic_net import Outcome
from tumorcast.evaluation.interaction import hazard_ratio, interaction, power_of, smallest_found
from tumorcast.readers.importers.poplar import blood_burden

OURS, CUT, BURDEN = "tumorcast", "bTMB >= 16", "log bTMB"
CLINICAL = ("BAGE", "SEX", "HIST", "ECOGGR", "PRIORTX", "TOBHX", "blSLD", "METSITES", "MSAF")
PENALTIES = (10.0, 30.0, 100.0, 300.0, 1000.0)
FOLDS, REPEATS, LEAST_ALTERED = 10, 5, 12
HIGH_BURDEN = 16
PRIOR = 10.0
"""The burden's penalty is that of the others over the square of this."""


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
    time, event = table["time"].to_numpy(float), table["event"].to_numpy(float)
    arm = table["treated"].to_numpy(float)
    print(f"{len(table)} patients with blood variants, {int(event.sum())} events, {int(arm.sum())} treated; "
          f"{features.shape[1]} columns")  # fmt: skip
    overall = hazard_ratio(time, event, arm)
    print(f"hazard ratio of treatment, all: {shown(overall)}")
    scores = {OURS: out_of_fold(features.to_numpy(float), time, event, arm, words.seed, REPEATS),
              BURDEN: np.log1p(table["burden"].to_numpy(float)),
              CUT: (table["burden"] >= HIGH_BURDEN).to_numpy(float)}  # fmt: skip
    metrics = {"all patients": {"hazard_ratio": overall.as_dict()}}
    for name, score in scores.items():
        metrics[name] = told(name, score, time, event, arm)
    if words.permutations:
        p = permuted(features.to_numpy(float), time, event, arm, words)
        metrics[OURS]["permutation_p"] = {"value": p, "low": np.nan, "high": np.nan}
        print(f"{OURS}: p of the interaction by {words.permutations} permutations of the arms {p:.3f}")
    rows = [pd.DataFrame({"patient_id": table.index, "model": m, "score": s, "treated": arm, "time_months": time,
                          "is_event": event}) for m, s in scores.items()]  # fmt: skip
    record("POPLAR", words, pd.concat(rows), metrics)


def read(words: argparse.Namespace) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(time, event, treated, burden by patient; features by patient) of those with blood variants."""
    clinical = pd.read_csv(words.clinical, na_values=["."], dtype={"PtID": str}).set_index("PtID")
    time, censored = words.endpoint, f"{words.endpoint}.CNSR"
    missing = {time, censored, "TRT01P", "BEP", *CLINICAL} - set(clinical)
    if missing:
        raise InputError(
            f"{words.clinical.name} lacks columns", got=", ".join(sorted(missing)), expected="all of them"
        )
    arms = sorted(clinical["TRT01P"].dropna().unique())
    treated = words.treated or next((arm for arm in arms if arm.lower() != "docetaxel"), None)
    if treated not in arms or len(arms) != 2:
        raise InputError(
            "two arms are needed", got=", ".join(arms), expected=f"two, {words.treated or 'one Docetaxel'}"
        )
    own = clinical[clinical["BEP"].eq("Y") & clinical[time].notna() & clinical[censored].isin([0, 1])]
    calls = pd.read_csv(words.variants, dtype={"PtID": str})
    calls = calls[calls["PtID"].isin(own.index)]
    is_treated = own["TRT01P"].eq(treated).astype(float)
    burden = blood_burden(calls).reindex(own.index, fill_value=0)
    table = pd.DataFrame(
        {"time": own[time], "event": 1 - own[censored], "treated": is_treated, "burden": burden}
    )
    altered = calls[calls["effect"].ne("synonymous")].drop_duplicates(["PtID", "gene_name"])
    genes = pd.crosstab(altered["PtID"], altered["gene_name"]).reindex(own.index, fill_value=0)
    genes = genes.loc[:, genes.sum() >= LEAST_ALTERED]
    columns = (
        pd.get_dummies(own[list(CLINICAL)], dummy_na=False)
        .apply(pd.to_numeric, errors="coerce")
        .astype(float)
    )
    features = pd.concat([np.log1p(table["burden"]), columns, genes.astype(float)], axis=1)
    return table, features


def out_of_fold(
    features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, seed: int, repeats: int
) -> np.ndarray:
    """[n] gain: minus the log hazard ratio of treatment predicted by models that had not seen the patient."""
    made = np.zeros(len(time))
    for repeat in range(repeats):
        part = np.random.default_rng(seed + repeat).permutation(len(time)) % FOLDS
        for fold in range(FOLDS):
            rest = part != fold
            inside, outside = prepared(features, rest)
            penalty = chosen(inside[rest], time[rest], event[rest], arm[rest])
            beta = fitted(inside[rest], time[rest], event[rest], arm[rest], penalty)
            made[~rest] -= gain(outside[~rest], beta) / repeats
    return made


def prepared(features: np.ndarray, rest: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardised by the training rows; their median where unknown (twice, for reading)."""
    filled = np.where(np.isfinite(features), features, np.nanmedian(features[rest], axis=0))
    spread = filled[rest].std(axis=0)
    made = (filled - filled[rest].mean(axis=0)) / np.where(spread > 1e-8, spread, np.inf)
    made[:, 0] *= PRIOR
    return made, made


def design(features: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Arm (hardly shrunk), columns, and their products with the arm."""
    centred = (arm - 0.5)[:, None]
    return np.concatenate([10 * centred, features, features * centred], axis=1)


def fitted(
    features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, penalty: float
) -> np.ndarray:
    """Coefficients of `design`."""
    return cox_ridge(design(features, arm), time, event, penalty)


def gain(features: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Predicted log hazard ratio of treatment."""
    return design(features, np.ones(len(features))) @ beta - design(features, np.zeros(len(features))) @ beta


def chosen(features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray) -> float:
    """The penalty of least held-out partial likelihood on five inner folds."""
    part = np.arange(len(time)) % 5
    losses = []
    for penalty in PENALTIES:
        loss = 0.0
        for k in range(5):
            rest = part != k
            beta = fitted(features[rest], time[rest], event[rest], arm[rest], penalty)
            risk = design(features[~rest], arm[~rest]) @ beta
            loss += Outcome(event[~rest], time[~rest]).loss(risk)
        losses.append(loss)
    return PENALTIES[int(np.argmin(losses))]


def told(name: str, score: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray) -> dict:
    """The score's interaction, printed."""
    found = interaction(time, event, arm, score)
    high = score >= (0.5 if set(np.unique(score)) <= {0.0, 1.0} else np.median(score))
    halves = [hazard_ratio(time[part], event[part], arm[part]) for part in (high, ~high)]
    print(f"{name}: hazard ratio of treatment, high {shown(halves[0])} ({int(high.sum())}), low {shown(halves[1])} "
          f"({int((~high).sum())})")  # fmt: skip
    print(
        f"  interaction (ratio of hazard ratios a standard deviation apart) {shown(found.ratio)}, p {found.p:.3f}"
    )
    print(f"  found with 80% power: {smallest_found(found.error):.2f}; power for 0.8 {power_of(0.8, found.error):.0%}, "
          f"for 0.65 {power_of(0.65, found.error):.0%}")  # fmt: skip
    return {
        "hazard_ratio_high": halves[0].as_dict(),
        "hazard_ratio_low": halves[1].as_dict(),
        "interaction": found.ratio.as_dict(),
        "interaction_p": {"value": found.p, "low": np.nan, "high": np.nan},
        "found_with_80_percent_power": {"value": smallest_found(found.error), "low": np.nan, "high": np.nan},
    }


def permuted(
    features: np.ndarray, time: np.ndarray, event: np.ndarray, arm: np.ndarray, words: argparse.Namespace
) -> float:
    """Share of permutations of the arms whose interaction, everything fitted again, is at least as strong."""
    random = np.random.default_rng(words.seed)
    own = interaction(time, event, arm, out_of_fold(features, time, event, arm, words.seed, 1))
    reached = 0
    for number in range(words.permutations):
        other = random.permutation(arm)
        again = interaction(time, event, other, out_of_fold(features, time, event, other, words.seed, 1))
        reached += np.log(again.ratio.value) / again.error <= np.log(own.ratio.value) / own.error
        if number % 20 == 19:
            print(f"permutation {number + 1} of {words.permutations}", file=sys.stderr, flush=True)
    return (1 + reached) / (1 + words.permutations)


def shown(told) -> str:
    """A ratio with its interval."""
    return f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]"


if __name__ == "__main__":
    guarded(main)
