"""Frozen features against tuned ones on made-up tiles, read by the scanner of training and by another.

    python benchmarks/finetune.py [--encoder tiny] [--patients 48] [--test 60] [--epochs 16] [--seeds 2]

Responders' tissue has fibres along, the others' across; amounts of stain are alike. Tiles are made, not cut from
slides. `tiny` is an untrained transformer of two narrow blocks: it needs minutes, and says nothing of published
encoders.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter

import numpy as np
import torch

from tumorcast.config.finetune import FinetuneConfig
from tumorcast.metrics.discrimination import auroc
from tumorcast.nn.backbones import Backbone, load_backbone
from tumorcast.nn.vit_weights import pooled_vit
from tumorcast.slides.encoder_catalogue import VitShape, find_record
from tumorcast.slides.stain_augment import stain_vectors
from tumorcast.slides.tile_pool import KeptTiles
from tumorcast.training.finetune_cost import cost_of
from tumorcast.training.finetune_data import TuningCourse
from tumorcast.training.finetune_fit import Tuner

SIDE, PER_COURSE, DRAWS = 48, 6, 1000
FROZEN_EPOCHS = 60
WAYS: dict[str, dict[str, object]] = {
    "frozen": {"method": "last-blocks", "stain": 0.0, "epochs": FROZEN_EPOCHS, "patience": 15},
    "LoRA": {"stain": 0.0},
    "LoRA, stain 0.05": {"stain": 0.05},
    "LoRA, stain 0.2": {"stain": 0.2},
    "last 2 blocks, stain 0.05": {"method": "last-blocks", "stain": 0.05},
}


@dataclass(frozen=True)
class Scanner:
    """Strength of haematoxylin and eosin, and what the scanner makes of light: light ** gamma times gain."""

    haematoxylin: float = 1.0
    eosin: float = 1.0
    gamma: float = 1.0
    gain: float = 1.0


HOME, OTHER = Scanner(), Scanner(haematoxylin=1.35, eosin=0.7, gamma=1.2, gain=0.95)


def tile(random: np.random.Generator, angle: float, scanner: Scanner, stain: np.ndarray) -> np.ndarray:
    """uint8 [SIDE, SIDE, 3]; fibres across `angle`."""
    y, x = np.mgrid[:SIDE, :SIDE]
    along = x * np.cos(angle) + y * np.sin(angle)
    fibres = np.sin(2 * np.pi * along / 6 + random.uniform(0, 2 * np.pi))
    grain = random.standard_normal((SIDE, SIDE))
    eosin = np.clip(0.35 + 0.12 * fibres + 0.04 * grain, 0, None) * scanner.eosin * stain[0]
    haematoxylin = np.clip(0.15 + 0.06 * fibres + 0.03 * grain, 0, None) * scanner.haematoxylin * stain[1]
    density = haematoxylin[..., None] * stain_vectors()[0] + eosin[..., None] * stain_vectors()[1]
    shown = 255 * (10**-density) ** scanner.gamma * scanner.gain
    return (shown + random.normal(0, 2, shown.shape)).clip(0, 255).astype(np.uint8)


def courses(folder: Path, count: int, seed: int, scanner: Scanner) -> list[TuningCourse]:
    """Patients with tiles; the same seed is the same tissue on any scanner."""
    folder.mkdir(parents=True)
    made = []
    for i in range(count):
        random = np.random.default_rng([seed, i])
        stain = np.exp(random.normal(0, 0.08, 2))
        tiles = [tile(random, i % 2 * np.pi / 2, scanner, stain) for _ in range(PER_COURSE)]
        np.save(folder / f"{i}.npy", np.stack(tiles))
        kept = KeptTiles(f"S{i}", folder / f"{i}.npy", PER_COURSE, PER_COURSE)
        made.append(TuningCourse(f"P{i}-L1", f"P{i}", float(i % 2), (kept,), i))
    return made


def interval(label: np.ndarray, chance: np.ndarray) -> str:
    """AUROC with its 95% interval over patients."""
    random = np.random.default_rng(0)
    draws = []
    for _ in range(DRAWS):
        rows = random.integers(0, len(label), len(label))
        if 0 < label[rows].mean() < 1:
            draws.append(auroc(label[rows], chance[rows]))
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{auroc(label, chance):.3f} [{low:.3f}, {high:.3f}]"


def tiny() -> Backbone:
    """An untrained transformer of two blocks, 24 wide, for tiles of 48 pixels."""
    record = find_record("phikon")
    assert record is not None
    small = replace(
        record, vit=VitShape(16, 24, 2, 2, 20, scaled=False), width=24, resize_px=SIDE, input_px=SIDE
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = pooled_vit(small, None)
    return Backbone("tiny", network.eval(), SIDE, *record.norm)


def freeze(tuner: Tuner, folder: Path, groups: list[list[TuningCourse]]) -> list[list[TuningCourse]]:
    """The courses with features in the place of tiles, and a tuner that takes them."""
    made = []
    for number, group in enumerate(groups):
        for course in group:
            tiles = course.fixed_tiles(PER_COURSE, 0)
            with torch.inference_mode():
                features = tuner.net.encoder(torch.from_numpy(tiles)).numpy()
            np.save(folder / f"{number}-{course.number}.npy", features)
        made.append(
            [
                replace(
                    course,
                    slides=(replace(course.slides[0], path=folder / f"{number}-{course.number}.npy"),),
                )
                for course in group
            ]
        )
    tuner.net.encoder = torch.nn.Identity()
    return made


def tried(way: str, args: argparse.Namespace, seed: int, folder: Path) -> dict[str, np.ndarray]:
    """Chances of response of the test patients under both scanners."""
    inside = courses(folder / "t", args.patients, 10 * seed, HOME)
    held = courses(folder / "v", args.patients // 3, 10 * seed + 1, HOME)
    home = courses(folder / "h", args.test, 10 * seed + 2, HOME)
    other = courses(folder / "o", args.test, 10 * seed + 2, OTHER)
    is_tiny = args.encoder == "tiny"
    config = FinetuneConfig(
        tiles=3, batch=4, kept_tiles=PER_COURSE, epochs=args.epochs, patience=args.epochs, seed=seed,
        rate=1e-2 if is_tiny else 1e-3, head_rate=6e-3 if is_tiny else 1e-3, dropout=0.0,
    ).model_copy(update=WAYS[way])  # fmt: skip
    backbone = tiny() if is_tiny else load_backbone(args.encoder)
    tuner = Tuner(backbone, config, inside, SIDE, torch.device("cpu"))
    cost = cost_of(tuner, inside[:8], len(inside) + len(held), len(inside) + len(held))
    if way == "frozen":
        (folder / "f").mkdir()
        inside, held, home, other = freeze(tuner, folder / "f", [inside, held, home, other])
    start = perf_counter()
    state = tuner.fit(inside, held, folder / "state")
    spent = (perf_counter() - start) / max(len(state.history), 1)
    told = {
        "way": way, "seed": seed, "best_epoch": state.best_epoch, "epochs": len(state.history),
        "trained": cost.trained, "epoch_s": round(spent, 1), "epoch_s_told": round(cost.epoch_seconds, 1),
        "memory_gb_told": round(cost.peak_bytes / 1e9, 2), "stored_epoch_s": round(cost.stored_seconds, 2),
    }  # fmt: skip
    print(json.dumps(told), flush=True)
    return {
        "same scanner": tuner.probabilities(home, PER_COURSE),
        "another": tuner.probabilities(other, PER_COURSE),
    }


def main() -> None:
    """Print a line a way and seed."""
    parser = argparse.ArgumentParser()
    for name, value in (("patients", 48), ("test", 60), ("epochs", 16), ("seeds", 2)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--encoder", default="tiny")
    parser.add_argument("--ways", nargs="*", default=list(WAYS))
    args = parser.parse_args()
    label = np.array([float(i % 2) for i in range(args.test)])
    for way in args.ways:
        for seed in range(args.seeds):
            with tempfile.TemporaryDirectory() as work:
                found = tried(way, args, seed, Path(work))
            cells = [f"{name} {interval(label, chance)}" for name, chance in found.items()]
            print(f"{way:28s} seed {seed}  {'  '.join(cells)}", flush=True)


if __name__ == "__main__":
    main()
