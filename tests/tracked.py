"""Runs with made-up metrics, recorded through the real tracker."""

from __future__ import annotations

import random
from pathlib import Path

from tumorcast.config.tracking import TrackingConfig
from tumorcast.training.metric_keys import flat_metrics, mean_curves, primary_metrics
from tumorcast.training.tracking import Tracker

FACTS = {
    "data": "made-up metrics", "data_sha256": "d1", "training_data": "simulated", "n_patients": "120",
    "primary_metric": "auroc", "encoder": "toy", "git_commit": "0" * 40, "heads": "response",
}  # fmt: skip


def made_up_scores(value: float) -> dict[str, dict[str, dict[str, float]]]:
    """`metrics.json` of nobody: the fused model at `value`, a single modality and a baseline below."""

    def around(centre: float) -> dict[str, dict[str, float]]:
        interval = {"value": centre, "low": centre - 0.06, "high": centre + 0.05}
        return {"auroc": interval, "auprc": interval, "brier": {"value": 0.2, "low": 0.18, "high": 0.22}}

    return {
        "fused": around(value), "slide": around(0.66), "tmb": around(0.6), "fused_minus_slide": around(value - 0.66),
        "fused_minus_tmb": around(value - 0.6), "fused_minus_best_single": around(value - 0.66),
    }  # fmt: skip


def curve(value: float, epochs: int = 20) -> list[dict[str, float]]:
    """Losses that fall."""
    return [
        {"epoch": float(k), "train_loss": 0.72 * 0.95**k, "val_loss": 0.7 * 0.97**k + 0.5 * (0.8 - value)}
        for k in range(epochs)
    ]


def record_run(
    runs: Path, name: str, value: float = 0.75, config: dict | None = None, tell=None, facts=FACTS, **tracking
) -> Tracker:
    """A whole run of two folds in `runs/NAME`; `tracking` as in `TrackingConfig`."""
    settings = {"offline": True, "experiment": "made up", "register_as": None} | tracking
    tracker = Tracker(TrackingConfig(**settings), runs / name, name, tell)
    (runs / name / "figures").mkdir(parents=True, exist_ok=True)
    (runs / name / "figures" / "roc.png").write_bytes(b"not a picture")
    (runs / name / "predictions.csv").write_text("patient_id\n", encoding="utf-8")
    said = {"name": name, "seed": 0, "training": {"lr": 0.001}} | (config or {})
    scores = made_up_scores(value)
    with tracker.run(said, facts):
        for fold in ("fold0", "fold1"):
            tracker.log_fold(fold, flat_metrics(scores), {"fused.member0": curve(value)})
        tracker.log_metrics(flat_metrics(scores) | primary_metrics(scores, "auroc"))
        tracker.log_curve(mean_curves([curve(value), curve(value, 15)]))
        tracker.describe("made-up metrics")
        tracker.log_file(runs / name / "predictions.csv")
        tracker.log_files(runs / name / "figures", "figures")
    return tracker


def record_fifty(runs: Path, count: int = 50) -> None:
    """Runs that differ in a few settings; two of them matter, the rest is chance."""
    chance = random.Random(3)
    for number in range(count):
        lr, width = chance.choice((0.0003, 0.001, 0.003)), chance.choice((16, 32, 64))
        value = 0.66 + 0.05 * (lr == 0.001) + 0.04 * (width == 32) + chance.gauss(0, 0.015)
        config = {
            "seed": number % 5, "training": {"lr": lr, "batch_size": 32},
            "model": {"width": width, "dropout": chance.choice((0.1, 0.2, 0.3))},
        }  # fmt: skip
        record_run(runs, f"run{number:02d}", value, config)
