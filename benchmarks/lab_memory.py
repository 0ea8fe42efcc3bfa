"""How much memory a prediction takes above its input: 100,000 tiles of any width, in their file and in memory.

    python benchmarks/lab_memory.py [--tiles 100000] [--dims 512 1024 1536 2560] [--members 5]

Each case is a process of its own that loads everything, predicts a course of 100 tiles, and only then the large one;
what its resident memory grows by from there is told (the input in memory is there already; of tiles in a file nothing
is).
Bound: 300 MB; beyond it the exit code is 1. Linux alone (it reads /proc).
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

BOUND_MB = 300


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tiles", type=int, default=100_000)
    parser.add_argument("--dims", type=int, nargs="+", default=[512, 1024, 1536, 2560])
    parser.add_argument("--members", type=int, default=5)
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.one:
        print(f"{grown(Path(words.one[0]), words.one[1] == 'file'):.0f}")
        return 0
    worst = 0.0
    for dim in words.dims:
        with tempfile.TemporaryDirectory() as folder:
            prepare(Path(folder), dim, words.tiles, words.members)
            for place in ("file", "memory"):
                call = [sys.executable, __file__, "--one", folder, place]
                told = subprocess.run(call, capture_output=True, text=True, check=True)
                mb = float(told.stdout.split()[-1])
                worst = max(worst, mb)
                verdict = "" if mb <= BOUND_MB else "  BEYOND THE BOUND"
                where = f"tiles in {place}"
                print(
                    f"{words.tiles} tiles of {dim}, {where}: {mb:.0f} MB above the input, bound {BOUND_MB}{verdict}"
                )
    return 0 if worst <= BOUND_MB else 1


def prepare(folder: Path, dim: int, n_tiles: int, members: int) -> None:
    """A bundle's graphs and a bag of tiles, half precision, written piece by piece."""
    import h5py
    from lab_model import ensemble, exported, preprocessor

    from tumorcast.cohort.preprocess_file import save_preprocessor

    prepared = preprocessor(dim)
    exported(ensemble(prepared, members), prepared, folder, 1)
    save_preprocessor(prepared, folder)
    random = np.random.default_rng(0)
    with h5py.File(folder / "bag.h5", "w") as file:
        stored = file.create_dataset("features", (n_tiles, dim), np.float16, chunks=(min(1024, n_tiles), dim))
        for start in range(0, n_tiles, 1024):
            count = min(1024, n_tiles - start)
            stored[start : start + count] = random.normal(size=(count, dim)).astype(np.float16)


def grown(folder: Path, stays_in_file: bool) -> float:
    """MB that the resident memory grows by in the prediction, at its peak."""
    from tumorcast.cohort.preprocess_file import load_preprocessor
    from tumorcast.export.probes import probe_course
    from tumorcast.serve.graphs import PredictorGraphs
    from tumorcast.serve.manifest import PREDICTOR_NAME, TILES_NAME
    from tumorcast.slides.store import read_features

    course = probe_course(load_preprocessor(folder), 0, 100, 30)
    graphs = PredictorGraphs(folder / PREDICTOR_NAME, folder / TILES_NAME)
    graphs.run([course])
    tiles = read_features(folder / "bag.h5", stay_in_file=stays_in_file).features
    Path("/proc/self/clear_refs").write_text("5")
    before = status_mb("VmRSS")
    graphs.run([replace(course, tiles=tiles)])
    return status_mb("VmHWM") - before


def status_mb(name: str) -> float:
    """A line of /proc/self/status, in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(f"{name}:")) / 1024


if __name__ == "__main__":
    sys.exit(main())
