"""Age acceleration: residuals of an independent least squares within tissue and platform, whatever ages are known."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from toy_betas import toy_methylomes, write_betas
from tumorcast.clinic.clock.write import Request, write_clock


def written(folder: Path, rows: list[tuple[str, str, str]]) -> list[dict[str, str]]:
    """acceleration.csv of samples S0, S1, ... with tissue, platform and age each."""
    text = "sample,tissue,platform,age\n" + "".join(f"S{n},{','.join(row)}\n" for n, row in enumerate(rows))
    (folder / "s.csv").write_text(text, encoding="utf-8")
    path = write_betas(folder / "b.csv", toy_methylomes(len(rows)))
    write_clock([path], folder, Request(sheet=folder / "s.csv", clocks=("Horvathv1", "Hannum")))
    with (folder / "acceleration.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_residuals_are_an_independent_least_squares_within_tissue_and_platform(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    kinds = [("blood", "450k"), ("blood", "EPIC"), ("saliva", "450k")]
    rows = [(*kinds[n % 3], f"{rng.uniform(20, 80):.1f}") for n in range(24)]
    rows += [("blood", "450k", word) for word in ("", "NA", "nan", "unknown", "-3", "900")]
    told = written(tmp_path, rows)
    assert {row["sample"] for row in told} == {f"S{n}" for n in range(24)}
    for clock in ("Horvathv1", "Hannum"):
        for tissue, platform in kinds:
            own = [r for r in told if (r["clock"], r["tissue"], r["platform"]) == (clock, tissue, platform)]
            if clock == "Hannum" and tissue == "saliva":
                assert own == []
                continue
            x = np.array([[1, float(row["given_age"])] for row in own])
            y = np.array([float(row["age_years"]) for row in own])
            expected = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
            assert [float(row["residual_years"]) for row in own] == pytest.approx(expected.tolist(), abs=1e-6)
            assert [float(row["difference_years"]) for row in own] == pytest.approx((y - x[:, 1]).tolist())
            assert {row["n_samples"] for row in own} == {"8"}


@pytest.mark.parametrize("ages", [["50"], ["50"] * 8, ["40", "60"] * 4, ["40", "50", "60", "70"]])
def test_too_little_for_a_line_gives_differences_and_no_residual(tmp_path: Path, ages: list[str]) -> None:
    told = written(tmp_path, [("blood", "450k", age) for age in ages])
    assert len(told) == 2 * len(ages)
    assert {row["residual_years"] for row in told} == {""}
    assert all(row["difference_years"] for row in told)
    assert (tmp_path / "clock.svg").read_text(encoding="utf-8").startswith("<svg")
