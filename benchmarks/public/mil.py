"""Multiple-instance classics: bags of instances, ten times ten-fold.

    python benchmarks/public/mil.py --bags musk1.csv.gz [elephant.csv.gz] --out DIR [--repeats 10]

Files without a header: label of the instance's bag (0/1 or -1/1), bag, features. A bag becomes mean, highest, lowest
and spread of its features; extra trees or ridge logistic regression, whichever has the higher AUROC on inner folds of
each training fold. Prints the mean AUROC over repeats and an interval over bags (out-of-fold probabilities averaged
over repeats) beside the plain reference (mean, highest and lowest, ridge logistic regression). Writes
`predictions.csv` and `metrics.json`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, words_of
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tumorcast.evaluation.scores import score_predictions
from tumorcast.metrics.discrimination import auroc

OURS, REFERENCE = "tumorcast", "mean, highest, lowest + ridge"


def main() -> None:
    """Print a table for each file."""
    parser = words_of(__doc__)
    parser.add_argument("--bags", type=Path, nargs="+", required=True)
    parser.add_argument("--repeats", type=int, default=10)
    words = parser.parse_args()
    tables, metrics = [], {}
    for path in words.bags:
        name = path.name.split(".")[0]
        names, values, label = read(path)
        without_spread = values[:, : 3 * values.shape[1] // 4]
        found = {
            OURS: repeated(values, label, words, chosen),
            REFERENCE: repeated(without_spread, label, words, ridge),
        }
        rows = [
            pd.DataFrame({"patient_id": names, "course_id": names, "fold": "all", "model": model, "label": label,
                          "probability": p.mean(axis=0), "table": name}) for model, p in found.items()
        ]  # fmt: skip
        tables.append(pd.concat(rows))
        metrics[name] = score_predictions(tables[-1], fused=OURS)
        print(f"{name}: {len(label)} bags, {int(label.sum())} positive")
        for model, p in found.items():
            each = [auroc(label, one) for one in p]
            interval = metrics[name][model]["auroc"]
            print(f"  {model:32s} {np.mean(each):.3f} over {len(each)} repeats; averaged {interval['value']:.3f} "
                  f"[{interval['low']:.3f}, {interval['high']:.3f}]", flush=True)  # fmt: skip
        less = metrics[name][f"{OURS}_minus_{REFERENCE}"]["auroc"]
        print(f"  difference {less['value']:+.3f} [{less['low']:+.3f}, {less['high']:+.3f}]", flush=True)
    record("multiple-instance classics", words, pd.concat(tables), metrics)


def read(path: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of bags; [n, 4 d] mean, highest, lowest, spread; [n] label."""
    table = pd.read_csv(path, header=None)
    label = table.groupby(1)[0].max()
    parts = [table.drop(columns=0).groupby(1).agg(how) for how in ("mean", "max", "min")]
    parts.append(table.drop(columns=0).groupby(1).std(ddof=0))
    values = np.concatenate([part.loc[label.index].to_numpy(float) for part in parts], axis=1)
    return [str(bag) for bag in label.index], values, (label.to_numpy() > 0).astype(float)


def ridge(values: np.ndarray, label: np.ndarray, seed: int):
    """The reference."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000)).fit(values, label)


def chosen(values: np.ndarray, label: np.ndarray, seed: int):
    """The better of extra trees and two ridges on inner folds."""
    candidates = [
        ExtraTreesClassifier(300, min_samples_leaf=2, random_state=seed),
        make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=3000)),
        make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=3000)),
    ]
    inner = StratifiedKFold(3, shuffle=True, random_state=seed)
    reached = []
    for candidate in candidates:
        held = cross_val_predict(clone(candidate), values, label, cv=inner, method="predict_proba")
        reached.append(auroc(label, held[:, 1]))
    return candidates[int(np.argmax(reached))].fit(values, label)


def repeated(values: np.ndarray, label: np.ndarray, words: argparse.Namespace, fit) -> np.ndarray:
    """[repeats, n] out-of-fold probabilities."""
    made = np.zeros((words.repeats, len(label)))
    for repeat in range(words.repeats):
        folds = StratifiedKFold(10, shuffle=True, random_state=words.seed + repeat)
        for training, test in folds.split(values, label):
            model = fit(values[training], label[training], words.seed + repeat)
            made[repeat, test] = model.predict_proba(values[test])[:, 1]
    return made


if __name__ == "__main__":
    guarded(main)
