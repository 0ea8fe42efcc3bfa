"""How fast a bag opens, against one sequential read of its bytes and against other layouts of the same bag.

    python benchmarks/stores.py --work FOLDER [--tiles 15000] [--width 1536] [--repeats 9]

Every file is read in turns and all lie in the page cache; medians, and ratios of medians. "numbers as stored" stops at
float16, "as float32" is what the training set reads.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter

import h5py
import numpy as np

from tumorcast.slides.bag import CoordsAttrs, StoreAttrs
from tumorcast.slides.store import read_features, write_features


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--tiles", type=int, default=15_000)
    parser.add_argument("--width", type=int, default=1536)
    parser.add_argument("--repeats", type=int, default=9)
    words = parser.parse_args()
    words.work.mkdir(parents=True, exist_ok=True)
    ways = layouts(words.work, words.tiles, words.width)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(words.repeats):
        for name, way in ways.items():
            began = perf_counter()
            way()
            seconds[name].append(perf_counter() - began)
    base = median(seconds["sequential read of the bytes"])
    print(f"{words.tiles} x {words.width}, {words.repeats} turns, in units of one sequential read")
    for name, taken in seconds.items():
        print(f"{name:40s}{median(taken) / base:8.2f}  [{min(taken) / base:.2f}, {max(taken) / base:.2f}]")


def layouts(work: Path, tiles: int, width: int) -> dict[str, Callable[[], object]]:
    """Files of one bag and how each is read."""
    features = np.random.default_rng(0).normal(size=(tiles, width)).astype(np.float32)
    half = features.astype(np.float16)
    coords = np.zeros((tiles, 2), np.int64)
    ours = work / "ours.h5"
    write_features(ours, features, coords, StoreAttrs(), CoordsAttrs())
    half.tofile(work / "bytes.bin")
    rows = work / "one_row_chunks.h5"
    with h5py.File(rows, "w") as file:
        file.create_dataset("features", data=half, chunks=(1, width))
        file.create_dataset("coords", data=coords, chunks=(1, 2))
    packed = work / "gzip.h5"
    with h5py.File(packed, "w") as file:
        file.create_dataset("features", data=half, chunks=(1024, width), compression="gzip")
        file["coords"] = coords
    return {
        "sequential read of the bytes": lambda: (work / "bytes.bin").read_bytes(),
        "and as float32": lambda: np.fromfile(work / "bytes.bin", np.float16).astype(np.float32),
        "ours, numbers as stored": lambda: _stored(ours),
        "ours, as float32": lambda: read_features(ours),
        "one-row chunks, as float32": lambda: read_features(rows),
        "gzip, as float32": lambda: read_features(packed),
    }


def _stored(path: Path) -> np.ndarray:
    with h5py.File(path) as file:
        return file["features"][()]


if __name__ == "__main__":
    main()
