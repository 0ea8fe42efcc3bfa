"""Clocks against biolearn (BSD): made-up betas with holes, and five real methylomes. Importing it takes seconds."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toy_betas import shipped_probes, toy_betas, toy_methylomes, with_holes, write_betas
from tumorcast.biology.clocks.clock import known_clocks
from tumorcast.biology.clocks.quantiles import matched_to
from tumorcast.clinic.clock.choose import OwnClock
from tumorcast.clinic.clock.write import Request, write_clock
from tumorcast.readers.clock_coefficients import read_coefficients

pytestmark = pytest.mark.heavy

SHIPPED = [clock.name for clock in known_clocks().values() if clock.state == "shipped" and clock.probes]
AGES = {clock.name for clock in known_clocks().values() if clock.kind == "age"}
OWN = {"PEDBE": "PEDBE.csv", "Horvathv2": "Horvath2.csv", "PhenoAge": "PhenoAge.csv", "MiAge": "MiAge.csv"}


@pytest.fixture(scope="module")
def biolearn() -> Any:
    """The installed package."""
    return pytest.importorskip("biolearn")


@pytest.fixture(scope="module")
def files(biolearn: Any) -> Path:
    """Its tables."""
    return Path(biolearn.__file__).parent / "data"


def oracle(betas: pd.DataFrame, names: list[str], how: str | None = None) -> dict[tuple[str, str], float]:
    """(sample, clock) -> what biolearn predicts for probe x sample."""
    from biolearn.data_library import GeoData
    from biolearn.model_gallery import ModelGallery

    gallery, data = ModelGallery(), GeoData(pd.DataFrame(index=betas.columns), betas)
    return {
        (str(sample), name): float(value)
        for name in names
        for sample, value in gallery.get(name, how).predict(data)["Predicted"].items()
    }


def ours(out: Path) -> dict[tuple[str, str], float]:
    """(sample, clock) -> value, of both tables, where there is one."""
    told = {}
    for name, key, value in (("clock.csv", "clock", "age_years"), ("counters.csv", "counter", "value")):
        with (out / name).open(encoding="utf-8", newline="") as file:
            told |= {
                (row["sample"], row[key]): float(row[value]) for row in csv.DictReader(file) if row[value]
            }
    return told


def medians_of(files: Path, probes: Iterable[str]) -> pd.Series:
    return pd.read_csv(files / "sesame_450k_median.csv", index_col=0).iloc[:, 0].reindex(list(probes))


def reference_of(files: Path, probes: Iterable[str], folder: Path) -> Path:
    """Its medians for some probes."""
    medians_of(files, probes).dropna().to_csv(folder / "medians.csv", index_label="probe")
    return folder / "medians.csv"


def own_clocks(files: Path) -> tuple[OwnClock, ...]:
    return tuple(OwnClock(files / file, name) for name, file in OWN.items())


def need_equal(told: dict[tuple[str, str], float], expected: dict[tuple[str, str], float]) -> None:
    """To 1e-5 in years; divisions, thousands of them found by a search, to 1e-5 of their number too."""
    for key, value in told.items():
        assert value == pytest.approx(expected[key], abs=1e-5, rel=1e-8 if key[1] != "MiAge" else 1e-5), key


def test_every_clock_is_biolearns_on_made_up_betas(tmp_path: Path, files: Path) -> None:
    probes = {probe for file in OWN.values() for probe in read_coefficients(files / file).probes}
    names = sorted(probes | set(shipped_probes()))
    betas = toy_betas(6, names).mul(0.2).add(0.8 * medians_of(files, names), axis=0).fillna(0.5)
    betas = with_holes(betas)
    path = write_betas(tmp_path / "b.csv", betas)
    reference = reference_of(files, names, tmp_path)
    expected = oracle(betas, [*SHIPPED, *OWN])
    for tissue in ("blood", "buccal"):
        out = tmp_path / tissue
        own = own_clocks(files)
        write_clock([path], out, Request(tissue, "450k", own=own, reference=reference, min_coverage=0.5))
        told = ours(out)
        read = {name for _, name in told}
        assert read == ({*SHIPPED, *OWN} - {"PEDBE"} if tissue == "blood" else read | {"PEDBE", "Horvathv1"})
        need_equal(told, expected)


def test_the_mean_of_the_samples_is_biolearns_averaging(tmp_path: Path, biolearn: Any) -> None:
    names = shipped_probes()
    betas = toy_methylomes(4, names)
    betas.iloc[::5, 0] = np.nan
    path = write_betas(tmp_path / "b.csv", betas)
    write_clock([path], tmp_path, Request("blood", "450k", imputation="mean", min_coverage=0.5))
    told = ours(tmp_path)
    assert {name for _, name in told} == set(SHIPPED)
    need_equal(told, oracle(betas, SHIPPED, "averaging"))


def test_every_clock_is_biolearns_on_real_methylomes(tmp_path: Path, shared_data: Path, files: Path) -> None:
    folder = shared_data / "EpiClocks"
    betas = pd.read_csv(folder / "exampleBetas.csv.gz", index_col=0).T
    names = {*betas.index, *shipped_probes(), *read_coefficients(files / OWN["Horvathv2"]).probes}
    request = Request(
        "blood", "450k", folder / "examplePheno.csv", own=own_clocks(files)[1:3],
        reference=reference_of(files, names, tmp_path), min_coverage=0.01,
    )  # fmt: skip
    write_clock([folder / "exampleBetas.csv.gz"], tmp_path, request)
    told = ours(tmp_path)
    assert {name for _, name in told} >= set(SHIPPED) | {"PhenoAge", "Horvathv2"}
    need_equal(told, oracle(betas, [*SHIPPED, *OWN]))
    write_clock(
        [folder / "exampleBetas.csv.gz"], tmp_path, Request("blood", "450k", folder / "examplePheno.csv")
    )
    assert {name for (_, name) in ours(tmp_path)} == set(SHIPPED) - {"Lin", "VidalBralo"}
    assert (tmp_path / "clock.svg").is_file()


def transformation(made: Any) -> tuple[str, float]:
    """(name, intercept) of one of biolearn's transformations, told by what it makes of numbers."""
    if made is None:
        return "identity", 0.0
    start = float(made(0.0))
    if made(-50.0) >= 0 and made(50.0) <= 1:
        return "logistic", float(np.log(start / (1 - start)))
    if abs(made(1.0) - start - 1) < 1e-9 and abs(made(2.0) - made(1.0) - 1) < 1e-9:
        return "identity", start
    return "horvath", (start - 20) / 21 if start >= 20 else float(np.log((start + 1) / 21))


def test_every_linear_model_of_biolearn_works_from_its_file(tmp_path: Path, files: Path) -> None:
    from biolearn.model import model_definitions

    models = {
        name: one["model"]
        for name, one in model_definitions.items()
        if one["model"]["type"] == "LinearMethylationModel" and "preprocess" not in one["model"]
    }
    assert len(models) > 40
    for name, model in models.items():
        coefficients = read_coefficients(files / model["file"])
        rng = np.random.default_rng(5)
        values = rng.uniform(0.3, 0.7, (len(coefficients.probes), 3)).round(5)
        betas = pd.DataFrame(values, list(coefficients.probes), ["A", "B", "C"])
        form, intercept = transformation(model.get("transform"))
        own = OwnClock(
            files / model["file"], f"own {name}", form, None if coefficients.intercept is not None else intercept,
            "years" if form == "horvath" or name in AGES else "score", ("any",),
        )  # fmt: skip
        path = write_betas(tmp_path / "b.csv", betas)
        write_clock([path], tmp_path, Request("normal", "EPICv2", clocks=(f"own {name}",), own=(own,)))
        told, expected = ours(tmp_path), oracle(betas, [name], "none")
        assert len(told) == 3, name
        need_equal({(sample, name): value for (sample, _), value in told.items()}, expected)


def test_quantiles_are_matched_as_biolearn_matches_them(biolearn: Any) -> None:
    from biolearn.dunedin_pace import quantile_normalize_using_target

    rng = np.random.default_rng(3)
    betas, gold = rng.random((3, 400)).round(2), rng.random(400)
    expected = quantile_normalize_using_target(betas.T.copy(), gold.tolist())
    np.testing.assert_allclose(matched_to(betas, gold), expected.T, atol=1e-12)
