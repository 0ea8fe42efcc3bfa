"""Immunotherapy expression scores, leave one cohort out (the protocol and patients of the COMPASS collection).

    python benchmarks/public/compass.py --scores A.csv [B.csv] --labels clinical_label.csv --out DIR [--published P.csv]

Scores: patient x score, patient in the first column; labels: the same patients with `cohort` and `response_label` (R or
NR). Prints the mean AUROC over cohorts of our model (features, levels or ranks within the cohort, and penalty chosen
without the cohort), of ridge logistic regression on the levels of all scores, and of single scores; paired intervals
over patients. Writes `predictions.csv` and `metrics.json`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, words_of

from tumorcast.evaluation.cross_cohort import LEVELS, leave_cohort_out, mean_auroc
from tumorcast.metrics.discrimination import auroc

OURS, RIDGE = "tumorcast", "ridge on levels"


def main() -> None:
    """Print a table."""
    parser = words_of(__doc__)
    parser.add_argument("--scores", type=Path, nargs="+", required=True)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--published", type=Path, help="CSV method,test_cohort,ROC of other methods")
    parser.add_argument("--single", nargs="*", default=[], help="single scores to stand beside")
    words = parser.parse_args()
    labels = pd.read_csv(words.labels, index_col=0, low_memory=False)
    labels = labels[labels["response_label"].isin(["R", "NR"])]
    tables = {path.stem: pd.read_csv(path, index_col=0).select_dtypes("number").reindex(labels.index)
              for path in words.scores}  # fmt: skip
    everything = pd.concat(tables.values(), axis=1)
    if len(tables) > 1:
        tables["all"] = everything
    label = labels["response_label"].eq("R").to_numpy(float)
    cohort = labels["cohort"].astype(str).tolist()
    ours = leave_cohort_out(tables, label, cohort)
    ridge = leave_cohort_out({"all": everything}, label, cohort, forms=[LEVELS])
    scores = {OURS: ours.probability, RIDGE: ridge.probability}
    scores |= {
        name: everything[name].fillna(everything[name].median()).to_numpy(float) for name in words.single
    }
    metrics = mean_auroc(label, scores, cohort)
    told(label, scores, np.array(cohort), metrics, ours, words.published)
    who = {"patient_id": labels.index, "cohort": cohort, "label": label}
    rows = [pd.DataFrame({**who, "model": model, "probability": p}) for model, p in scores.items()]
    named = {name: {"mean_auroc": interval.as_dict()} for name, interval in metrics.items()}
    record("immunotherapy expression scores", words, pd.concat(rows), named)


def told(label, scores, cohort, metrics, ours, published: Path | None) -> None:
    """The tables."""
    print(f"{len(label)} patients, {int(label.sum())} responders, {len(set(cohort))} cohorts")
    for one in sorted(set(cohort)):
        rows = cohort == one
        cells = "  ".join(f"{model} {auroc(label[rows], p[rows]):.2f}" for model, p in scores.items())
        choice = ours.choices[one]
        print(
            f"  {one:12s} {rows.sum():4d}  {cells}  ({choice.features}, {choice.form}, C {choice.penalty:g})"
        )
    for name, interval in metrics.items():
        print(f"{name:36s} {interval.value:+.3f} [{interval.low:+.3f}, {interval.high:+.3f}]")
    if published:
        table = pd.read_csv(published)
        table = table[table["test_cohort"].isin(set(cohort))]
        means = table.groupby("method")["ROC"].agg(["mean", "count"]).sort_values("mean", ascending=False)
        for method, row in means[means["count"] >= len(set(cohort)) - 1].head(8).iterrows():
            print(f"published: {method:25s} {row['mean']:+.3f} over {int(row['count'])} cohorts")


if __name__ == "__main__":
    guarded(main)
