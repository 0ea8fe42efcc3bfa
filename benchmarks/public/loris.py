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
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold

from tumorcast.evaluation.scores import score_predictions
from tumorcast.evaluation.tabular import fit_tabular

COLUMNS = (
    "TMB", "Systemic_therapy_history", "Albumin", "CancerType", "NLR", "Age", "FCNA", "Drug", "Sex", "MSI", "Stage",
    "HLA_LOH", "HED", "Platelets", "HGB", "BMI",
)  # fmt: skip
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
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train", type=Path, required=True)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--repeats", type=int, default=3, help="of the nested cross-validation on the training table"
    )
    words = parser.parse_args()
    words.out.mkdir(parents=True, exist_ok=True)
    training = read(words.train)
    tables = [nested(training, words.train.stem, words.repeats, words.seed)]
    model = fit(training, words.seed)
    print(
        f"chosen on inner folds: {model.chosen}; log loss "
        + ", ".join(f"{k} {v:.4f}" for k, v in model.inner_loss.items())
    )
    for path in words.test:
        table = read(path)
        tables.append(predicted(table, path.stem, {OURS: model.predict(table), **others(training, table)}))
        count_look(words.out / "looked_at.json", path, words)
    predictions = pd.concat(tables, ignore_index=True)
    predictions.to_csv(words.out / "predictions.csv", index=False)
    metrics = {str(name): tell(str(name), rows) for name, rows in predictions.groupby("table", sort=False)}
    (words.out / "metrics.json").write_text(json.dumps(metrics, indent=1))


def read(path: Path) -> pd.DataFrame:
    """Rows with a known response; columns that the file lacks are unknown."""
    table = pd.read_csv(path)
    table["patient_id"] = path.stem + "-" + table["SAMPLE_ID"].astype(str)
    return table[table["Response"].notna()].reset_index(drop=True)


def fit(table: pd.DataFrame, seed: int):
    """Our model of a training table."""
    columns = [name for name in COLUMNS if name in table]
    values = table[columns].assign(Drug=table["Drug"].astype(str)) if "Drug" in table else table[columns]
    return fit_tabular(values, table["Response"].to_numpy(float), table["patient_id"].to_numpy(), seed)


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
            ours[test] += fit(inside, seed + repeat).predict(outside) / repeats
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


def tell(name: str, rows: pd.DataFrame) -> dict:
    """Scores of a table, printed."""
    scored = score_predictions(rows, fused=OURS)
    n = rows["patient_id"].nunique()
    print(f"\n{name}: {n} patients, {int(rows.drop_duplicates('patient_id')['label'].sum())} responders")
    for model, values in scored.items():
        cells = [f"{m} {v['value']:+.3f} [{v['low']:+.3f}, {v['high']:+.3f}]" for m, v in values.items()]
        print(f"  {model:34s} " + "  ".join(cells))
    return scored


def count_look(path: Path, test: Path, words: argparse.Namespace) -> None:
    """One more look at a test table."""
    seen = json.loads(path.read_text()) if path.is_file() else {}
    key = hashlib.sha256(test.read_bytes()).hexdigest()[:16]
    seen[key] = {"table": test.name, "looks": seen.get(key, {}).get("looks", 0) + 1, "seed": words.seed}
    path.write_text(json.dumps(seen, indent=1))
    print(f"{test.name}: looked at {seen[key]['looks']} times from this folder")


if __name__ == "__main__":
    main()
