"""Survival of TCGA cancers from omics, on the folds of the source; everything chosen inside the training folds.

    python benchmarks/public/tcga_survival.py --table tcga_blca_all_clean.csv.zip [MORE.csv.zip] --splits DIR [DIR]
        --out DIR

Tables: one row a slide, of which the first of a patient counts; `case_id`, `survival_months`, `censorship` (1 =
censored), `age`, other columns known at diagnosis, and columns `GENE_rnaseq`, `GENE_mut`, `GENE_cnv`. Splits: a folder
for each table, or one that holds a folder `tcga_CANCER` for each; in it `splits_K.csv` with columns `train` and `val`.

Ours (`evaluation/tabular_survival.py`) stands beside ridge Cox regression on ten principal components of expression and
age, age alone, the clinical columns, and an elastic net on all columns. Prints C-indices (mean over folds) with
patient-bootstrap intervals, paired differences, and their means over the tables. Writes `predictions.csv` (`risk`) and
`metrics.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, tell, words_of

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.baselines import clinical_cox
from tumorcast.evaluation.cox import cox_ridge
from tumorcast.evaluation.elastic_net import Outcome, fit_elastic_net
from tumorcast.evaluation.leakage import check_disjoint
from tumorcast.evaluation.scores import mean_of_tables, score_predictions
from tumorcast.evaluation.tabular_survival import fit_survival

OURS, REFERENCE = "tumorcast", "ten components + age"
LAYERS = {"expression": "_rnaseq", "mutations": "_mut", "copy number": "_cnv"}
NOT_CLINICAL = ("case_id", "slide_id", "site", "survival_months", "censorship", "train")


def main() -> None:
    """Print a table for each cancer, and their mean."""
    parser = words_of(__doc__)
    parser.add_argument("--table", type=Path, nargs="+", required=True)
    parser.add_argument("--splits", type=Path, nargs="+", required=True)
    words = parser.parse_args()
    tables, metrics = [], {}
    for path in words.table:
        name = path.name.split(".")[0].removesuffix("_all_clean")
        tables.append(
            predict(path, folder_of(words.splits, words.table, path, name), words.seed).assign(table=name)
        )
        metrics[name] = score_predictions(tables[-1], fused=OURS)
        who = tables[-1].drop_duplicates("patient_id")
        print(f"{name}: {len(who)} patients, {int(who['is_event'].sum())} events")
        tell(metrics[name])
    predictions = pd.concat(tables, ignore_index=True)
    if len(tables) > 1:
        metrics["mean over tables"] = mean_of_tables(predictions, fused=OURS)
        print("mean over tables that have the model")
        tell(metrics["mean over tables"])
    record("TCGA survival", words, predictions, metrics)


def folder_of(splits: list[Path], tables: list[Path], path: Path, name: str) -> Path:
    """The folder with the splits of a table."""
    nested = [folder / name for folder in splits if (folder / name).is_dir()]
    if nested:
        return nested[0]
    if len(splits) == len(tables):
        return splits[tables.index(path)]
    raise InputError(
        "no splits for a table", got=name, expected=f"a folder {name} in --splits, or one folder a table"
    )


def read(path: Path) -> pd.DataFrame:
    """One row a patient, by `case_id`; patients without a time or an age's column are told."""
    table = pd.read_csv(path, low_memory=False)
    missing = {"case_id", "survival_months", "censorship", "age"} - set(table)
    if missing:
        raise InputError(f"{path.name} lacks columns", got=", ".join(sorted(missing)), expected="all of them")
    table = table.drop(columns=[c for c in table if c.startswith("Unnamed")]).drop_duplicates("case_id")
    known = table["survival_months"].notna() & table["censorship"].isin([0, 1])
    if not known.all():
        print(f"{path.name}: {int((~known).sum())} patients without a known outcome left out")
    return table[known].set_index("case_id")


def folds_of(folder: Path, table: pd.DataFrame) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """(name, training rows, test rows) of each `splits_K.csv`."""
    files = sorted(folder.glob("splits_*.csv"), key=lambda file: (len(file.stem), file.stem))
    files = [file for file in files if {"train", "val"} <= set(pd.read_csv(file, nrows=0))]
    if not files:
        raise InputError("no splits", got=str(folder), expected="splits_0.csv ... with columns train, val")
    for file in files:
        split = pd.read_csv(file)
        training, test = (set(split[column].dropna().astype(str)) for column in ("train", "val"))
        check_disjoint(sorted(training), sorted(test))
        yield file.stem, *(np.flatnonzero(table.index.isin(side)) for side in (training, test))


def predict(path: Path, folder: Path, seed: int) -> pd.DataFrame:
    """Risks of test patients by every model, all folds."""
    table = read(path)
    layers = {name: table[[c for c in table if c.endswith(end)]] for name, end in LAYERS.items()}
    layers = {name: part for name, part in layers.items() if part.shape[1]}
    wide = {column for part in layers.values() for column in part}
    clinical = table[[c for c in table if c not in NOT_CLINICAL and c not in wide]]
    rows = []
    for name, training, test in folds_of(folder, table):
        risks = models(clinical, layers, table, training, test, seed)
        own = table.iloc[test]
        who = {"patient_id": own.index, "course_id": own.index, "fold": name,
               "time_days": own["survival_months"] * 30.4375, "is_event": 1 - own["censorship"]}  # fmt: skip
        rows += [pd.DataFrame({**who, "model": model, "risk": risk}) for model, risk in risks.items()]
    return pd.concat(rows, ignore_index=True)


def models(
    clinical: pd.DataFrame,
    layers: dict[str, pd.DataFrame],
    table: pd.DataFrame,
    training: np.ndarray,
    test: np.ndarray,
    seed: int,
) -> dict[str, np.ndarray]:
    """Risk of the test rows by each model of the training rows."""
    time = table["survival_months"].to_numpy(float)[training]
    event = 1.0 - table["censorship"].to_numpy(float)[training]
    inside, outside = ({name: part.iloc[side] for name, part in layers.items()} for side in (training, test))
    ours = fit_survival(clinical.iloc[training], inside, time, event, table.index[training], seed)
    made = {OURS: ours.predict(clinical.iloc[test], outside)}
    age = scaled(clinical[["age"]], training)
    made["age"] = age[test, 0] * np.sign(cox_ridge(age[training], time, event, 1e-6)[0])
    if "expression" in layers:
        values = np.c_[age, components(layers["expression"], training)]
        made[REFERENCE] = values[test] @ cox_ridge(values[training], time, event, 1.0)
    made["clinical columns"] = clinical_cox(clinical.iloc[training], time, event, clinical.iloc[test])
    everything = np.concatenate([age, *(scaled(part, training) for part in layers.values())], axis=1)
    outcome = Outcome(event, time)
    made["elastic net, all columns"] = fit_elastic_net(everything[training], outcome, everything[test], seed)
    return made


def scaled(part: pd.DataFrame, training: np.ndarray) -> np.ndarray:
    """Standardised by the training rows; their median where unknown."""
    values = part.to_numpy(float)
    filled = np.where(
        np.isfinite(values), values, np.nan_to_num(part.iloc[training].median().to_numpy(float))
    )
    spread = filled[training].std(axis=0)
    return (filled - filled[training].mean(axis=0)) / np.where(spread > 1e-8, spread, np.inf)


def components(part: pd.DataFrame, training: np.ndarray) -> np.ndarray:
    """Ten principal components of the training rows, each of variance one there."""
    values = scaled(part, training)
    _, _, directions = np.linalg.svd(values[training], full_matrices=False)
    found = values @ directions[:10].T
    return found / found[training].std(axis=0)


if __name__ == "__main__":
    guarded(main)
