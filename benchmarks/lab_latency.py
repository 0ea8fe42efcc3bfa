"""The lab's latency against tuned eager torch on the same cores, timed in turns.

    python benchmarks/lab_latency.py [--tiles 1000 10000 50000] [--dim 1280] [--repeats 7] [--only predictor]

Predictor: one course of a fused ensemble, tiles in memory. Torch: `inference_mode`, oneDNN, denormals flushed, glibc
told to keep what it freed (MALLOC_*, for both), the best of one thread a core and one thread. Tile encoder: torch's
best of channels last or not, batches of 8 or 32, all cores on one batch or one batch a core; the lab as it is set.
Bounds: 1.0 and 0.6 times torch's median; beyond them the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from time import perf_counter

_KEEP = {
    "MALLOC_MMAP_THRESHOLD_": "1073741824",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "67108864",
}
PREDICTOR_BOUND, ENCODER_BOUND = 1.0, 0.6
_TILES_ENCODED = 64

Way = Callable[[], object]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, nargs="+", default=[1000, 10_000, 50_000])
    parser.add_argument("--dim", type=int, default=1280)
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--only", choices=["predictor", "encoder"])
    words = parser.parse_args()
    if os.name == "posix" and any(name not in os.environ for name in _KEEP):
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **_KEEP})
    within = []
    if words.only != "encoder":
        within.append(predictor(words.tiles, words.dim, words.members, words.repeats))
    if words.only != "predictor":
        within.append(encoder(words.repeats))
    return 0 if all(within) else 1


def predictor(sizes: list[int], dim: int, members: int, repeats: int) -> bool:
    """Latency of one course at several numbers of tiles."""
    import torch
    from lab_model import HEADS, ensemble, exported, preprocessor

    from tumorcast.cohort.packing import pack
    from tumorcast.export.predictor import FlatPredictor, network_inputs
    from tumorcast.export.probes import probe_course, with_tiles
    from tumorcast.slides.ort_session import available_cores

    cores = available_cores()
    torch.set_flush_denormal(True)
    prepared = preprocessor(dim)
    model = ensemble(prepared, members)
    flat = FlatPredictor(model, prepared, HEADS).eval()
    course = probe_course(prepared, 0, 500, 30)
    within = True
    with tempfile.TemporaryDirectory() as folder:
        graphs = exported(model, prepared, Path(folder), cores)
        for size in sizes:
            given = with_tiles(course, size)
            packed = pack([given])
            fed = {name: torch.from_numpy(packed[name]) for name in network_inputs(prepared)}

            def eager(threads: int, fed: dict[str, torch.Tensor] = fed) -> None:
                torch.set_num_threads(threads)
                with torch.inference_mode():
                    flat(**fed)

            ways = {f"{n} threads": lambda n=n, f=eager: f(n) for n in sorted({1, cores})}
            title = f"predictor, {size} tiles of {dim}, {members} members"
            within &= compared(title, ways, lambda g=given: graphs.run([g]), PREDICTOR_BOUND, repeats)
    return within


def encoder(repeats: int) -> bool:
    """Latency of the tile encoder, per tile."""
    import numpy as np
    import torch

    from tumorcast.cli.encode import open_encoder
    from tumorcast.nn.backbones import load_backbone
    from tumorcast.nn.tile_graph import TilesToFeatures
    from tumorcast.slides.ort_session import available_cores

    cores = available_cores()
    ours = open_encoder("efficientnet_lite0", device="cpu", allow_download=False)
    tiles = np.random.default_rng(0).integers(0, 256, (_TILES_ENCODED, 224, 224, 3), np.uint8)
    torch.set_flush_denormal(True)
    plain, last = (TilesToFeatures(load_backbone("efficientnet_lite0"), 224).eval() for _ in range(2))
    last.to(memory_format=torch.channels_last)

    def eager(module: torch.nn.Module, batch: int, lanes: int) -> None:
        def one(start: int) -> None:
            torch.set_num_threads(cores // lanes)
            with torch.inference_mode():
                module(torch.from_numpy(tiles[start : start + batch]))

        in_lanes(one, batch, lanes)

    ways: dict[str, Way] = {}
    for name, module in (("channels last", last), ("contiguous", plain)):
        for batch in (8, 32):
            for lanes in sorted({1, cores}):
                key = f"{name}, batch {batch}, {lanes} at once"
                ways[key] = lambda m=module, b=batch, n=lanes: eager(m, b, n)
    batch = ours.batch_tiles
    lab = lambda: in_lanes(lambda s: ours.encode(tiles[s : s + batch]), batch, ours.lanes)  # noqa: E731
    return compared(f"tile encoder, {_TILES_ENCODED} tiles", ways, lab, ENCODER_BOUND, repeats)


def in_lanes(one: Callable[[int], object], batch: int, lanes: int) -> None:
    """All tiles, in batches, several at once."""
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(one, range(0, _TILES_ENCODED, batch)))


def compared(title: str, torch_ways: dict[str, Way], lab: Way, bound: float, repeats: int) -> bool:
    """Torch's best setting is chosen first, then both take turns. True where the ratio of medians keeps the bound."""
    best = min(torch_ways, key=lambda name: timed(torch_ways[name], 3))
    timed(lab, 2)
    theirs, own = [], []
    for _ in range(repeats):
        theirs.append(timed(torch_ways[best], 1))
        own.append(timed(lab, 1))
    ratio = median(own) / median(theirs)
    verdict = "" if ratio <= bound else "  BEYOND THE BOUND"
    print(
        f"{title}: lab {1e3 * median(own):.1f} ms, torch {1e3 * median(theirs):.1f} ms ({best}); "
        f"ratio {ratio:.2f}, bound {bound:g}{verdict}",
        flush=True,
    )
    return ratio <= bound


def timed(way: Way, times: int) -> float:
    """Seconds, the shortest of several."""
    found = []
    for _ in range(times):
        start = perf_counter()
        way()
        found.append(perf_counter() - start)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
