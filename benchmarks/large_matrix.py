"""How long a large matrix takes to read and how much memory, against pandas' parse of the same file into float32.

    python benchmarks/large_matrix.py [--rows 20000] [--columns 11000] [--wanted 400] [--work FOLDER]

A tab-separated matrix of log2(TPM + 1) with two columns of identifiers is written to a temporary folder. Each way reads
it in a process of its own: seconds as multiples of pandas' C parser, peak memory of the process less what
the imports take as multiples of the whole float32 result.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.readers.matrix import read_expression
from tumorcast.readers.matrix_table import read_matrix

IDENTIFIERS = ("Hugo_Symbol", "Entrez_Gene_Id")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=11_000)
    parser.add_argument("--wanted", type=int, default=400)
    parser.add_argument("--work", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=words.work, prefix="large_matrix_") as folder:
        path = Path(folder) / "data_mrna.txt"
        names = write_matrix(path, words.rows, words.columns)
        print(f"{words.rows} x {words.columns}, {path.stat().st_size / 1e9:.2f} GB of text")
        result = words.rows * words.columns * 4
        base = None
        for name, way in ways(names, words.wanted).items():
            seconds, peak = measured(way, path)
            base = base or seconds
            print(f"{name:32s}{seconds:8.1f} s {seconds / base:7.2f} x   {peak / result:6.2f} x the result")


def ways(names: list[str], wanted: int) -> dict[str, Callable[[Path], object]]:
    """Name -> how the file is read; the first is the floor."""
    some = names[:: max(len(names) // wanted, 1)][:wanted]
    return {
        "pandas' C parser, float32": lambda path: pd.read_csv(
            path, sep="\t", dtype=dict.fromkeys(names, np.float32)
        ),
        "read_matrix": lambda path: read_matrix(path, IDENTIFIERS, []),
        f"read_matrix, {len(some)} samples": lambda path: read_matrix(path, IDENTIFIERS, [], some),
        "read_expression": lambda path: read_expression(path, "log2(TPM+1)", GeneTable.embedded(), []),
    }


def write_matrix(path: Path, rows: int, columns: int) -> list[str]:
    """Writes the matrix, four decimals, a fifth of it zero; returns the names of its samples."""
    random = np.random.default_rng(0)
    tpm = random.lognormal(1, 2, 1 << 16) * (random.random(1 << 16) > 0.2)
    words = np.array([f"{value:.4f}" for value in np.log2(tpm + 1)], object)
    names = [f"TCGA-{column:05d}-01" for column in range(columns)]
    with path.open("w") as file:
        file.write("\t".join([*IDENTIFIERS, *names]) + "\n")
        for row in range(rows):
            cells = words[random.integers(0, len(words), columns)]
            file.write(f"GENE{row}\t{row + 1}\t" + "\t".join(cells) + "\n")
    return names


def measured(way: Callable[[Path], object], path: Path) -> tuple[float, int]:
    """Seconds, and bytes of memory at the peak less those at the start, in a process of its own."""
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=_measure, args=(way, path, there))
    process.start()
    there.close()
    told: tuple[float, int] = here.recv()
    process.join()
    return told


def _measure(way: Callable[[Path], object], path: Path, told: Connection) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = perf_counter()
    way(path)
    seconds = perf_counter() - began
    told.send((seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024))


if __name__ == "__main__":
    main()
