"""LORIS clinical immunotherapy cohorts: everything chosen on the training table, each test table scored once.

    python benchmarks/public/loris.py --train Chowell_train.csv --test Chowell_test.csv [MORE.csv] --out DIR [--seed 0]

Prints AUROC, AUPRC and Brier with patient-bootstrap intervals for our model, the published formula (Chang et al. 2024,
Nat Cancer 5:1158), TMB and, on the training table, nested cross-validation; differences are paired. Writes
`predictions.csv` and `metrics.json`. How often a test table was scored is kept in DIR/looked_at.json.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, tell, words_of
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from tumorcast.evaluation.scores import score_predictions
from tumorcast.evaluation.tabular import fit_tabular

COLUMNS = (
    "TMB", "Systemic_therapy_history", "Albumin", "CancerType", "NLR", "Age", "FCNA", "Drug", "Sex", "MSI", "Stage",
    "HLA_LOH", "HED", "Platelets", "HGB", "BMI",
)  # fmt: skip
PUBLISHED_COLUMNS = 6
FORMULA = {"TMB": (0.0371, 50), "Systemic_therapy_history": (-0.8775, 1), "Albumin": (0.5382, 9), "NLR": (-0.033, 25),
           "Age": (0.0049, 85)}  # fmt: skip
INTERCEPT = -2.0886
CANCERS = {
    "Bladder": -0.3323, "Breast": -0.3323, "Colorectal": -0.102, "Endometrial": -0.0079, "Esophageal": 0.55,
    "Gastric": 0.2306, "Head & Neck": 0.0678, "Hepatobiliary": -0.1189, "Melanoma": -0.0086, "Mesothelioma": 0.1255,
    "NSCLC": 0.0008, "Ovarian": -0.052, "Pancreatic": -1.1169, "Renal": 0.5451, "Sarcoma": 0.0542, "SCLC": -0.0033,
}  # fmt: skip
OURS, PUBLISHED, BURDEN = "tumorcast", "published LORIS", "TMB"


def main() -> None:
    """Print a table for each file."""
    parser = words_of(__doc__)
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument(
        "--repeats", type=int, default=3, help="of the nested cross-validation on the training table"
    )
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    training = read(words.train)
    tables = [nested(training, words.train.stem, words.repeats, words.seed)]
    model = Model(training, words.seed)
    for part in model.parts:
        losses = ", ".join(f"{name} {value:.4f}" for name, value in part.inner_loss.items())
        print(f"used: {part.chosen}; log loss on inner folds: {losses}")
    for path in words.test:
        table = read(path)
        known = [name for name in training if name in table and table[name].notna().any()]
        lost = [name for name in COLUMNS if name in training and name not in known]
        if lost:
            print(f"{path.name} lacks {', '.join(lost)}: fitted on the other columns")
        own = Model(training[known], words.seed) if lost else model
        tables.append(predicted(table, path.stem, {OURS: own.predict(table), **others(training, table)}))
        count_look(words.out / "looked_at.json", path, words)
    predictions = pd.concat(tables, ignore_index=True)
    metrics = {str(name): told(str(name), rows) for name, rows in predictions.groupby("table", sort=False)}
    record("LORIS", words, predictions, metrics)


def read(path: Path) -> pd.DataFrame:
    """Rows with a known response; columns that the file lacks are unknown."""
    table = pd.read_csv(path)
    table["patient_id"] = path.stem + "-" + table["SAMPLE_ID"].astype(str)
    return table[table["Response"].notna()].reset_index(drop=True)


class Model:
    """Ours: the mean of a model of all columns and one of those of the published score, which drift less."""

    def __init__(self, table: pd.DataFrame, seed: int) -> None:
        columns = [name for name in COLUMNS if name in table]
        published = [name for name in columns if name in COLUMNS[:PUBLISHED_COLUMNS]]
        label, patients = table["Response"].to_numpy(float), table["patient_id"].to_numpy()
        self.parts = [fit_tabular(worded(table[own]), label, patients, seed) for own in (columns, published)]

    def predict(self, table: pd.DataFrame) -> np.ndarray:
        """[n] probability of response."""
        return np.mean([part.predict(worded(table)) for part in self.parts], axis=0)


def worded(table: pd.DataFrame) -> pd.DataFrame:
    """Codes of drugs are words."""
    return table.assign(Drug=table["Drug"].astype(str)) if "Drug" in table else table


def others(training: pd.DataFrame, table: pd.DataFrame) -> dict[str, np.ndarray]:
    """The published formula as it stands, and TMB as a logistic regression of the training table."""
    burden = LogisticRegression().fit(np.log1p(training[["TMB"]].to_numpy()), training["Response"])
    line = sum(weight * table[name].clip(upper=most) for name, (weight, most) in FORMULA.items())
    line = (line + table["CancerType"].map(CANCERS) + INTERCEPT).to_numpy(float)
    return {
        PUBLISHED: 1 / (1 + np.exp(-line)),
        BURDEN: burden.predict_proba(np.log1p(table[["TMB"]].to_numpy()))[:, 1],
    }


def nested(table: pd.DataFrame, name: str, repeats: int, seed: int) -> pd.DataFrame:
    """Nested cross-validation: mean over repeats of the probability that each patient got when left out."""
    label = table["Response"].to_numpy(int)
    ours, burden = np.zeros(len(table)), np.zeros(len(table))
    for repeat in range(repeats):
        for training, test in StratifiedKFold(5, shuffle=True, random_state=seed + repeat).split(
            table, label
        ):
            inside, outside = table.iloc[training], table.iloc[test]
            ours[test] += Model(inside, seed + repeat).predict(outside) / repeats
            burden[test] += others(inside, outside)[BURDEN] / repeats
    formula = others(table, table)[PUBLISHED]
    return predicted(table, f"{name} (nested)", {OURS: ours, PUBLISHED: formula, BURDEN: burden})


def predicted(table: pd.DataFrame, name: str, models: dict[str, np.ndarray]) -> pd.DataFrame:
    """Rows of `predictions.csv`."""
    who = {"patient_id": table["patient_id"], "course_id": table["patient_id"], "fold": "test", "table": name}
    rows = [
        pd.DataFrame({**who, "model": model, "label": table["Response"], "probability": probability})
        for model, probability in models.items()
    ]
    return pd.concat(rows)


def told(name: str, rows: pd.DataFrame) -> dict:
    """Scores of a table, printed."""
    scored = score_predictions(rows, fused=OURS)
    n = rows["patient_id"].nunique()
    print(f"\n{name}: {n} patients, {int(rows.drop_duplicates('patient_id')['label'].sum())} responders")
    tell(scored)
    return scored


def count_look(path: Path, test: Path, words: argparse.Namespace) -> None:
    """One more look at a test table."""
    seen = json.loads(path.read_text()) if path.is_file() else {}
    key = hashlib.sha256(test.read_bytes()).hexdigest()[:16]
    seen[key] = {"table": test.name, "looks": seen.get(key, {}).get("looks", 0) + 1, "seed": words.seed}
    path.write_text(json.dumps(seen, indent=1))
    print(f"{test.name}: looked at {seen[key]['looks']} times from this folder")


if __name__ == "__main__":
    guarded(main)
