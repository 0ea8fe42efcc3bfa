"""Pathological complete response of breast cancer: nested five-fold, repeated, by layer and fused.

    python benchmarks/public/transneo.py --table training_df.csv --out DIR [--test MORE.csv] [--published SCORES.csv]
        [--network FOLDER] [--repeats 20]

Tables of the form of Sammut et al. 2022 (Nature 601:623): `Trial.ID`, `resp.pCR` (0/1) and features of the diagnostic
biopsy, whose names say which layer they belong to. Cycles given (`Chemo.NumCycles`) postdate the first day of treatment
and are left out, everything of surgery too. Ours (`evaluation/layered.py`) stands beside each layer alone and the mean
of logistic regression, random forest and support vector machine on the same columns. --published: `Trial.ID` and one
column a published model; whether those are out of fold is not stated by the source. --network: the source's folder with
its somatic variants, for the network with the mutation graph (a study is imported to --out; 5 x --repeats trainings).

Prints AUROC, AUPRC and Brier of the mean probability over repeats with patient-bootstrap intervals, paired differences,
and the mean AUROC of single repeats. Writes `predictions.csv` and `metrics.json`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, tell, words_of
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.layered import fit_layered
from tumorcast.evaluation.scores import score_predictions
from tumorcast.metrics.discrimination import auroc

OURS, REFERENCE, NETWORK, BOTH = (
    "tumorcast",
    "mean of LR, RF, SVC",
    "network with mutation graph",
    "tumorcast + network",
)
LAYERS = {
    "clinical": ("Age.", "Histology", "ER.", "HER2.", "LN.", "Grade.", "Size.", "Chemo."),
    "pathology": ("median_lymph_KDE",),
    "dna": ("All.TMB", "Coding", "Expressed.NAg", "CIN.", "HLA.", "HRD."),
    "rna": (
        "STAT1.",
        "GGI.",
        "GEP.",
        "ESC.",
        "PGR.",
        "ESR1.",
        "ERBB2.",
        "CytScore",
        "Swanton.",
        "TIDE.",
        "Danaher.",
    ),
}
AFTER_FIRST_DAY = ("Chemo.NumCycles",)


def main() -> None:
    """Print a table."""
    parser = words_of(__doc__)
    parser.add_argument("--table", type=Path, required=True)
    parser.add_argument("--test", type=Path, nargs="*", default=[])
    parser.add_argument("--published", type=Path)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--repeats", type=int, default=20)
    words = parser.parse_args()
    table, label = read(words.table)
    found = nested(layers_of(table), label, words)
    if words.network:
        found[NETWORK] = network(words, table.index)
        found[BOTH] = np.stack([(a + b) / 2 for a, b in zip(found[OURS], found[NETWORK], strict=True)])
    print(f"{words.table.name}: {len(label)} patients, {int(label.sum())} with pCR, {words.repeats} repeats")
    for model, each in found.items():
        own = [auroc(label, one) for one in each]
        print(f"  {model:28s} AUROC of one repeat: mean {np.mean(own):.3f}, {min(own):.3f} to {max(own):.3f}")
    means = {model: each.mean(axis=0) for model, each in found.items()} | published(
        words.published, table.index
    )
    tables = [rows_of(words.table.stem, table.index, label, means)]
    for path in words.test:
        other, truth = read(path)
        tables.append(rows_of(path.stem, other.index, truth, transferred(table, label, other, words.seed)))
    metrics = {}
    for rows in tables:
        name = str(rows["table"].iloc[0])
        metrics[name] = score_predictions(rows, fused=OURS)
        print(name)
        tell(metrics[name])
        if NETWORK in means and rows is tables[0]:
            against = score_predictions(rows, fused=BOTH)
            tell({k: v for k, v in against.items() if k.startswith(f"{BOTH}_minus_")})
            metrics[name] |= against
    record("TransNEO", words, pd.concat(tables, ignore_index=True), metrics)


def read(path: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """(features by patient, [n] pCR)."""
    table = pd.read_csv(path)
    missing = {"Trial.ID", "resp.pCR"} - set(table)
    if missing:
        raise InputError(f"{path.name} lacks columns", got=", ".join(sorted(missing)), expected="both")
    table = table[table["resp.pCR"].isin([0, 1])].set_index(table["Trial.ID"].astype(str))
    return table, table["resp.pCR"].to_numpy(float)


def layers_of(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Layer -> its columns, by the beginnings of their names."""
    made = {}
    for layer, starts in LAYERS.items():
        columns = [c for c in table if c.startswith(starts) and c not in AFTER_FIRST_DAY]
        if columns:
            made[layer] = table[columns].apply(pd.to_numeric, errors="coerce")
    if not made:
        raise InputError(
            "no feature is known", got=f"{table.shape[1]} columns", expected="names as in Sammut 2022"
        )
    return made


def nested(
    layers: dict[str, pd.DataFrame], label: np.ndarray, words: argparse.Namespace
) -> dict[str, np.ndarray]:
    """Model -> [repeats, n] probability of each patient when left out."""
    models = {OURS: list(layers), **{name: [name] for name in layers}}
    found = {name: np.zeros((words.repeats, len(label))) for name in (*models, REFERENCE)}
    everything = pd.concat(layers.values(), axis=1)
    people = everything.index
    for repeat in range(words.repeats):
        seed = words.seed + repeat
        for training, test in StratifiedKFold(5, shuffle=True, random_state=seed).split(everything, label):
            for model, names in models.items():
                fitted = fit_layered(
                    {n: layers[n].iloc[training] for n in names}, label[training], people[training], seed
                )
                found[model][repeat, test] = fitted.predict({n: layers[n].iloc[test] for n in names})
            found[REFERENCE][repeat, test] = reference(
                everything.iloc[training], label[training], everything.iloc[test]
            )
        print(
            f"repeat {repeat + 1} of {words.repeats}: AUROC {auroc(label, found[OURS][repeat]):.3f}",
            file=sys.stderr,
        )
    return found


def reference(training: pd.DataFrame, label: np.ndarray, test: pd.DataFrame) -> np.ndarray:
    """Mean probability of three plain models on all columns."""
    scaled = SVC(C=1.0), LogisticRegression(C=0.05, max_iter=5000)
    plain = [make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), model) for model in scaled]
    forest = make_pipeline(
        SimpleImputer(strategy="median"), RandomForestClassifier(400, min_samples_leaf=3, random_state=0)
    )
    kernel, logistic = (model.fit(training, label) for model in plain)
    margin = 1 / (1 + np.exp(-2 * kernel.decision_function(test)))
    chances = [
        logistic.predict_proba(test)[:, 1],
        forest.fit(training, label).predict_proba(test)[:, 1],
        margin,
    ]
    return np.mean(chances, axis=0)


def transferred(
    table: pd.DataFrame, label: np.ndarray, other: pd.DataFrame, seed: int
) -> dict[str, np.ndarray]:
    """Models of the whole table, on patients of another."""
    inside, outside = layers_of(table), layers_of(other)
    outside = {n: outside[n].reindex(columns=inside[n].columns) for n in inside if n in outside}
    inside = {n: inside[n] for n in outside}
    fitted = fit_layered(inside, label, table.index, seed)
    wide, narrow = (pd.concat(part.values(), axis=1) for part in (inside, outside))
    return {OURS: fitted.predict(outside), REFERENCE: reference(wide, label, narrow)}


def published(path: Path | None, patients: pd.Index) -> dict[str, np.ndarray]:
    """Published probabilities of the same patients."""
    if path is None:
        return {}
    table = pd.read_csv(path).set_index("Trial.ID").reindex(patients).select_dtypes("number")
    return {
        f"published: {name}": table[name].to_numpy(float) for name in table if not name.startswith("Unnamed")
    }


def network(words: argparse.Namespace, patients: pd.Index) -> np.ndarray:
    """[repeats, n] out-of-fold probability of the network on the imported study, fused with the mutation graph."""
    import torch

    from tumorcast.cohort.splits import outer_folds
    from tumorcast.config import load_config
    from tumorcast.readers.importers.transneo import import_transneo
    from tumorcast.training.fold import FUSED, run_fold
    from tumorcast.training.workspace import open_workspace

    torch.set_num_threads(1)
    study = words.out / "study"
    if not (study / "meta_study.txt").is_file():
        import_transneo(words.network, study)
    made = np.zeros((words.repeats, len(patients)))
    for repeat in range(words.repeats):
        config = load_config([
            f"data.study={study}", f"runs={words.out / 'runs'}", f"name=repeat{repeat}", f"seed={words.seed + repeat}",
            "data.modalities=[mutations,clinical,dna_scores,immune_scores,expression_scores]", "data.endpoint=pcr",
            "split.scheme=kfold", "training.threads=1", "training.singles=false", "evaluation.subsets=false",
            "tracking.enabled=false",
        ])  # fmt: skip
        work = open_workspace(config)
        folds = outer_folds(work.cohort.courses, config.split, config.seed, config.data.study)
        parts = [run_fold(work, fold, lambda text: None).predictions for fold in folds]
        table = pd.concat(parts)
        own = table[table["model"] == FUSED].set_index("patient_id")["probability"]
        made[repeat] = own.reindex(patients).to_numpy(float)
        print(f"network, repeat {repeat + 1} of {words.repeats}", file=sys.stderr, flush=True)
    return made


def rows_of(name: str, patients: pd.Index, label: np.ndarray, models: dict[str, np.ndarray]) -> pd.DataFrame:
    """Rows of `predictions.csv`."""
    who = {"patient_id": patients, "course_id": patients, "fold": "all", "table": name, "label": label}
    return pd.concat(
        [pd.DataFrame({**who, "model": m, "probability": p}) for m, p in models.items()], ignore_index=True
    )


if __name__ == "__main__":
    guarded(main)
