"""Polygenic scores beside PLINK 2: time, peak memory and the largest difference of sums, on a simulated VCF.

    python benchmarks/pgs.py [--variants 100000] [--samples 2500] [--scored 1.0] [--missing 0.0] [--folder F]

Ours is one run of `tumorcast pgs` on VCF and scoring file; PLINK 2's is `--vcf --score` on the same VCF, which it
first converts. Both are processes of their own on `--threads` threads. Sums are also compared with those that numpy
makes of the simulated genotypes. Beyond a difference of 1e-5 the exit code is 1. Where PLINK 2 is not
installed, it says so. Linux alone.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

BOUND = 1e-5
_ROWS_AT_ONCE = 500


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=2_500)
    parser.add_argument("--scored", type=float, default=1.0, help="share of the VCF's variants in the score")
    parser.add_argument("--missing", type=float, default=0.0, help="share of genotypes missing")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where to keep the simulated files")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = words.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        exact = simulate(folder, words)
        size = (folder / "g.vcf.gz").stat().st_size / 1e6
        print(f"{words.variants:,} variants x {words.samples:,} samples, {size:,.0f} MB gzipped", flush=True)
        ours = timed(
            [sys.executable, "-m", "tumorcast.cli.main", "pgs", "s.txt", "g.vcf.gz", "--out", "ours"], folder
        )
        told("tumorcast", ours)
        found = sums_of(folder / "ours" / "pgs.csv", ",", "sample", "sum")
        worst = difference("numpy", found, {f"s{n}": value for n, value in enumerate(exact)})
        if shutil.which("plink2") is None:
            print("plink2 is not installed: not compared with it")
            return int(worst > BOUND)
        call = [
            "plink2",
            "--vcf",
            "g.vcf.gz",
            "--score",
            "plink.txt",
            "header",
            "cols=+scoresums",
            "--out",
            "plink",
        ]
        call += ["--bad-freqs"] if words.samples < 50 else []
        theirs = timed([*call, "--threads", str(words.threads)], folder)
        told("plink2", theirs)
        print(f"time, ours over plink2's: {ours[0] / theirs[0]:.2f}")
        sums = sums_of(folder / "plink.sscore", "\t", "#IID", "SCORE1_SUM")
        worst = max(worst, difference("plink2 (six digits)", found, sums))
    return int(worst > BOUND)


def simulate(folder: Path, words: argparse.Namespace) -> np.ndarray:
    """Write VCF and scoring files; exact sums, missing genotypes at the mean."""
    rng = np.random.default_rng(0)
    exact = np.zeros(words.samples)
    cells = np.array([b"0/0\t", b"0/1\t", b"1/1\t", b"./.\t"]).view(np.uint8).reshape(4, -1)[:, :4]
    is_scored = rng.random(words.variants) < words.scored
    weights = rng.normal(0, 1 / np.sqrt(words.variants), words.variants).round(9)
    with (
        gzip.open(folder / "g.vcf.gz", "wb", compresslevel=1) as vcf,
        (folder / "s.txt").open("w", encoding="utf-8") as scores,
        (folder / "plink.txt").open("w", encoding="utf-8") as plink,
    ):
        contigs = "".join(f"##contig=<ID={n}>\n" for n in range(1, 23))
        names = "\t".join(f"s{n}" for n in range(words.samples))
        head = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
        vcf.write(f"##fileformat=VCFv4.2\n{contigs}{head}\t{names}\n".encode())
        scores.write("#pgs_id=SIM\nchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n")
        plink.write("ID\tA\tW\n")
        for first in range(0, words.variants, _ROWS_AT_ONCE):
            at = np.arange(first, min(first + _ROWS_AT_ONCE, words.variants))
            copies = _copies(rng, len(at), words.samples)
            is_gone = (
                rng.random(copies.shape) < words.missing if words.missing else np.zeros(copies.shape, bool)
            )
            n_read = np.maximum((~is_gone).sum(axis=1), 1)
            mean = np.where(is_gone, 0, copies).sum(axis=1) / n_read
            exact += (weights[at] * is_scored[at]) @ np.where(is_gone, mean[:, None], copies)
            text = cells[np.where(is_gone, 3, copies)].reshape(len(at), -1)
            for n, row in zip(at.tolist(), text):
                chromosome, position = 1 + n * 22 // words.variants, 1000 + 20 * n
                name = f"{chromosome}:{position}"
                vcf.write(f"{chromosome}\t{position}\t{name}\tA\tG\t.\t.\t.\tGT\t".encode())
                vcf.write(row[:-1].tobytes() + b"\n")
                if is_scored[n]:
                    scores.write(f"{chromosome}\t{position}\tG\tA\t{weights[n]:.9f}\n")
                    plink.write(f"{name}\tG\t{weights[n]:.9f}\n")
    return exact


def _copies(rng: np.random.Generator, n_rows: int, n_samples: int) -> np.ndarray:
    limit = rng.integers(5, 250, (n_rows, 1), np.uint8)
    one, two = (rng.integers(0, 255, (n_rows, n_samples), np.uint8) < limit for _ in range(2))
    return one.astype(np.int8) + two


def timed(call: list[str], folder: Path) -> tuple[float, float]:
    """(seconds, peak MB) of a process."""
    start = time.perf_counter()
    process = subprocess.Popen(call, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr is not None
    error = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if status:
        raise SystemExit(f"{call[0]} failed: {error.decode()[-2000:]}")
    return seconds, used.ru_maxrss / 1024


def told(name: str, run: tuple[float, float]) -> None:
    print(f"{name}: {run[0]:.1f} s, peak {run[1]:.0f} MB", flush=True)


def sums_of(path: Path, separator: str, sample: str, column: str) -> dict[str, float]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row[sample]: float(row[column]) for row in csv.DictReader(file, delimiter=separator)}


def difference(name: str, ours: dict[str, float], theirs: dict[str, float]) -> float:
    worst = max(abs(ours[sample] - theirs[sample]) for sample in theirs)
    print(
        f"largest difference from {name}: {worst:.2g}{'' if worst <= BOUND else '  BEYOND THE BOUND'}",
        flush=True,
    )
    return worst


if __name__ == "__main__":
    sys.exit(main())
