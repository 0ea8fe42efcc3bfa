"""A training step of the fused network (slide, mutation graph, expression): time a patient and peak memory, beside the
projection of the tiles alone and beside published networks trained one patient at a time.

    python benchmarks/train_step.py [--tiles 1000 4000 16000 100000] [--widths 32 256] [--repeats 5] [--only memory]

Tiles are 1,024 wide, in half precision. The floor is `Linear(1024, W)` forward and backward on the same tiles in
float32, all of the batch at once. Co-attention (MCAT) and pathway-tile attention (SurvPath) are `tumorcast.nn.rivals`
at their published width, one patient a step as their authors train them. All take turns; medians are told.
Bounds, beyond which the exit code is 1: on a CPU at 16,000 tiles 1.5 times the floor and 0.5 of SurvPath; 2 GB above
the weights at 100,000 tiles (tiles included; Linux alone: /proc is read). On a GPU 10 times the patients a second of
either published network; there the share of the memory bandwidth that reading the tiles once would fill is told.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from time import perf_counter

import numpy as np
import torch
from lab_memory import status_mb
from lab_model import preprocessor
from torch import Tensor, nn

from tumorcast.batches.batch import CourseInputs, CourseLabels, inputs_from
from tumorcast.cohort.packing import pack
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.config.models import ModelConfig
from tumorcast.export.probes import probe_course
from tumorcast.nn.build import build_net
from tumorcast.nn.losses import OutcomeLoss

DIM, MOST_TILES, MOST_COURSES, GENES = 1024, 131_072, 32, 60
MODALITIES = ("slide", "mutations", "expression")
FLOOR_BOUND, RIVAL_BOUND, MEMORY_BOUND_MB, GPU_BOUND = 1.5, 0.5, 2048, 10.0
BOUND_AT, MEMORY_AT = 16_000, 100_000

Way = Callable[[], None]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, nargs="+", default=[1000, 4000, 16_000, 100_000])
    parser.add_argument("--widths", type=int, nargs="+", default=[ModelConfig().width, 256])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--only", choices=["time", "memory"])
    parser.add_argument("--peak", nargs=2, type=int, help=argparse.SUPPRESS)
    words = parser.parse_args()
    torch.set_num_threads(words.threads)
    if words.peak:
        print(f"{peak_mb(*words.peak):.0f}")
        return 0
    within = True
    for width in words.widths:
        for count in words.tiles:
            if words.only != "memory":
                within &= times(width, count, words.repeats, torch.device("cpu"))
            if words.only != "time":
                within &= memory(width, count)
            if words.only != "memory" and torch.cuda.is_available():
                within &= times(width, count, words.repeats, torch.device("cuda"))
    if not torch.cuda.is_available():
        print("GPU: skipped, torch sees none here")
    return 0 if within else 1


def times(width: int, tiles: int, repeats: int, device: torch.device) -> bool:
    """Milliseconds a patient of each way, and the ratios with their bounds."""
    courses = max(1, min(MOST_COURSES, MOST_TILES // tiles))
    ways = made_ways(width, tiles, courses, device)
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(repeats + 1):
        for name, (way, patients) in ways.items():
            seconds = timed(way, device) / patients
            if turn:
                taken[name].append(1e3 * seconds)
    ms = {name: median(found) for name, found in taken.items()}
    told = ", ".join(f"{name} {value:.1f}" for name, value in ms.items())
    print(
        f"{device.type}, {tiles} tiles, width {width}, {courses} courses a batch, ms a patient: {told}",
        flush=True,
    )
    if device.type == "cuda":
        share = tiles * DIM * 2 / bandwidth(device) / (ms["packed"] / 1e3)
        print(f"  {1e3 / ms['packed']:.0f} patients/s; reading the tiles once is {share:.2f} of the time")
        kept = [ratio(ms, "packed", name, GPU_BOUND, True) for name in ("mcat", "survpath")]
        return all(kept)
    at_bound = tiles == BOUND_AT
    ratio(ms, "packed", "one by one", None)
    ratio(ms, "packed", "mcat", None)
    against = {"floor": FLOOR_BOUND, "survpath": RIVAL_BOUND}
    kept = [ratio(ms, "packed", name, bound if at_bound else None) for name, bound in against.items()]
    return all(kept)


def ratio(ms: dict[str, float], own: str, other: str, bound: float | None, is_faster: bool = False) -> bool:
    """Tells time against time (or, the other way round, how many times as fast); True within the bound."""
    found = ms[other] / ms[own] if is_faster else ms[own] / ms[other]
    within = bound is None or (found >= bound if is_faster else found <= bound)
    limit = "" if bound is None else f", bound {bound:g}{'' if within else '  BEYOND THE BOUND'}"
    print(f"  {'speed against' if is_faster else 'against'} {other}: {found:.2f}{limit}", flush=True)
    return within


def made_ways(width: int, tiles: int, courses: int, device: torch.device) -> dict[str, tuple[Way, int]]:
    """What takes turns, and how many patients each serves."""
    prepared = preprocessor(DIM).narrowed(MODALITIES)
    alone = [batch(prepared, tiles, 1, seed).to(device) for seed in range(min(courses, 4))]
    together = batch(prepared, tiles, courses, 0).to(device)
    torch.manual_seed(0)
    own = stepper(ModelConfig(width=width), prepared, device)
    single = stepper(ModelConfig(width=width), prepared, device)
    linear, wide = nn.Linear(DIM, width).to(device), together.tiles.float()
    up = torch.randn(len(wide), width, device=device)

    def floor() -> None:
        linear.zero_grad()
        linear(wide).backward(up)

    def one_by_one() -> None:
        for each in alone:
            single(each)

    ways: dict[str, tuple[Way, int]] = {
        "packed": (lambda: own(together), courses),
        "one by one": (one_by_one, len(alone)),
        "floor": (floor, courses),
    }
    for kind in ("mcat", "survpath"):
        step = stepper(ModelConfig(kind=kind), prepared, device)
        ways[kind] = (lambda step=step: step(alone[0]), 1)  # type: ignore[misc]
    return ways


def batch(prepared: Preprocessor, tiles: int, courses: int, seed: int) -> CourseInputs:
    """Courses with that many tiles each, in half precision, and 60 altered genes."""
    random = np.random.default_rng(seed)
    given = [
        replace(
            probe_course(prepared, seed + i, 1, GENES),
            tiles=random.standard_normal((tiles, DIM), np.float32).astype(np.float16),
        )
        for i in range(courses)
    ]
    return inputs_from(pack(given), prepared.layer_names)


def stepper(
    model: ModelConfig, prepared: Preprocessor, device: torch.device
) -> Callable[[CourseInputs], None]:
    """One step of training: forward, losses, backward, optimiser; anchors' scores are at hand, as they are there."""
    net = build_net(model, prepared).to(device).train()
    is_anchored = model.kind == "tumorcast" and model.anchors
    outcome = OutcomeLoss(net.heads, net.ordinal)
    optimiser = torch.optim.AdamW(net.parameters())

    def step(inputs: CourseInputs) -> None:
        count = len(inputs.is_present)
        label = torch.arange(count, device=device) % 2.0
        labels = CourseLabels(*(label for _ in CourseLabels._fields))
        optimiser.zero_grad()
        known = (inputs.treatment.new_zeros(count, len(net.modalities) + 1, len(net.heads)),) * is_anchored
        output = net(inputs, *known)
        loss: Tensor = outcome(output.scores, labels)
        for m in range(output.read_outs.shape[1]):
            loss = loss + model.auxiliary_weight * outcome(output.read_outs[:, m], labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()

    return step


def timed(way: Way, device: torch.device) -> float:
    """Seconds, the device's work included."""
    start = perf_counter()
    way()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return perf_counter() - start


def bandwidth(device: torch.device) -> float:
    """Bytes a second that a copy within the device's memory moves."""
    source = torch.empty(2**28, device=device)
    target = torch.empty_like(source)
    taken = [timed(lambda: _copy(target, source), device) for _ in range(5)]
    return 2 * source.nbytes / min(taken[1:])


def _copy(target: Tensor, source: Tensor) -> None:
    target.copy_(source)


def memory(width: int, tiles: int) -> bool:
    """Peak of a process of its own above its weights, for one patient."""
    call = [sys.executable, __file__, "--peak", str(width), str(tiles)]
    mb = float(subprocess.run(call, capture_output=True, text=True, check=True).stdout.split()[-1])
    bound = f", bound {MEMORY_BOUND_MB}" if tiles == MEMORY_AT else ""
    within = not bound or mb <= MEMORY_BOUND_MB
    verdict = "" if within else "  BEYOND THE BOUND"
    print(f"cpu, {tiles} tiles, width {width}: {mb:.0f} MB above the weights{bound}{verdict}", flush=True)
    return within


def peak_mb(width: int, tiles: int) -> float:
    """MB that the resident memory grows by at its peak: the tiles, and a step on them."""
    prepared = preprocessor(DIM).narrowed(MODALITIES)
    step = stepper(ModelConfig(width=width), prepared, torch.device("cpu"))
    step(batch(prepared, 100, 1, 0))
    before = status_mb("VmRSS")
    inputs = grown_batch(prepared, tiles)
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")
    step(inputs)
    return status_mb("VmHWM") - before


def grown_batch(prepared: Preprocessor, tiles: int) -> CourseInputs:
    """One course, its tiles written piece by piece: making them takes no more room than they do."""
    inputs = batch(prepared, 1, 1, 0)
    rows = torch.empty(tiles, DIM, dtype=torch.float16)
    for part in rows.split(1024):
        part.copy_(torch.randn(len(part), DIM))
    return inputs._replace(tiles=rows, tile_course=torch.zeros(tiles, dtype=torch.int64))


if __name__ == "__main__":
    sys.exit(main())
