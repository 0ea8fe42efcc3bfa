"""Simulated cohorts: does the fused model beat each modality, how near does it come to the oracle, what does it
attend to, and do shuffled labels teach nothing?

    python benchmarks/simulated.py --work FOLDER [--seeds 5] [--patients 400] [--folds 5] [--shuffles 20]
    python benchmarks/simulated.py --work FOLDER --sizes 40 80 160 --seeds 3 --shuffles 0

With --sizes: in how many cohorts of each size the run says that fusion is better, and the largest size at which most do
not. Prints one table; each part can be repeated alone (`--shuffles 0`, `--seeds 0`). Interrupted runs go on.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.cohort.simulate.build import simulate_study
from tumorcast.config import validate
from tumorcast.evaluation.conformal import coverage_report, sets_of
from tumorcast.evaluation.scores import score_predictions
from tumorcast.evaluation.table import verdict
from tumorcast.metrics.discrimination import auroc
from tumorcast.training.inference import outputs_of
from tumorcast.training.reliance import told
from tumorcast.training.run import Conclusion, run_experiment

SINGLES = ("slide", "mutations", "expression", "clinical")
MODALITIES = (*SINGLES, "response_markers")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--max-folds", type=int, help="run only the first folds of each cohort")
    parser.add_argument("--shuffles", type=int, default=20)
    parser.add_argument(
        "--no-singles", action="store_true", help="the fused model alone: a third of the time"
    )
    parser.add_argument("--sizes", type=int, nargs="*", default=[], help="patients; instead of --patients")
    words = parser.parse_args()
    if words.sizes:
        by_size(words.work, words.sizes, words.seeds, words.folds)
    elif words.seeds:
        split = {"scheme": "kfold", "folds": words.folds, "max_folds": words.max_folds}
        planted(words.work, words.seeds, words.patients, split, not words.no_singles)
    if words.shuffles:
        shuffled(words.work, words.shuffles, words.patients)


def planted(work: Path, seeds: int, patients: int, split: dict, singles: bool) -> None:
    """Nested cross-validation on each seed's cohort; everything pooled over seeds (a seed is a stratum)."""
    tables, shares, ceilings, attentions = [], [], [], []
    for seed in range(seeds):
        study = simulate_study(work / f"study{seed}", n_patients=patients, seed=seed, features_only=True)
        found: list[float] = []
        folder = run(work, study, f"seed{seed}", found, {"split": split, "training": {"singles": singles}})
        table = pd.read_csv(folder / "predictions.csv")
        truth = pd.read_csv(study / "truth" / "patients.csv").set_index("course_id")
        fused = table[table["model"] == "fused"]
        oracle = fused.assign(
            model="oracle", probability=truth.loc[fused["course_id"], "probability"].to_numpy()
        )
        both = score_predictions(pd.concat([fused, oracle]), n_bootstrap=100)
        reached, best = both["fused"]["auroc"]["value"], both["oracle"]["auroc"]["value"]
        stated = json.loads((study / "truth" / "formula.json").read_text())["auroc"]
        shares.append((reached - 0.5) / (best - 0.5))
        ceilings.append((stated["measured"] - 0.5) / (stated["oracle"] - 0.5))
        attentions += found
        tag = f"seed{seed}-"
        columns = {"patient_id": tag + table["patient_id"], "fold": tag + table["fold"].astype(str)}
        tables.append(table.assign(**columns, course_id=tag + table["course_id"]))
        print(
            f"seed {seed}: fused {reached:.3f}, oracle {best:.3f}, share of the excess {shares[-1]:.2f}",
            flush=True,
        )
    report(tables, shares, ceilings, attentions)


def by_size(work: Path, sizes: list[int], seeds: int, folds: int) -> None:
    """What runs on small cohorts say of fusion."""
    lost = []
    for size in sorted(sizes):
        said = []
        for seed in range(seeds):
            name = f"size{size}-{seed}"
            study = simulate_study(work / name, n_patients=size, seed=100 + seed, features_only=True)
            folder = run(work, study, name, [], {"split": {"scheme": "kfold", "folds": folds}})
            metrics = json.loads((folder / "metrics.json").read_text())
            said.append(verdict(metrics))
            print(f"{size} patients, seed {seed}: {said[-1]}", flush=True)
        wins = sum(one.startswith("Fusion is better") for one in said)
        print(f"{size} patients: fusion shown to be better in {wins} of {seeds} cohorts", flush=True)
        if wins <= seeds / 2:
            lost.append(size)
    print(f"largest size at which most runs do not claim fusion: {max(lost) if lost else 'none of these'}")


def report(tables: list, shares: list, ceilings: list, attentions: list) -> None:
    """The pooled table over seeds."""
    pooled = score_predictions(pd.concat(tables, ignore_index=True), singles=SINGLES)
    for model, values in pooled.items():
        value, low, high = (values["auroc"][part] for part in ("value", "low", "high"))
        print(f"{model:32s} AUROC {value:+.3f} [{low:+.3f}, {high:+.3f}]")
    sets = coverage(pd.concat(tables, ignore_index=True))
    print(f"sets of answers: {sets}")
    print(f"share of the oracle's excess: mean {np.mean(shares):.3f}, by seed {np.round(shares, 2).tolist()}")
    print(f"ceiling by missing modalities (oracle on what is measured): {np.mean(ceilings):.3f}")
    print(
        f"attention AUROC of planted lymphocyte tiles: median {np.median(attentions):.3f} of {len(attentions)} slides"
    )


def coverage(table: pd.DataFrame) -> str:
    """Of the fused model's sets at 90%, over all seeds."""
    rows = table.dropna(subset=["answers", "label"])
    report = coverage_report(sets_of(rows["answers"].tolist()), rows["label"], rows["patient_id"])
    return told(report)


def shuffled(work: Path, shuffles: int, patients: int) -> None:
    """The same training on permuted labels: how many 95% intervals hold 0.5."""
    holding = 0
    for number in range(shuffles):
        study = simulate_study(
            work / f"null{number}", n_patients=patients, seed=1000 + number, features_only=True, null=True
        )
        folder = run(work, study, f"null{number}", [], {"training": {"singles": False}})
        told = json.loads((folder / "metrics.json").read_text())["fused"]["auroc"]
        holding += told["low"] <= 0.5 <= told["high"]
        print(
            f"no effect, cohort {number}: {told['value']:.3f} [{told['low']:.3f}, {told['high']:.3f}]",
            flush=True,
        )
    print(f"intervals that hold 0.5: {holding} of {shuffles}")


def run(work: Path, study: Path, name: str, attentions: list[float], settings: dict) -> Path:
    """One run without MLflow; attention AUROCs of the exported model's slides are appended to `attentions`."""
    config = {
        "name": name,
        "runs": str(work / "runs"),
        "data": {"study": str(study), "modalities": list(MODALITIES)},
        "tracking": {"enabled": False},
        "evaluation": {"subsets": False},
        **settings,
    }
    return run_experiment(
        validate(config), lambda conclusion, _: attentions.extend(planted_attention(conclusion, study))
    )


def planted_attention(conclusion: Conclusion, study: Path) -> list[float]:
    """For each slide with planted and other tiles: AUROC of the attention weights for the planted ones."""
    tiles = pd.read_csv(study / "truth" / "tiles.csv")
    planted_at = {
        (s, x, y): bool(p)
        for s, x, y, p in tiles[["slide_id", "x", "y", "is_planted"]].itertuples(index=False)
    }
    work, fitted = conclusion.work, conclusion.fitted
    found = []
    for course_id, bag in work.bags.items():
        course = fitted.prepared.arrays(work.cohort, course_id, bag)
        (output,) = outputs_of(fitted.ensemble, [course])
        keys = [(s, *xy) for s, xy in zip(bag.slide_ids, bag.coords.tolist(), strict=True)]
        label = np.array([planted_at.get(key, np.nan) for key in keys], float)
        known = np.isfinite(label)
        found.append(auroc(label[known], output.tile_attention.numpy()[known]))
    return [value for value in found if np.isfinite(value)]


if __name__ == "__main__":
    main()
