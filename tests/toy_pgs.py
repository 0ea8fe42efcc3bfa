"""Small scoring files and VCFs for tests of polygenic scores."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from tumorcast.cli.main import main

COLUMNS = ("chr_name", "chr_position", "effect_allele", "other_allele", "effect_weight")
HEAD = ("##fileformat=VCFv4.2", "##contig=<ID=1,length=248956422,assembly=GRCh38>")


def write_scores(
    path: Path,
    rows: Sequence[Sequence[object]],
    columns: Sequence[str] = COLUMNS,
    head: Mapping[str, object] | None = None,
) -> Path:
    """A scoring file in format 2.0."""
    about = {"pgs_id": path.name.split(".")[0], "genome_build": "GRCh38"} if head is None else head
    lines = [f"#{key}={value}" for key, value in about.items()]
    lines += ["\t".join(columns), *("\t".join(map(str, row)) for row in rows)]
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def write_vcf(
    path: Path,
    records: Sequence[tuple[object, ...]],
    samples: Sequence[str] | None = None,
    head: Sequence[str] = HEAD,
) -> Path:
    """Records (chromosome, position, ref, alt, FORMAT, cell, cell, ...)."""
    names = samples or [f"s{n}" for n in range(len(records[0]) - 5)]
    lines = [
        *head,
        "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names]),
    ]
    for chromosome, position, ref, alt, keys, *cells in records:
        fields = (chromosome, position, ".", ref, alt, ".", "PASS", ".", keys, *cells)
        lines.append("\t".join(map(str, fields)))
    text = "\n".join(lines) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def scored(out: Path, *words: object) -> list[dict[str, str]]:
    """Rows of pgs.csv after the command."""
    assert main(["pgs", *map(str, words), "--out", str(out)]) == 0
    return read_csv(out / "pgs.csv")


def sums(out: Path, *words: object) -> list[float | None]:
    """Sums of pgs.csv, None where refused."""
    return [float(row["sum"]) if row["sum"] else None for row in scored(out, *words)]


def simulated(
    folder: Path, n_variants: int, n_samples: int, missing: float = 0.0, seed: int = 0
) -> tuple[Path, Path, np.ndarray, np.ndarray]:
    """(scoring file, VCF, weights, genotypes [n_variants, n_samples] as copies of ALT, -1 missing)."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.05, 0.95, n_variants)
    genotypes = rng.binomial(2, frequency[:, None], (n_variants, n_samples))
    genotypes[rng.random(genotypes.shape) < missing] = -1
    weights = rng.normal(0, 0.1, n_variants).round(6)
    cells = np.array(["0/0", "0/1", "1/1", "./."])[genotypes]
    at = [(1 + n % 22, 1000 + 10 * (n // 22)) for n in range(n_variants)]
    order = sorted(range(n_variants), key=lambda n: at[n])
    vcf = write_vcf(
        folder / "simulated.vcf.gz",
        [(*at[n], "A", "G", "GT", *cells[n]) for n in order],
        head=("##fileformat=VCFv4.2", *(f"##contig=<ID={n}>" for n in range(1, 23))),
    )
    scores = write_scores(
        folder / "SIM.txt.gz", [(*at[n], "G", "A", f"{weights[n]:.6f}") for n in range(n_variants)]
    )
    return scores, vcf, weights, genotypes
