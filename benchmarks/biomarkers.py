"""Biomarkers on simulated cohorts: are the planted genes found, and what do cohorts without any effect give?

    python benchmarks/biomarkers.py --work FOLDER [--planted 3] [--nulls 20] [--patients 300] [--folds 3]

Planted cohorts: per kind, how many features the stated false discovery rate lets through and how many of them are
planted. Null cohorts (the outcome depends on nothing): share of cohorts with any discovery, per kind, with its exact
95% interval; under no effect every discovery is false, so the share must not exceed the stated rate. Interrupted runs
go on.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import pandas as pd
from scipy.stats import binomtest

from tumorcast.cohort.simulate.build import simulate_study
from tumorcast.config import validate
from tumorcast.explain.biomarkers import Settings
from tumorcast.explain.report import write_biomarkers
from tumorcast.training.run import run_experiment

RATE = 0.1


def main() -> None:
    """Print a table each."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--planted", type=int, default=3)
    parser.add_argument("--nulls", type=int, default=20)
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--folds", type=int, default=3)
    words = parser.parse_args()
    for seed in range(words.planted):
        study, table = ranked(words.work, f"planted{seed}", seed, False, words.patients, words.folds)
        tell_planted(seed, study, table)
    if words.nulls:
        found = [ranked(words.work, f"null{seed}", 500 + seed, True, words.patients, words.folds)[1]
                 for seed in range(words.nulls)]  # fmt: skip
        tell_nulls(found)


def ranked(
    work: Path, name: str, seed: int, null: bool, patients: int, folds: int
) -> tuple[Path, pd.DataFrame]:
    """The study and its table of biomarkers."""
    study, done = work / name, work / "runs" / name / "biomarkers" / "biomarkers.csv"
    if not done.is_file():
        simulate_study(study, n_patients=patients, seed=seed, features_only=True, null=null)
        config = {
            "name": name, "runs": str(work / "runs"), "data": {"study": str(study)}, "tracking": {"enabled": False},
            "evaluation": {"subsets": False, "baselines": []}, "training": {"singles": False, "threads": 1},
            "split": {"scheme": "kfold", "folds": folds},
        }  # fmt: skip
        with redirect_stdout(sys.stderr):
            folder = run_experiment(validate(config), lambda conclusion, _: None)
        write_biomarkers(folder, done.parent, Settings(fdr=RATE), 12, 32, 0, lambda text: None)
    return study, pd.read_csv(done)


def tell_planted(seed: int, study: Path, table: pd.DataFrame) -> None:
    """How many are found, how many of them planted, how many planted ones lead."""
    planted = pd.read_csv(study / "truth" / "genes.csv").groupby("modality")["gene"].agg(set)
    for kind, genes in planted.items():
        rows = table[table["kind"] == kind]
        is_planted = rows["feature"].isin(genes)
        is_found = rows["q"] <= RATE
        true = rows.loc[is_found & is_planted, "feature"]
        print(
            f"planted {seed}, {kind}: {int(is_found.sum())} of {len(rows)} found, {len(true)} of them planted "
            f"({len(genes)} are), {int(is_planted.iloc[:5].sum())} of the first 5: {', '.join(true[:8])}",
            flush=True,
        )


def tell_nulls(tables: list[pd.DataFrame]) -> None:
    """Cohorts with a discovery, per kind and over all kinds."""
    hits = Counter(str(kind) for table in tables for kind in table.loc[table["q"] <= RATE, "kind"].unique())
    for kind in sorted({str(kind) for table in tables for kind in table["kind"]}):
        low, high = binomtest(hits[kind], len(tables)).proportion_ci(method="exact")
        print(f"no effect, {kind}: {hits[kind]} of {len(tables)} cohorts with a discovery at {RATE} "
              f"[{low:.2f}, {high:.2f}]", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
