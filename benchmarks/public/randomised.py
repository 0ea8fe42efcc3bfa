"""A randomised trial of two arms: its published figures, and what a predicted benefit is worth as a rule of treatment.

    python benchmarks/public/randomised.py --clinical clinical.csv --variants btmb_variants.csv --out DIR
        [--test-clinical CSV --test-variants CSV] [--endpoint OS] [--horizon 12] [--treated ARM] [--permutations 50]

Files of the form of Gandara et al. 2018 (POPLAR, OAK). The predicted benefit is months without the event up to the
horizon, treated less control: ridge Cox regression of arm, columns known before treatment and their products
(`poplar.py`), its contrast put through the training trial's baseline hazard. On the training trial every patient is
predicted by models of the other folds; a test trial is predicted by one model of the whole training trial, of the
columns that both measure, and nothing is chosen on it. Beside it blood burden alone, and the same benefit for all. The
value of "treat where the benefit is above 0" against treating all and none is doubly robust, at the trial's known
chances. Out of fold, rankings are judged on the benefit less its fold's mean: the arm's own effect, alike in all, errs
in each fold against the patients left out. Writes `predictions.csv` (`patient_id,predicted_benefit,model`) and
`metrics.json`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from poplar import FOLDS, alone, chosen, design, fitted, shown
from record import guarded, record, words_of, write_predictions
from two_arms import ENDPOINTS, Trial, published, read_trial, shared

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.baseline_hazard import BaselineHazard
from tumorcast.evaluation.causal.matched_benefit import c_for_benefit_interval
from tumorcast.evaluation.causal.uplift import autoc, autoc_interval, permutation_p
from tumorcast.evaluation.causal.values import (
    Scores,
    doubly_robust_scores,
    policy_difference,
    policy_value,
    restricted_outcome,
)
from tumorcast.evaluation.interaction import interaction

OURS, BURDEN, CONSTANT = "tumorcast", "bTMB", "constant"
REPEATS = 5
_ALIKE = 1e-9


def main() -> None:
    """Print what the trial says."""
    parser = words_of(__doc__)
    parser.add_argument("--clinical", type=Path, required=True)
    parser.add_argument("--variants", type=Path, required=True)
    parser.add_argument("--test-clinical", type=Path)
    parser.add_argument("--test-variants", type=Path)
    parser.add_argument("--treated", help="arm in `TRT01P` [the one that is not Docetaxel]")
    parser.add_argument("--endpoint", default="OS", choices=ENDPOINTS, help="of the predicted benefit")
    parser.add_argument("--horizon", type=float, default=12.0, help="months (12)")
    parser.add_argument("--permutations", type=int, default=50, help="of the arms, fitted anew (50)")
    words = parser.parse_args()
    training = read_trial(words.clinical, words.variants, words.treated)
    metrics: dict[str, dict] = {"training trial": published(training)}
    judged, where = training, "training trial, out of fold"
    if words.test_clinical is not None:
        judged = read_trial(words.test_clinical, words.test_variants, words.treated, least=0.0)
        where = "test trial"
        metrics["test trial"] = published(judged, beside=False)
        training, judged = shared(training, judged)
        made = {name: predicted(training, judged, words, name) for name in (OURS, BURDEN, CONSTANT)}
        ranked = made
    else:
        both = {name: out_of_fold(training, words, name) for name in (OURS, BURDEN, CONSTANT)}
        made, ranked = ({name: pair[k] for name, pair in both.items()} for k in (0, 1))
    rows = [
        pd.DataFrame({"patient_id": judged.features.index, "predicted_benefit": benefit, "model": name})
        for name, benefit in made.items()
    ]
    write_predictions(words.out, pd.concat(rows))
    for endpoint in ENDPOINTS:
        try:
            metrics[f"{where}, {endpoint}"] = judged_by(judged, made, ranked, endpoint, words)
        except InputError as error:
            print(f"\n{endpoint}: not judged: {error}")
    if words.test_clinical is None and words.permutations:
        metrics["arms permuted"] = {OURS: {"autoc_p": alone(permuted(training, words))}}
    record("randomised", words, pd.concat(rows), metrics)


def out_of_fold(
    trial: Trial, words: argparse.Namespace, name: str, repeats: int = REPEATS
) -> tuple[np.ndarray, np.ndarray]:
    """([n] months of benefit by models of the other folds, [n] the same less the fold's mean), mean of the repeats."""
    made = np.zeros((2, repeats, len(trial.treated)))
    for repeat in range(repeats):
        part = np.random.default_rng(words.seed + repeat).permutation(len(trial.treated)) % FOLDS
        for fold in range(FOLDS):
            own = benefit(trial, part != fold, trial.features[part == fold], words, name)
            made[:, repeat, part == fold] = own, own - own.mean()
    whole, ranking = made.mean(axis=1)
    return whole, ranking


def predicted(training: Trial, test: Trial, words: argparse.Namespace, name: str) -> np.ndarray:
    """[n test] months of benefit by one model of the training trial."""
    return benefit(training, np.ones(len(training.treated), bool), test.features, words, name)


def benefit(
    trial: Trial, rest: np.ndarray, features: pd.DataFrame, words: argparse.Namespace, name: str
) -> np.ndarray:
    """[m] months without the event up to the horizon, treated less control, of patients with these features."""
    time, event, arm = trial.arrays(words.endpoint)
    rest = rest & np.isfinite(time) & np.isfinite(event)
    time, event, arm = time[rest], event[rest], arm[rest]
    columns = {OURS: list(features), BURDEN: ["log_burden"], CONSTANT: []}[name]
    own, other = standardised(trial.features[columns][rest], features[columns])
    if name == CONSTANT:
        own, other = np.zeros((len(own), 1)), np.zeros((len(other), 1))
    penalty, burden = chosen(own, time, event, arm) if name == OURS else (1.0, 1.0)
    beta = fitted(own, time, event, arm, penalty, burden)
    risks = [risk_of(other, np.full(len(other), a), beta, burden) for a in (1.0, 0.0)]
    base = BaselineHazard.fit(time, event, risk_of(own, arm, beta, burden))
    treated, control = (base.restricted_mean(risk, words.horizon) for risk in risks)
    return treated - control


def risk_of(values: np.ndarray, arm: np.ndarray, beta: np.ndarray, burden: float) -> np.ndarray:
    """[n] log hazard, as `poplar.design` has it."""
    return np.asarray(design(values, arm, burden) @ beta)


def standardised(own: pd.DataFrame, other: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Both by the training rows' mean and spread; 0 where unknown or constant."""
    centre, spread = own.mean(), own.std(ddof=0)
    scale = spread.where(spread > 1e-8, np.inf)
    first, second = (((t - centre) / scale).fillna(0.0).to_numpy(float) for t in (own, other))
    return first, second


def judged_by(
    trial: Trial,
    made: dict[str, np.ndarray],
    ranked: dict[str, np.ndarray],
    endpoint: str,
    words: argparse.Namespace,
) -> dict[str, dict]:
    """Each model's rule (of `made`) and ranking (of `ranked`) on patients with blood variants, printed."""
    time, event, _ = trial.arrays(endpoint)
    rows = np.isfinite(time) & np.isfinite(event) & trial.is_sequenced
    scores = gains(trial, rows, endpoint, words)
    gain = scores.values[:, 1] - scores.values[:, 0]
    told: dict[str, dict] = {}
    print(f"\n{endpoint}, {int(rows.sum())} patients with blood variants, months of {words.horizon:g}:")
    for name, everyone in made.items():
        own = everyone[rows]
        rule = (own > 0).astype(int)
        value = policy_value(scores, rule).estimate
        to_all = policy_difference(scores, rule, np.ones_like(rule)).estimate
        to_none = policy_difference(scores, rule, np.zeros_like(rule)).estimate
        told[name] = {
            "share_treated": alone(float(rule.mean())), "policy_value": value.as_dict(),
            "policy_minus_all": to_all.as_dict(), "policy_minus_none": to_none.as_dict(),
        }  # fmt: skip
        print(f"  {name}: treats {rule.mean():.0%}, value {shown(value)}, to all {shown(to_all)}, to none "
              f"{shown(to_none)}")  # fmt: skip
        own = ranked[name][rows]
        if np.ptp(own) > _ALIKE:
            area, p = autoc_interval(gain, own, seed=words.seed), permutation_p(gain, own, seed=words.seed)
            found = interaction(time[rows], event[rows], trial.treated[rows], own)
            kept = np.where(scores.weight > 0, scores.observed, np.nan)
            matched = c_for_benefit_interval(kept, trial.treated[rows], own, seed=words.seed)
            told[name] |= {"c_for_benefit": matched.as_dict()}
            print(f"    c-for-benefit {shown(matched)}")
            told[name] |= {"autoc": area.as_dict(), "autoc_p": alone(p), "interaction": found.ratio.as_dict()}
            print(f"    AUTOC {shown(area)}, p by shuffled ranking {p:.3f}; interaction {shown(found.ratio)}")
    return told


def gains(trial: Trial, rows: np.ndarray, endpoint: str, words: argparse.Namespace) -> Scores:
    """Doubly robust scores of control (0) and treatment (1), at the trial's shares."""
    time, event, arm = (values[rows] for values in trial.arrays(endpoint))
    given = ["1 treated" if one else "0 control" for one in arm]
    outcome, weight = restricted_outcome(time, event, given, words.horizon)
    chances = np.tile([1 - arm.mean(), arm.mean()], (len(arm), 1))
    table = trial.features[rows]
    ids = [str(name) for name in table.index]
    return doubly_robust_scores(table, given, ids, outcome, weight, chances, seed=words.seed)


def permuted(trial: Trial, words: argparse.Namespace) -> float:
    """One-sided p of the area: arms shuffled, everything fitted anew (one repeat)."""
    random = np.random.default_rng(words.seed)

    def area(of: Trial) -> float:
        time, event, _ = of.arrays(words.endpoint)
        rows = np.isfinite(time) & np.isfinite(event) & of.is_sequenced
        scores = gains(of, rows, words.endpoint, words)
        return autoc(scores.values[:, 1] - scores.values[:, 0], out_of_fold(of, words, OURS, 1)[1][rows])

    found = area(trial)
    others = [
        area(replace(trial, treated=random.permutation(trial.treated))) for _ in range(words.permutations)
    ]
    p = (1 + sum(other >= found for other in others)) / (1 + words.permutations)
    print(f"{OURS}, one repeat: AUTOC {found:.2f}; under {words.permutations} permutations of the arms "
          f"{np.mean(others):.2f} (standard deviation {np.std(others):.2f}), one-sided p {p:.3f}")  # fmt: skip
    return float(p)


if __name__ == "__main__":
    guarded(main)
