"""What the public benchmarks share: their words, their files and their run in MLflow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tumorcast.domain.errors import TumorcastError
from tumorcast.evaluation.scores import write_metrics


def words_of(doc: str | None) -> argparse.ArgumentParser:
    """A parser with the words that every benchmark knows."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--mlflow", default=None, help="tracking URI [sqlite:///mlflow.db]; 'none': not logged"
    )
    return parser


def tell(metrics: Mapping[str, Mapping[str, Mapping[str, float]]]) -> None:
    """Models and differences, one a line, with their intervals."""
    for model, values in metrics.items():
        sign = "+" if "_minus_" in model else ""
        cells = [
            f"{name} {v['value']:{sign}.3f} [{v['low']:{sign}.3f}, {v['high']:{sign}.3f}]"
            for name, v in values.items()
        ]
        print(f"  {model.replace('_minus_', ' - '):44s} " + "  ".join(cells), flush=True)


def record(
    name: str, words: argparse.Namespace, predictions: pd.DataFrame, metrics: Mapping[str, Any]
) -> None:
    """`predictions.csv` and `metrics.json` in --out, and a run of the experiment `public benchmarks`."""
    write_predictions(words.out, predictions)
    write_metrics(words.out / "metrics.json", metrics)
    print(f"written to {words.out}")
    if words.mlflow == "none":
        return
    from tumorcast.config.tracking import TrackingConfig
    from tumorcast.training.tracking import Tracker, git_commit

    tracking = TrackingConfig(uri=words.mlflow, experiment="public benchmarks")
    tracker = Tracker(tracking, words.out, name)
    said = {key: str(value) for key, value in vars(words).items()}
    with tracker.run(said, {"benchmark": name, "git_commit": git_commit()}):
        tracker.log_metrics(dict(_flat(metrics)))
        for file in ("predictions.csv", "metrics.json"):
            tracker.log_file(words.out / file)


def write_predictions(out: Path, predictions: pd.DataFrame) -> None:
    """`predictions.csv` in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    temporary = out / "predictions.csv.part"
    predictions.to_csv(temporary, index=False)
    temporary.replace(out / "predictions.csv")


def guarded(main: Any) -> None:
    """Run it; what is wrong with the input is one message, not a traceback."""
    try:
        main()
    except TumorcastError as error:
        sys.exit(str(error))


def _flat(metrics: Mapping[str, Any], prefix: str = "") -> list[tuple[str, float]]:
    """Keys that MLflow takes: other characters become underscores; a value's interval is `.low` and `.high`."""
    made: list[tuple[str, float]] = []
    for key, value in metrics.items():
        clean = "".join(c if c.isalnum() or c in "_-. /" else "_" for c in str(key))
        if isinstance(value, Mapping):
            made += _flat(value, f"{prefix}{clean}/")
        elif isinstance(value, (int, float)):
            made.append((prefix + clean if key != "value" else prefix.rstrip("/"), float(value)))
    return made
