"""Efficiency of two training processes over gloo on this machine: one thread each, at a fixed global batch.

    python benchmarks/two_workers.py [--patients 64] [--tiles 400] [--epochs 4] [--rounds 3]

Prints courses a second of one and of two processes, taken in turns, and their ratio: 2.0 would be perfect. Only the
training steps of each epoch after the first count, not the inner fold's loss. Also the machine's load before, since two
processes on two cores that others use say little. The two must end at the same loss, else it exits with 1.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

import torch

from tumorcast.cli.main import main as tumorcast
from tumorcast.cohort.splits import inner_folds, outer_folds
from tumorcast.config import load_config
from tumorcast.training import fit
from tumorcast.training.fold import prepare_fold
from tumorcast.training.workspace import open_workspace


class Clocked(fit.CourseModule):
    """Keeps the seconds of each epoch's steps."""

    seconds: list[float] = []  # noqa: RUF012  # of the process

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.began = time.perf_counter()

    def on_validation_start(self) -> None:
        self.seconds.append(time.perf_counter() - self.began)


def _train(work: tuple, folder: Path, rank: int, world: int, port: int) -> None:
    prepared, training, validation, courses, config = work
    torch.set_num_threads(1)
    if world > 1:
        known = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "RANK": rank, "LOCAL_RANK": rank}
        given = {"GROUP_RANK": 0, "WORLD_SIZE": world, "LOCAL_WORLD_SIZE": world, "TORCHELASTIC_RUN_ID": "b"}
        os.environ |= {name: str(value) for name, value in (known | given).items()}
    fit.CourseModule = Clocked  # type: ignore[misc]
    member = fit.fit_member(folder, prepared, training, validation, courses, config.model, config.training, 0)
    if rank == 0:
        told = {"seconds": Clocked.seconds[1:], "losses": [epoch["val_loss"] for epoch in member.history]}
        (folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


def timed(work: tuple, folder: Path, world: int) -> tuple[float, list[float]]:
    """(courses a second, losses on the inner fold) of `world` processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    team = [context.Process(target=_train, args=(work, folder, rank, world, port)) for rank in range(world)]
    for process in team:
        process.start()
    for process in team:
        process.join()
    told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
    return len(work[1]) / statistics.median(told["seconds"]), told["losses"]


def prepare(folder: Path, patients: int, tiles: int, epochs: int) -> tuple:
    """The first inner fold of a simulated cohort, and the settings."""
    study = folder / "study"
    words = ["simulate", study, "--patients", patients, "--seed", 1, "--tiles-per-slide", tiles]
    tumorcast([*map(str, words), "--features-only"])
    base = Path(__file__).parents[1] / "configs" / "base.yaml"
    settings = [f"training.max_epochs={epochs}", f"training.patience={epochs}", f"training.max_tiles={tiles}"]
    plain = ["model.dropout=0", "model.anchors=false", "model.width=64", "training.accelerator=cpu"]
    where = [f"data.study={study}", "data.features=null", f"runs={folder / 'runs'}"]
    config = load_config([str(base), *where, *settings, *plain])
    work = open_workspace(config)
    courses = work.cohort.courses
    fold = outer_folds(courses, config.split, config.seed, study, work.cohort.report)[0]
    prepared, arrays = prepare_fold(work, fold)
    part = inner_folds(courses, fold.training, config.split.inner_folds, config.seed)[0]
    training, validation = ([arrays[cid] for cid in ids] for ids in (part.training, part.test))
    return prepared, training, validation, courses, config


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=64)
    parser.add_argument("--tiles", type=int, default=400, help="a slide (%(default)s)")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(1)
    load = os.getloadavg()[0]
    rates: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as name:
        work = prepare(Path(name), given.patients, given.tiles, given.epochs)
        for number in range(given.rounds):
            ends = {}
            for world in rates:
                rate, ends[world] = timed(work, Path(name) / f"{number}.{world}", world)
                rates[world].append(rate)
    ratio = statistics.median(two / one for one, two in zip(rates[1], rates[2], strict=True))
    apart = max(abs(one - two) for one, two in zip(ends[1], ends[2], strict=True))
    print(
        f"cores {os.cpu_count()}, load of others before {load:.1f}, {len(work[1])} courses of {given.tiles} tiles"
    )
    for world, seen in rates.items():
        print(f"{world} x 1 thread: {statistics.median(seen):7.1f} courses/s  {[round(x, 1) for x in seen]}")
    print(f"throughput ratio {ratio:.2f}, efficiency {ratio / 2:.2f}; losses differ by {apart:.1e}")
    return int(apart > 1e-6)


if __name__ == "__main__":
    sys.exit(main())
