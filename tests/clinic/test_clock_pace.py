"""DunedinPACE as it was published (Belsky 2022), written again here in plain Python: holes, quantiles, weighted sum."""

from __future__ import annotations

import csv
from bisect import bisect_left, bisect_right
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from toy_betas import write_betas
from tumorcast.clinic.clock.choose import OwnClock
from tumorcast.clinic.clock.write import Request, write_clock

INTERCEPT = -1.949859


def published(
    betas: pd.DataFrame, weights: dict[str, float], intercept: float, gold: dict[str, float]
) -> dict[str, float]:
    """Sample -> pace; `betas`: probe x sample, of samples with at least 80% of the probes.

    A probe measured in at least 80% of the samples gets their mean in the holes, any other its gold mean in all; then
    each sample's k-th smallest value becomes the k-th smallest gold mean, tied ones by their mean rank (between two
    ranks: the mean of both); then the weighted sum.
    """
    target, made = sorted(gold.values()), {}
    columns: dict[str, list[float]] = {sample: [] for sample in betas}
    for probe, mean in gold.items():
        row = [betas.at[probe, s] if probe in betas.index else float("nan") for s in betas]
        known = [value for value in row if value == value]
        is_common = len(known) >= 0.8 * len(row)
        for sample, value in zip(betas, row, strict=True):
            if not is_common:
                columns[sample].append(mean)
            else:
                columns[sample].append(value if value == value else sum(known) / len(known))
    for sample, values in columns.items():
        ordered, total = sorted(values), intercept
        for probe, value in zip(gold, values, strict=True):
            first = bisect_left(ordered, value)
            rank = first + (bisect_right(ordered, value) - first + 1) / 2
            low = int(rank)
            normal = target[low - 1] if rank == low else (target[low - 1] + target[low]) / 2
            total += weights.get(probe, 0.0) * normal
        made[sample] = total
    return made


def written(folder: Path, weights: dict[str, float], gold: dict[str, float]) -> OwnClock:
    folder.mkdir(exist_ok=True)
    rows = "".join(f"{probe},{weight!r}\n" for probe, weight in {**weights, "intercept": INTERCEPT}.items())
    (folder / "c.csv").write_text("CpGmarker,CoefficientTraining\n" + rows)
    (folder / "g.csv").write_text(
        "CpGmarker,mean\n" + "".join(f"{probe},{mean!r}\n" for probe, mean in gold.items())
    )
    return OwnClock(folder / "c.csv", "DunedinPACE", gold_means=folder / "g.csv")


def paces(folder: Path) -> dict[str, float]:
    with (folder / "counters.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["counter"] == "DunedinPACE"]
    return {row["sample"]: float(row["value"]) for row in rows if row["value"]}


@pytest.mark.parametrize("n_samples", [1, 3, 10])
@pytest.mark.parametrize("digits", [1, 2, 6])
def test_the_whole_chain_is_the_published_one(tmp_path: Path, n_samples: int, digits: int) -> None:
    rng = np.random.default_rng(n_samples * 10 + digits)
    probes = [f"cg{n:08d}" for n in range(300)]
    gold = dict(zip(probes, rng.beta(0.6, 0.6, 300).round(6).tolist(), strict=True))
    weights = dict(
        zip(rng.choice(probes, 60, replace=False).tolist(), rng.normal(size=60).tolist(), strict=True)
    )
    names = [f"S{n}" for n in range(n_samples)]
    table = pd.DataFrame(rng.random((300, n_samples)).round(digits), probes, names)
    table = table.mask(rng.random(table.shape) < 0.05)
    table = table.drop([probe for probe in rng.choice(probes, 6).tolist() if probe not in weights])
    own = written(tmp_path, weights, gold)
    path = write_betas(tmp_path / "b.csv", table.sample(frac=1, random_state=1))
    write_clock(
        [path], tmp_path, Request("blood", "EPIC", clocks=("DunedinPACE",), own=(own,), min_coverage=0.6)
    )
    told, expected = paces(tmp_path), published(table, weights, INTERCEPT, gold)
    assert set(told) == set(names)
    assert told == pytest.approx(expected, abs=1e-9)


def test_the_published_numbers_on_real_methylomes(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "EpiClocks" / "coefficients"
    weights = pd.read_csv(folder / "DunedinPACE.csv", index_col=0).iloc[:, 0]
    intercept = float(weights[weights.index.str.lower().str.contains("intercept")].iloc[0])
    weights = weights[~weights.index.str.lower().str.contains("intercept")]
    gold = pd.read_csv(folder / "DunedinPACE_Gold_Means.csv", index_col=0)["mean"]
    betas = pd.read_csv(shared_data / "EpiClocks" / "exampleBetas.csv.gz", index_col=0).T
    own = OwnClock(folder / "DunedinPACE.csv", gold_means=folder / "DunedinPACE_Gold_Means.csv")
    request = Request("blood", "450k", clocks=("DunedinPACE",), own=(own,), min_coverage=0.001)
    write_clock([shared_data / "EpiClocks" / "exampleBetas.csv.gz"], tmp_path, request)
    rng = np.random.default_rng(0)
    made = pd.DataFrame(
        {f"M{n}": (gold + rng.normal(0, 0.03, len(gold))).clip(0, 1).round(4) for n in range(3)}
    )
    for table, folder in ((betas, tmp_path), (made, tmp_path / "made")):
        expected = published(table, weights.to_dict(), intercept, gold.to_dict())
        if folder.name == "made":
            folder.mkdir()
            write_clock([write_betas(folder / "b.csv", made)], folder, request)
        told = {sample.removesuffix(".0"): value for sample, value in paces(folder).items()}
        assert told == pytest.approx({str(sample): value for sample, value in expected.items()}, abs=1e-9)
        assert all(0.5 < value < 1.6 for value in told.values())
