"""Immunotherapy cohorts with expression of genes (PredictioR collection): leave one cohort out.

    python benchmarks/public/predictior.py --cohorts FOLDER_OR_FILES... --out DIR [--pseudocount 0.001]

Cohorts: folders, or files `NAME.clinical.csv` (`patientid`; `response` R or NR; `TMB_perMb` or `TMB_raw` where known),
each with `NAME.expr.csv[.gz]` beside it (gene x patient, log2(TPM + pseudocount)).

Ours is the mean rank within the cohort of: ridge logistic regression on the genes' levels, on their ranks within the
cohort, on published scores' levels, on their ranks (penalties by leaving each training cohort out in turn,
`evaluation/cross_cohort.py`), T-cell inflammation, and mutational burden where known; which of them is not chosen.
`members chosen inside` is the same of the subset that does best when each training cohort is left out. Both order the
patients of a cohort and are no probabilities. Beside them T-cell inflammation (Ayers 2017: its weights; and the mean
of its genes), cytolytic activity, ridge and elastic net on the genes' levels, and TMB alone.

Prints the AUROC of each cohort, its mean with each cohort counting alike, and weighted by patients; intervals are
paired over patients, cohorts taken as they are. Writes `predictions.csv` and `metrics.json`.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from record import guarded, record, tell, words_of
from scipy.special import expit

from tumorcast.biology.expression_scores import expression_scores, published_scores
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.cross_cohort import LEVELS, RANKS, best_together, leave_cohort_out
from tumorcast.evaluation.elastic_net import Outcome, fit_elastic_net
from tumorcast.evaluation.scores import mean_of_tables, score_predictions
from tumorcast.readers.cells import CellCounts, numbers_of
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import NOT_AVAILABLE, need_columns, read_table

OURS, CHOSEN, BURDEN = "tumorcast", "members chosen inside", "TMB"
RIDGE, NET = "ridge on genes", "elastic net on genes"
WEIGHTED, INFLAMED, CYTOLYTIC = "T-cell-inflamed GEP, weights", "T-cell-inflamed GEP, mean", "cytolytic"
SINGLE = {INFLAMED: "t_cell_inflamed_mean", CYTOLYTIC: "cytolytic_activity"}
LEAST_MEASURED, LEAST_GENES = 0.5, 10
LOG_SCALE_MOST, ROUNDING = 20, 0.01


def main() -> None:
    """Print a table for each cohort, and their mean."""
    parser = words_of(__doc__)
    parser.add_argument("--cohorts", type=Path, nargs="+", required=True)
    parser.add_argument(
        "--pseudocount", type=float, default=0.001, help="that the files' logarithms were taken with"
    )
    words = parser.parse_args()
    notes: list[Exclusion] = []
    who, expression = together([read(path, words.pseudocount, notes) for path in files_of(words.cohorts)])
    genes = expression.dropna(axis=1)
    scores = expression_scores(expression, [])
    scores = scores.loc[:, scores.notna().mean() >= LEAST_MEASURED]
    for note in notes:
        print(f"{note.id}: {note.detail} ({note.reason})")
    told = f"{genes.shape[1]} genes known in all, {scores.shape[1]} scores"
    print(f"{len(who)} patients of {who['cohort'].nunique()} cohorts, {told}")
    if genes.shape[1] < LEAST_GENES:
        raise InputError("cohorts share too few genes", got=genes.shape[1], expected="the same genes in each")
    report(who, models_of(who, expression, genes, scores, words.seed), words)


def models_of(
    who: pd.DataFrame, expression: pd.DataFrame, genes: pd.DataFrame, scores: pd.DataFrame, seed: int
) -> dict[str, np.ndarray]:
    """Model -> [n] prediction; what was chosen is printed."""
    label, cohort = who["label"].to_numpy(float), who["cohort"].tolist()
    single = {WEIGHTED: within(weighted(expression), cohort)}
    single |= {name: within(scores[column], cohort) for name, column in SINGLE.items() if column in scores}
    single[BURDEN] = within(who["burden"], cohort)
    tables = {"genes": genes, "scores": scores}
    fitted = {f"{name}, {form}": leave_cohort_out({name: table}, label, cohort, forms=[form])
              for name, table in tables.items() for form in (LEVELS, RANKS)}  # fmt: skip
    members = fitted | {name: single[name] for name in (WEIGHTED, BURDEN) if np.isfinite(single[name]).any()}
    chosen = best_together(members, label, cohort)
    for name, own in chosen.members.items():
        print(f"chosen without {name}: {'; '.join(own)}")
    ranks = [within(pd.Series(getattr(own, "probability", own)), cohort) for own in members.values()]
    ridge = fitted[f"genes, {LEVELS}"].probability
    return {
        OURS: np.nanmean(ranks, axis=0), CHOSEN: chosen.score, RIDGE: ridge, NET: net(genes, label, cohort, seed)
    } | single  # fmt: skip


def report(who: pd.DataFrame, models: Mapping[str, np.ndarray], words: argparse.Namespace) -> None:
    """AUROC of each cohort and over all."""
    base = {"patient_id": who.index, "course_id": who.index, "fold": "all", "table": who["cohort"].to_numpy(),
            "label": who["label"].to_numpy(float)}  # fmt: skip
    rows = pd.concat([pd.DataFrame({**base, "model": m, "probability": p}) for m, p in models.items()])
    rows = rows.dropna(subset=["probability"])
    metrics = {
        str(name): score_predictions(own, fused=OURS, seed=words.seed)
        for name, own in rows.groupby("table", sort=False)
    }
    for name, own in metrics.items():
        count = who[who["cohort"] == name]
        cells = ", ".join(f"{m} {v['auroc']['value']:.3f}" for m, v in own.items() if "_minus_" not in m)
        print(f"{name} ({int(count['label'].sum())} of {len(count)}): {cells}")
    metrics["mean over cohorts"] = mean_of_tables(rows, fused=OURS, seed=words.seed)
    by_cohort = rows.assign(fold=rows["table"])
    metrics["weighted by patients"] = score_predictions(by_cohort, fused=OURS, seed=words.seed)
    ordered = {table: {model: {"auroc": values["auroc"]} for model, values in own.items()}
               for table, own in metrics.items()}  # fmt: skip
    for name in ("mean over cohorts", "weighted by patients"):
        print(name)
        tell(ordered[name])
    record("PredictioR", words, rows, ordered)


def files_of(paths: list[Path]) -> list[Path]:
    """The clinical files."""
    found = [sorted(path.glob("*.clinical.csv")) if path.is_dir() else [path] for path in paths]
    files = [path for group in found for path in group]
    names = [path.name for path in files]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not files:
        raise InputError("a cohort is given twice" if twice else "no cohort",
                         got=", ".join(twice or map(str, paths)), expected="NAME.clinical.csv files")  # fmt: skip
    return files


def together(
    parts: list[tuple[pd.DataFrame, pd.DataFrame] | None],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(label, burden, cohort by patient; patient x gene) of all cohorts, NaN where a cohort lacks the gene."""
    known = [part for part in parts if part is not None]
    if not known:
        raise InputError("no cohort with responders and others", expected="R and NR in the column `response`")
    return pd.concat([part[0] for part in known]), pd.concat([part[1] for part in known])


def read(path: Path, pseudocount: float, notes: list[Exclusion]) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """(label, burden, cohort by patient; patient x gene, log2(TPM + 1)) of patients with both.

    None, told, where all have one answer.
    """
    name = path.name.removesuffix(".clinical.csv")
    clinical = read_table(path, ",")
    need_columns(clinical, ("patientid", "response"), path)
    clinical = clinical.set_index("patientid")
    label = clinical["response"].map({"R": 1.0, "NR": 0.0})
    genes = matrix_of(path.with_name(f"{name}.expr.csv"), pseudocount, notes)
    for what, index in ((path.name, clinical.index), (f"expression of {name}", genes.index)):
        if index.has_duplicates:
            raise InputError(
                f"{what}: a patient twice", got=", ".join(map(str, index[index.duplicated()][:5]))
            )
    kept = genes.index[genes.index.isin(label.dropna().index)]
    told = f"{len(kept)} of {len(genes)} patients with expression have a response, R or NR; others left out"
    notes.append(Exclusion("patient", name, "label_missing", told))
    if label[kept].nunique() < 2:
        notes.append(Exclusion("cohort", name, "one_answer", "no responders, or no others: left out"))
        return None
    counts = CellCounts()
    column = next((c for c in ("TMB_perMb", "TMB_raw") if c in clinical and clinical[c].notna().any()), None)
    burden = numbers_of(clinical[column], counts) if column else pd.Series(np.nan, clinical.index)
    counts.tell(f"{name} {column}", notes)
    who = pd.DataFrame({"label": label[kept], "burden": burden[kept], "cohort": name})
    ids = pd.Index([f"{name}-{patient}" for patient in kept], name="patient_id")
    return who.set_axis(ids), genes.loc[kept].set_axis(ids)


def matrix_of(path: Path, pseudocount: float, notes: list[Exclusion]) -> pd.DataFrame:
    """patient x gene, log2(TPM + 1), approved symbols; rows of one gene are averaged as TPM."""
    found = next((p for p in (path, path.with_name(path.name + ".gz")) if p.is_file()), None)
    if found is None:
        raise InputError(f"no expression in {path.parent}", expected=f"{path.name} or {path.name}.gz")
    cells = cells_of(found)
    counts = CellCounts()
    values = cells.apply(lambda column: numbers_of(column, counts))
    counts.tell(found.name, notes)
    lowest, highest = np.nanmin(values, initial=np.inf), np.nanmax(values, initial=-np.inf)
    floor = np.log2(pseudocount)
    if lowest < floor - ROUNDING or highest > LOG_SCALE_MOST or (lowest >= 0 and pseudocount < 1):
        raise InputError(
            f"{found.name} is not log2(TPM + {pseudocount:g})",
            got=f"values from {lowest:g} to {highest:g}",
            expected=f"from {floor:.2f} (no expression) to {LOG_SCALE_MOST}",
            fix="give the --pseudocount that the files were made with",
        )
    names = GeneTable.embedded()
    symbols = [names.symbol_of(str(gene)) or str(gene) for gene in cells.index]
    level = pd.DataFrame(np.exp2(values) - pseudocount).clip(lower=0).groupby(symbols).mean()
    if len(level) < len(cells):
        told = f"{len(cells) - len(level)} rows averaged into their gene"
        notes.append(Exclusion("gene", found.name, "duplicate_rows", told))
    return pd.DataFrame(np.log2(level + 1)).T


def cells_of(path: Path) -> pd.DataFrame:
    """gene x patient, text; columns of one name are not renamed."""
    try:
        with open_text(path) as file:
            table = pd.read_csv(file, header=None, index_col=0, dtype=str, na_values=NOT_AVAILABLE)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(
            f"{path.name} is not a table", got=error, expected="gene x patient, commas"
        ) from None
    return table.iloc[1:].set_axis(table.iloc[0].astype(str), axis=1)


def weighted(expression: pd.DataFrame) -> pd.Series:
    """Ayers' weights on the genes that the patient has; the housekeeping genes, which few tables hold, left aside.

    NaN where fewer than half of the genes are measured.
    """
    score = next(one for one in published_scores() if one.name == "t_cell_inflamed_gep")
    values = expression.reindex(columns=list(score.genes))
    weights = np.array(score.weights)
    sums = (values * weights).sum(axis=1) / (values.notna() * np.abs(weights)).sum(axis=1)
    return sums.where(values.notna().mean(axis=1) >= LEAST_MEASURED)


def within(values: pd.Series, cohort: Sequence[str]) -> np.ndarray:
    """Rank within the cohort as a number between 0 and 1; NaN stays NaN."""
    return values.groupby(np.asarray(cohort)).rank(pct=True).to_numpy(float)


def net(genes: pd.DataFrame, label: np.ndarray, cohort: Sequence[str], seed: int) -> np.ndarray:
    """Elastic net on the levels of the genes that all have, each cohort left out."""
    values, names = genes.to_numpy(float), np.asarray(cohort)
    made = np.zeros(len(label))
    for name in np.unique(names):
        rest = names != name
        made[~rest] = expit(fit_elastic_net(values[rest], Outcome(label[rest]), values[~rest], seed))
    return made


if __name__ == "__main__":
    guarded(main)
