"""Immunotherapy cohorts with expression of genes (PredictioR collection): leave one cohort out.

    python benchmarks/public/predictior.py --cohorts FOLDER_OR_FILES... --out DIR [--pseudocount 0.001]

Cohorts: folders, or files `NAME.clinical.csv` (`patientid`; `response` R or NR; `TMB_perMb` where known), each with
`NAME.expr.csv.gz` beside it (gene x patient, log2(TPM + pseudocount)). Ours is the mean rank within the cohort of four
scores: ridge logistic regression on the genes' levels, on their ranks within the cohort (penalties by leaving each
training cohort out in turn, `evaluation/cross_cohort.py`), T-cell inflammation, and mutational burden where known; it
orders the patients of a cohort and is no probability. Beside it T-cell inflammation, cytolytic activity, ridge and
elastic net on the genes' levels, and TMB alone.

Prints the AUROC of each cohort, its mean with each cohort counting alike, and weighted by patients; intervals are
paired over patients. Writes `predictions.csv` and `metrics.json`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, tell, words_of
from scipy.special import expit

from tumorcast.biology.expression_scores import expression_scores
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.cross_cohort import LEVELS, RANKS, leave_cohort_out
from tumorcast.evaluation.elastic_net import Outcome, fit_elastic_net
from tumorcast.evaluation.scores import mean_of_tables, score_predictions

OURS, RIDGE, NET, BURDEN = "tumorcast", "ridge on genes", "elastic net on genes", "TMB"
INFLAMED = "T-cell-inflamed GEP"
SINGLE = {
    INFLAMED: ("t_cell_inflamed_gep", "t_cell_inflamed_mean"),
    "cytolytic": ("cytolytic_activity",),
}
LEAST_MEASURED = 0.5


def main() -> None:
    """Print a table for each cohort, and their mean."""
    parser = words_of(__doc__)
    parser.add_argument("--cohorts", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--pseudocount", type=float, default=0.001, help="that the files' logarithms were taken with"
    )
    words = parser.parse_args()
    parts = [read(path, words.pseudocount) for path in files_of(words.cohorts)]
    parts = [part for part in parts if part is not None]
    if not parts:
        raise InputError(
            "no cohort", got=", ".join(map(str, words.cohorts)), expected="NAME.clinical.csv files"
        )
    who = pd.concat([part[0] for part in parts])
    genes = pd.concat([part[1] for part in parts], join="inner")
    scores = usable(expression_scores(pd.concat([part[1] for part in parts]), []))
    label, cohort = who["label"].to_numpy(float), who["cohort"].tolist()
    print(
        f"{len(who)} patients of {len(parts)} cohorts, {genes.shape[1]} shared genes, {scores.shape[1]} scores"
    )
    by_form = {
        form: leave_cohort_out({"genes": genes}, label, cohort, forms=[form]) for form in (LEVELS, RANKS)
    }
    models = {OURS: np.zeros(len(label)), RIDGE: by_form[LEVELS].probability,
              NET: net(genes, label, np.array(cohort), words.seed)}  # fmt: skip
    for name, columns in SINGLE.items():
        known = [column for column in columns if column in scores]
        if known:
            models[name] = within(scores[known[0]], cohort)
    models[BURDEN] = within(who["burden"], cohort)
    evidence = [within(pd.Series(left_out.probability), cohort) for left_out in by_form.values()]
    evidence += [models[name] for name in (INFLAMED, BURDEN) if name in models]
    models[OURS] = np.nanmean(evidence, axis=0)
    report(who, models, words)


def report(who: pd.DataFrame, models: dict[str, np.ndarray], words) -> None:
    """Scores of each cohort and over all."""
    base = {"patient_id": who.index, "course_id": who.index, "fold": "all", "table": who["cohort"].to_numpy(),
            "label": who["label"].to_numpy(float)}  # fmt: skip
    rows = pd.concat([pd.DataFrame({**base, "model": m, "probability": p}) for m, p in models.items()])
    rows = rows.dropna(subset=["probability"])
    metrics = {
        str(name): score_predictions(own, fused=OURS) for name, own in rows.groupby("table", sort=False)
    }
    for name, own in metrics.items():
        count = who[who["cohort"] == name]
        cells = ", ".join(f"{m} {v['auroc']['value']:.3f}" for m, v in own.items() if "_minus_" not in m)
        print(f"{name} ({int(count['label'].sum())} of {len(count)}): {cells}")
    metrics["mean over cohorts"] = mean_of_tables(rows, fused=OURS)
    metrics["weighted by patients"] = score_predictions(rows.assign(fold=rows["table"]), fused=OURS)
    for name in ("mean over cohorts", "weighted by patients"):
        print(name)
        tell({model: {"auroc": values["auroc"]} for model, values in metrics[name].items()})
    record("PredictioR", words, rows, metrics)


def files_of(paths: list[Path]) -> list[Path]:
    """The clinical files."""
    found = [sorted(path.glob("*.clinical.csv")) if path.is_dir() else [path] for path in paths]
    return [path for group in found for path in group]


def read(path: Path, pseudocount: float) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """(label, burden, cohort by patient; patient x gene, log2(TPM + 1)) of patients with both.

    None, told, where all have one answer.
    """
    name = path.name.removesuffix(".clinical.csv")
    matrix_path = next((p for p in path.parent.glob(f"{name}.expr.csv*")), None)
    if matrix_path is None:
        raise InputError(
            f"no expression beside {path.name}", expected=f"{name}.expr.csv or {name}.expr.csv.gz"
        )
    clinical = pd.read_csv(path, index_col=0)
    missing = {"patientid", "response"} - set(clinical)
    if missing:
        raise InputError(f"{path.name} lacks columns", got=", ".join(sorted(missing)), expected="both")
    clinical = clinical.set_index(clinical["patientid"].astype(str))
    matrix = pd.read_csv(matrix_path, index_col=0).T
    matrix.index = matrix.index.astype(str)
    symbols = [GeneTable.embedded().symbol_of(str(gene)) or str(gene) for gene in matrix.columns]
    levels = np.log2(np.maximum(np.exp2(matrix.to_numpy(float)) - pseudocount, 0) + 1)
    genes = pd.DataFrame(levels, matrix.index, symbols).T.groupby(level=0).mean().T
    label = clinical["response"].map({"R": 1.0, "NR": 0.0})
    kept = [p for p in genes.index if p in label.index and np.isfinite(label[p])]
    if label[kept].nunique() < 2:
        print(f"{name}: {len(kept)} patients, all of one answer: left out")
        return None
    burden = clinical.get("TMB_perMb", clinical.get("TMB_raw", pd.Series(np.nan, clinical.index))).astype(
        float
    )
    who = pd.DataFrame({"label": label[kept], "burden": burden[kept], "cohort": name})
    genes = genes.loc[kept]
    who.index = genes.index = pd.Index([f"{name}-{patient}" for patient in kept], name="patient_id")
    return who, genes


def usable(scores: pd.DataFrame) -> pd.DataFrame:
    """Scores that most patients have."""
    return scores.loc[:, scores.notna().mean() >= LEAST_MEASURED]


def within(values: pd.Series, cohort: list[str]) -> np.ndarray:
    """Rank within the cohort as a number between 0 and 1; NaN stays NaN."""
    return values.groupby(np.array(cohort)).rank(pct=True).to_numpy(float)


def net(genes: pd.DataFrame, label: np.ndarray, cohort: np.ndarray, seed: int) -> np.ndarray:
    """Elastic net on the levels of all genes, each cohort left out."""
    values = genes.fillna(genes.median()).to_numpy(float)
    made = np.zeros(len(label))
    for name in np.unique(cohort):
        rest = cohort != name
        made[~rest] = expit(fit_elastic_net(values[rest], Outcome(label[rest]), values[~rest], seed))
    return made


if __name__ == "__main__":
    guarded(main)
