"""Omics-only models on real cohorts by nested cross-validation, beside the plain baselines; graph encoders compared.

    python benchmarks/real_cohorts.py SOURCE --work FOLDER [--only NAME...] [--graphs] [--jobs 2]

SOURCE is the folder of public data (TCGA_PORPOISE, PredictioR_ICB, TransNEO). Each line is a cohort: fused model and
baselines with their interval, and the paired differences fused less baseline. TCGA: overall survival, C-index within
the source's five folds. Immunotherapy: response (CR/PR), AUROC, nested five-fold. With --graphs the mutation graph
alone, by encoder and cut, against the bag of genes. A cohort that is done is not run again.
"""

from __future__ import annotations

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

TCGA = ("blca", "brca", "luad", "lusc", "hnsc", "stad", "paad", "gbmlgg")
ICB = ("Mariathasan", "Liu", "Van_Allen", "Hugo", "Riaz")
GRAPHS = {
    "bag": {"model.graph": "bag"},
    "gine": {"model.graph": "gine"},
    "gatv2": {"model.graph": "gatv2"},
    "hetero": {"model.graph": "hetero"},
    "gine, 1 hop": {"model.graph": "gine", "data.graph.cut": "neighbourhood"},
    "gine, smoothed": {"model.graph": "gine", "data.graph.cut": "smoothed"},
    "gine, network alone": {"model.graph": "gine", "model.anchors": "false"},
    "bag, network alone": {"model.graph": "bag", "model.anchors": "false"},
}
SHOWN = ("fused", "elastic_net", "clinical_linear", "tmb")


def import_cohort(name: str, source: Path, study: Path) -> None:
    """The cohort as a study folder, once."""
    if (study / "meta_study.txt").is_file():
        return
    if name in TCGA:
        from tumorcast.readers.importers.porpoise import import_porpoise

        folder = source / "TCGA_PORPOISE"
        told = import_porpoise(folder, study, folder / "splits" / f"tcga_{name}", name)
    elif name in ICB:
        from tumorcast.readers.importers.predictio import import_predictio

        told = import_predictio(source / "PredictioR_ICB", study, name)
    else:
        from tumorcast.readers.importers.transneo import import_transneo

        told = import_transneo(source / "TransNEO", study)
    print("\n".join(f"{name}: {line}" for line in told), file=sys.stderr, flush=True)


def words_of(name: str, study: Path, runs: Path) -> list[str]:
    """The run of a cohort as the command line would say it."""
    if name in TCGA:
        copies = "copy_number," if (study / "data_cna.txt").is_file() else ""
        own = [f"data.modalities=[mutations,{copies}expression,clinical]", "split.scheme=file",
               "model.heads=[survival]", "training.batch_size=64"]  # fmt: skip
    elif name in ICB:
        own = ["data.modalities=[expression,clinical]", "data.endpoint=best_response", "split.scheme=kfold"]
    else:
        own = ["data.modalities=[mutations,clinical,dna_scores,immune_scores,expression_scores]",
               "data.endpoint=pcr", "split.scheme=kfold"]  # fmt: skip
    return [f"data.study={study}", f"runs={runs}", "training.threads=1", "training.singles=false",
            "evaluation.subsets=false", "tracking.enabled=false", *own]  # fmt: skip


def evaluate(name: str, words: list[str]) -> dict:
    """Metrics of all folds of a run."""
    import pandas as pd
    import torch

    from tumorcast.cohort.splits import outer_folds
    from tumorcast.config import load_config
    from tumorcast.training.baselines import predict_baselines
    from tumorcast.training.fold import FUSED, run_fold
    from tumorcast.training.report import score
    from tumorcast.training.workspace import open_workspace

    config = load_config([*words, f"name={name}"])
    done = config.runs / config.name / "benchmark.json"
    if done.is_file():
        return json.loads(done.read_text())
    torch.set_num_threads(1)
    work = open_workspace(config)
    tables = []
    for fold in outer_folds(work.cohort.courses, config.split, config.seed, config.data.study):
        result = run_fold(work, fold, lambda text: print(f"{name}: {text}", file=sys.stderr, flush=True))
        tables += [result.predictions, predict_baselines(work, fold, result.models[FUSED].prepared)]
    metrics = score(work, pd.concat(tables, ignore_index=True))
    metrics["n"] = {"courses": len(work.cohort.courses)}
    done.write_text(json.dumps(metrics))
    return metrics


def one(task: tuple[str, Path, str, dict[str, str]]) -> tuple[str, dict]:
    """A cohort under one setting."""
    name, work, label, extra = task
    study = work / "studies" / name
    words = [*words_of(name, study, work / "runs"), *(f"{key}={value}" for key, value in extra.items())]
    return label, evaluate(label.replace(", ", "-").replace(" ", "_"), words)


def shown(value: dict | None) -> str:
    """A value with its interval."""
    return "-" if value is None else f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("source", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[*ICB, "transneo", *TCGA])
    parser.add_argument("--graphs", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    tasks = []
    for name in arguments.only:
        import_cohort(name, arguments.source, arguments.work / "studies" / name)
        if not arguments.graphs:
            tasks.append((name, arguments.work, name, {}))
            continue
        for kind, extra in GRAPHS.items():
            alone = {**extra, "data.modalities": "[mutations]", "evaluation.baselines": "[tmb,elastic_net]"}
            tasks.append((name, arguments.work, f"{name}, {kind}", alone))
    models = ("fused", "elastic_net", "tmb") if arguments.graphs else SHOWN
    print(f"| cohort | n | {' | '.join(models)} | {' | '.join(f'fused - {m}' for m in models[1:])} |")
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for label, metrics in pool.map(one, tasks):
            metric = "c_index" if "c_index" in metrics["fused"] else "auroc"
            values = [shown(metrics.get(model, {}).get(metric)) for model in models]
            less = [shown(metrics.get(f"fused_minus_{model}", {}).get(metric)) for model in models[1:]]
            print("|", " | ".join([label, str(metrics["n"]["courses"]), *values, *less]), "|", flush=True)


if __name__ == "__main__":
    main()
