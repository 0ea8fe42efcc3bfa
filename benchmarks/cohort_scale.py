"""10,000 patients: preparation, opening, an epoch against compute alone, memory.

    python benchmarks/cohort_scale.py [--patients 10000] [--tiles 200] [--width 512] [--genes 500] [--folder DIR]

Simulated features in a temporary folder (`--folder` says where; removed at the end), 2% of the files damaged in eight
ways: they, and no others, must be listed. Each part runs in a process of its own; memory is the largest sum of what its
processes hold themselves (mapped files are the system's cache). An epoch's batches, read by the loader, take turns with
the same batches in memory; medians. The bound is for `training.workers` as `--workers` says (0, as in training: a
thread); beside it stands one loading process. Exits with 1 beyond a bound.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pandas as pd
from scale_study import VARIANTS, damage, make_study

DAMAGED = 0.02
OPEN_SECONDS, EPOCH_RATIO, MEMORY_GB = 2.0, 1.1, 3.0
OPENINGS, ROUNDS, BATCHES = 3, 5, 16


def main() -> int:
    """Print the table; 1 where a bound is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=10_000)
    parser.add_argument("--tiles", type=int, default=200, help="median tiles a patient")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--genes", type=int, default=500)
    parser.add_argument("--workers", type=int, default=0, help="loading processes of the epoch")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--part", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        print(
            json.dumps({"open": opening, "epoch": epoch}[arguments.part](arguments.folder, arguments.workers))
        )
        return 0
    folder = Path(tempfile.mkdtemp(prefix="cohort_scale.", dir=arguments.folder))
    try:
        return measure(arguments, folder)
    finally:
        shutil.rmtree(folder)


def measure(arguments: argparse.Namespace, folder: Path) -> int:
    """Make, prepare, open, train."""
    began = time.perf_counter()
    size = (arguments.patients, arguments.tiles, arguments.width, arguments.genes)
    bags = make_study(folder / "study", *size)
    lost = damage(bags, DAMAGED)
    told("made", f"{time.perf_counter() - began:.0f} s; {len(bags)} patients, median {arguments.tiles} tiles x "
         f"{arguments.width}, {arguments.genes} genes, {VARIANTS} variants; {len(lost)} files damaged")  # fmt: skip
    out = folder / "prepared"
    command = [sys.executable, "-m", "tumorcast.cli.main", "prepare", *words(folder), "--out", str(out)]
    seconds, memory, _ = watched(command)
    listed = pd.read_csv(out / "left_out.csv")
    astray = set(lost) ^ set(listed.loc[listed["kind"] == "slide", "id"])
    files = [path for path in out.rglob("*") if path.is_file()]
    before = sum(1 for path in (folder / "study").rglob("*") if path.is_file())
    ok = [judge("listed amiss", len(astray), 0, "files")]
    told("preparation", f"{seconds:.0f} s, {memory:.2f} GB held")
    told("files", f"{before} -> {len(files)}, {sum(p.stat().st_size for p in files) / 1e9:.2f} GB")
    part = [sys.executable, __file__, "--folder", str(folder), "--workers", str(arguments.workers), "--part"]
    opened = [json.loads(watched([*part, "open"])[2]) for _ in range(OPENINGS)]
    ok.append(judge("opening", statistics.median(run["open"] for run in opened), OPEN_SECONDS, "s"))
    seconds, held, text = watched([*part, "epoch"])
    found = json.loads(text)
    told("a fold", f"{found['fit']:.1f} s to fit the preprocessor, {found['arrays']:.1f} s for all arrays")
    for name, value in found["loading"].items():
        told("loading alone", f"{name}: {value:.0f} patients/s")
    told("compute alone", f"{found['compute']:.0f} patients/s; batches of 32, one thread")
    for count, value in found["ratios"].items():
        if int(count) != arguments.workers:
            told("epoch against compute alone", f"{value:.2f}  with {count} loading processes")
    ok.append(judge("epoch against compute alone", found["ratios"][str(arguments.workers)], EPOCH_RATIO, ""))
    ok.append(judge("memory held, largest of both", max(memory, held), MEMORY_GB, "GB"))
    told("load", f"{os.getloadavg()[0]:.1f} at the end, {os.cpu_count()} cores")
    return 0 if all(ok) else 1


def words(folder: Path) -> list[str]:
    """The run's configuration."""
    return ["name=scale", f"data.study={folder / 'study'}", f"runs={folder / 'runs'}"]


def told(what: str, value: str) -> None:
    """One line of the table."""
    print(f"{what:28} {value}", flush=True)


def judge(what: str, value: float, bound: float, unit: str) -> bool:
    """One line with its bound."""
    told(what, f"{value:.2f} {unit} (bound {bound:g}){'' if value <= bound else '  BEYOND'}")
    return value <= bound


def watched(command: list[str]) -> tuple[float, float, str]:
    """Seconds, GB that the command's processes held at most, and what it printed."""
    began, most = time.perf_counter(), 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, _held(process.pid))
            time.sleep(0.1)
        text = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise SystemExit(f"{command[-4:]} failed")
    return time.perf_counter() - began, most / 1e6, text


def _held(process: int) -> float:
    """kB of its own memory that a process and its children hold (Linux)."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        children = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8").split()
    except OSError:
        return 0.0
    own = next((float(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")), 0.0)
    return own + sum(_held(int(child)) for child in children)


def opening(folder: Path, workers: int) -> dict[str, Any]:
    """Seconds to open the prepared cohort, imports apart."""
    from tumorcast.cohort.prepared.opening import open_prepared
    from tumorcast.config import load_config

    config = load_config(words(folder))
    began = time.perf_counter()
    open_prepared(config, folder / "prepared")
    return {"open": time.perf_counter() - began}


def epoch(folder: Path, workers: int) -> dict[str, Any]:
    """A fold's preparation, loading alone, and training steps from the loader and from memory, in turns."""
    import torch

    from tumorcast.batches.dataset import CourseDataset, EpochSampler, SharedBatches, make_loader
    from tumorcast.cohort.preprocess import fit_preprocessor
    from tumorcast.config import load_config
    from tumorcast.training.workspace import open_workspace

    torch.set_num_threads(1)
    config = load_config([*words(folder), f"data.prepared={folder / 'prepared'}"])
    work = open_workspace(config)
    ids = [str(course_id) for course_id in work.cohort.courses.index]
    fit, prepared = timed(lambda: fit_preprocessor(
        work.cohort, ids[: len(ids) * 7 // 10], work.bags, work.network, work.gene_sets, config.data
    ))  # fmt: skip
    took, arrays = timed(lambda: prepared.all_arrays(work.cohort, ids, work.bags))
    dataset = CourseDataset(arrays, work.cohort.courses, config.training.max_tiles, seed=0)
    size = config.training.batch_size
    order = SharedBatches(Some(EpochSampler(dataset, 0), BATCHES * size), size)
    loading = {}
    for count in sorted({0, 1, 2, workers}):
        loader = make_loader(dataset, order, count)
        seconds = [timed(lambda: sum(1 for _ in loader))[0] for _ in range(ROUNDS)]  # noqa: B023
        loading[f"{count} processes"] = BATCHES * size / statistics.median(seconds)
        del loader
    loaders = {str(count): make_loader(dataset, order, count) for count in sorted({0, 1, workers})}
    memory = list(loaders["0"])
    step = training_step(config, prepared)
    step(memory[:2])
    turns = [
        {name: timed(lambda: step(batches))[0] for name, batches in {"memory": memory, **loaders}.items()}  # noqa: B023
        for _ in range(ROUNDS)
    ]
    seconds = {name: statistics.median(turn[name] for turn in turns) for name in turns[0]}
    alone = seconds.pop("memory")
    ratios = {name: value / alone for name, value in seconds.items()}
    return {
        "fit": fit,
        "arrays": took,
        "loading": loading,
        "compute": BATCHES * size / alone,
        "ratios": ratios,
    }


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what it gave."""
    began = time.perf_counter()
    value = work()
    return time.perf_counter() - began, value


class Some:
    """The first places of an order."""

    def __init__(self, order: Any, count: int) -> None:
        self.order, self.count = order, min(count, len(order))

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        return iter(list(self.order)[: self.count])


def training_step(config: Any, prepared: Any) -> Callable[[Iterable[Any]], None]:
    """Steps of the run's own network over batches."""
    import torch

    from tumorcast.nn.build import build_net
    from tumorcast.nn.losses import OutcomeLoss

    net = build_net(config.model, prepared).train()
    loss_of = OutcomeLoss(net.heads, net.ordinal)
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-3)

    def run(batches: Iterable[Any]) -> None:
        for batch in batches:
            optimiser.zero_grad()
            loss_of(net(batch.inputs).scores, batch.labels).backward()
            optimiser.step()

    return run


if __name__ == "__main__":
    sys.exit(main())
