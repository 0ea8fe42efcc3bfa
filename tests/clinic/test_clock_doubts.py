"""`tumorcast clock` on what is no methylome, no age and no tissue of the host: what is warned of, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toy_betas import shipped_probes, toy_betas, toy_methylomes, with_holes, write_betas
from tumorcast.biology.clocks.clock import known_clocks
from tumorcast.biology.clocks.transforms import transformed
from tumorcast.clinic.clock.choose import OwnClock
from tumorcast.clinic.clock.write import Request, write_clock
from tumorcast.domain.errors import InputError
from tumorcast.readers.probe_manifest import ARRAYS

BLOOD = Request("blood", "450k")
AGES = ("Horvathv1", "Hannum", "Lin", "Weidner", "VidalBralo")


def samples(folder: Path) -> dict[str, dict[str, Any]]:
    """Sample -> what clock.json says of it, its readings by clock."""
    loaded = json.loads((folder / "clock.json").read_text(encoding="utf-8"))
    return {
        one["sample"]: one | {"readings": {reading["clock"]: reading for reading in one["readings"]}}
        for one in loaded["samples"]
    }


def by_hand(name: str, betas: pd.Series) -> float:
    """Sum of weights and betas, and what becomes of it."""
    clock = known_clocks()[name]
    total = sum(w * betas[probe] for probe, w in zip(clock.probes, clock.numbers["weight"], strict=True))
    return float(transformed(np.array([total + clock.intercept]), clock.formula)[0])  # type: ignore[arg-type]


@pytest.mark.parametrize("clock", AGES)
@pytest.mark.parametrize("kind", ["constant", "random", "inner"])
def test_made_up_betas_give_the_sum_that_is_reckoned_by_hand(tmp_path: Path, clock: str, kind: str) -> None:
    rng, probes = np.random.default_rng(4), list(known_clocks()[clock].probes)
    values = {
        "constant": np.full((len(probes), 3), 0.5), "random": rng.random((len(probes), 3)),
        "inner": rng.uniform(0.2, 0.8, (len(probes), 3)),
    }[kind]  # fmt: skip
    table = pd.DataFrame(values, probes, ["A", "B", "C"]).round(6)
    told = write_clock([write_betas(tmp_path / "b.csv", table)], tmp_path, BLOOD)
    for sample, one in samples(tmp_path).items():
        assert one["readings"][clock]["value"] == pytest.approx(by_hand(clock, table[sample]), abs=1e-9)
        assert any("methylome" in note for note in one["notes"])
    if len(probes) >= 50:
        assert told[0] == (
            "WARNING: the values of 3 of 3 samples are unlike any methylome: their numbers are arithmetic, not ages"
        )
        assert "\nWARNING: the values are unlike" in (tmp_path / "clock.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("tissue", ["blood", "tumour"])
def test_a_whole_array_that_is_no_methylome_is_refused_alone(tmp_path: Path, tissue: str) -> None:
    table, rng = toy_methylomes(4), np.random.default_rng(1)
    table["all high"], table["random"] = 0.98, rng.random(len(table))
    table["bimodal"] = rng.beta(0.3, 0.3, len(table))
    table["shuffled"] = rng.permutation(table["S0"])
    n_more = ARRAYS["27k"] // 2 - len(table) + 9
    rest = pd.DataFrame(0.4, [f"cg9{n:07d}" for n in range(n_more)], table.columns)
    for clocks in (None, ("Weidner",)):
        request = Request(tissue, "27k", clocks=clocks)
        write_clock([write_betas(tmp_path / "b.csv", pd.concat([table, rest]))], tmp_path, request)
        told = samples(tmp_path)
        for sample in ("all high", "random", "bimodal", "shuffled"):
            codes = {one["refusal"]["code"] for one in told[sample]["readings"].values()}
            assert codes == {"no_methylome"}
        is_read = any(one["value"] is not None for one in told["S0"]["readings"].values())
        assert is_read is (tissue == "blood" or clocks is None)


def test_an_age_of_nobody_is_warned_of_and_a_monstrous_one_refused(tmp_path: Path) -> None:
    table = toy_methylomes(2)
    table.loc[["cg02228185", "cg25809905", "cg17861230"], "S1"] = [0.98, 0.02, 0.98]
    path = write_betas(tmp_path / "b.csv", table)
    told = write_clock([path], tmp_path, BLOOD)
    readings = {sample: one["readings"]["Weidner"] for sample, one in samples(tmp_path).items()}
    assert readings["S0"]["notes"] == []
    assert readings["S1"]["value"] > 120
    assert "no age of a person" in readings["S1"]["notes"][0]
    assert told[0] == "WARNING: 1 ages are no person's (see clock.txt)"
    file = tmp_path / "c.csv"
    file.write_text("probe,weight\nintercept,0\ncg02228185,2193\n")
    own = OwnClock(file, transform="identity")
    write_clock([path], tmp_path, Request("blood", "450k", clocks=("c",), own=(own,)))
    one = samples(tmp_path)["S1"]["readings"]["c"]
    assert one["value"] is None
    assert one["refusal"]["code"] == "implausible_age"


def test_percentages_never_give_thousands_of_years(tmp_path: Path) -> None:
    for name in AGES:
        table = toy_betas(3, known_clocks()[name].probes) * 100
        write_clock([write_betas(tmp_path / "b.csv", table)], tmp_path, BLOOD)
        for sample, one in samples(tmp_path).items():
            value = one["readings"][name]["value"]
            assert value == pytest.approx(by_hand(name, table[sample] / 100))


@pytest.mark.parametrize("how", ["hybrid", "mean", "reference", "none"])
def test_a_sample_that_is_refused_for_its_holes_changes_no_other(tmp_path: Path, how: str) -> None:
    table = toy_methylomes(2)
    table.loc[table.index[::2], "S1"] = np.nan
    request = Request("blood", "450k", imputation=how)
    write_clock([write_betas(tmp_path / "b.csv", table)], tmp_path / "two", request)
    write_clock([write_betas(tmp_path / "b.csv", table[["S0"]])], tmp_path / "one", request)
    two, one = samples(tmp_path / "two"), samples(tmp_path / "one")
    assert two["S1"]["readings"]["Horvathv1"]["refusal"]["code"] == "coverage"
    for clock, reading in two["S1"]["readings"].items():
        if reading["refusal"] is not None:
            assert two["S0"]["readings"][clock] == one["S0"]["readings"][clock]
    assert two["S0"]["readings"]["Horvathv1"]["value"] == pytest.approx(by_hand("Horvathv1", table["S0"]))


def test_biolearns_words_for_imputation(tmp_path: Path) -> None:
    path = write_betas(tmp_path / "b.csv", with_holes(toy_methylomes(6)))
    pairs = {"averaging": "mean", "sesame_450k": "hybrid", "biolearn": "hybrid", "None": "none"}
    for theirs, ours in pairs.items():
        made = []
        for word in (theirs, ours):
            write_clock([path], tmp_path / word, Request("blood", "450k", imputation=word, min_coverage=0.5))
            made.append((tmp_path / word / "clock.csv").read_text(encoding="utf-8"))
        assert made[0] == made[1]


def tumours(folder: Path) -> set[str]:
    """Samples of which no age is given, for they are tumours."""
    return {
        sample for sample, one in samples(folder).items()
        if {one["readings"][clock]["refusal"]["code"] for clock in AGES if one["readings"][clock]["refusal"]}
        == {"tumour_tissue"} and all(one["readings"][clock]["value"] is None for clock in AGES)
    }  # fmt: skip


@pytest.mark.parametrize(
    "column", ["SAMPLE_TYPE", "Sample Type", "source_name_ch1", "tissue:ch1", "SAMPLE_CLASS"]
)
@pytest.mark.parametrize(
    ("word", "is_tumour"),
    [
        ("Primary Tumor", True), ("Primary", True), ("Metastatic", True), ("Recurrent", True),
        ("Primary Blood Derived Cancer - Peripheral Blood", True), ("Blood Derived Normal", False),
        ("Solid Tissue Normal", False), ("whole blood", False), ("", False),
    ],
)  # fmt: skip
def test_a_sample_type_of_the_sheet_counts_before_the_run(
    tmp_path: Path, column: str, word: str, is_tumour: bool
) -> None:
    path = write_betas(tmp_path / "b.csv", toy_methylomes(2))
    (tmp_path / "s.csv").write_text(f"sample,{column}\nS0,{word}\nS1,\n", encoding="utf-8")
    write_clock([path], tmp_path, Request("blood", "450k", sheet=tmp_path / "s.csv"))
    assert tumours(tmp_path) == ({"S0"} if is_tumour else set())
    assert ("the sheet says" in " ".join(samples(tmp_path)["S0"]["notes"])) is is_tumour


@pytest.mark.parametrize(
    ("name", "is_tumour"),
    [
        ("P1_tumour", True), ("P1.Tumor.rep2", True), ("liver_metastasis_3", True), ("PDX-12", True),
        ("P1_tumour_blood", False), ("non_tumor_1", False), ("adjacent_tumor", False), ("melanoma_07", False),
        ("tumor_free_margin", False),
    ],
)  # fmt: skip
def test_a_name_that_says_tumour_counts_before_the_declaration(
    tmp_path: Path, name: str, is_tumour: bool
) -> None:
    path = write_betas(tmp_path / "b.csv", toy_methylomes(2).set_axis([name, "S1"], axis=1))
    write_clock([path], tmp_path, BLOOD)
    assert tumours(tmp_path) == ({name} if is_tumour else set())


def test_numbers_of_a_shipped_age_under_another_name_stay_an_age(tmp_path: Path) -> None:
    clock, file = known_clocks()["Hannum"], tmp_path / "mine.csv"
    weights = zip(clock.probes, clock.numbers["weight"], strict=True)
    file.write_text("probe,weight\nintercept,0\n" + "".join(f"{probe},{w}\n" for probe, w in weights))
    path = write_betas(tmp_path / "b.csv", toy_methylomes(2, shipped_probes()))
    own = OwnClock(file, transform="identity", unit="score", made_for=("tumour",))
    with pytest.raises(InputError, match=r"another read-out|gives ages"):
        write_clock([path], tmp_path, Request("tumour", "450k", clocks=("mine",), own=(own,)))


@pytest.mark.parametrize(("unit", "is_told"), [(None, True), ("years", False), ("score", False)])
def test_a_unit_that_was_not_stated_is_told(tmp_path: Path, unit: str | None, is_told: bool) -> None:
    file = tmp_path / "c.csv"
    file.write_text("probe,weight\nintercept,0\ncg02228185,60\n")
    path = write_betas(tmp_path / "b.csv", toy_methylomes(2))
    own = OwnClock(file, transform="identity", unit=unit)
    write_clock([path], tmp_path, Request("blood", "450k", clocks=("c",), own=(own,)))
    text = " ".join((tmp_path / "clock.txt").read_text(encoding="utf-8").split())
    assert ("no unit was stated, taken as years" in text) is is_told


def test_no_threshold_gives_what_biolearn_would_but_nothing_measured_stays_refused(tmp_path: Path) -> None:
    table = toy_methylomes(2).loc[list(known_clocks()["Lin"].probes)[:5]]
    file = write_betas(tmp_path / "b.csv", table)
    write_clock([file], tmp_path, Request("blood", "450k", clocks=("Lin", "Weidner"), min_coverage=0.0))
    read = samples(tmp_path)["S0"]["readings"]
    assert read["Lin"]["value"] is not None
    assert read["Lin"]["coverage"] == pytest.approx(5 / 99)
    assert read["Weidner"]["value"] is None


def test_ages_of_a_sheet_are_found_by_other_names_and_a_column_that_is_not_read_is_told(
    tmp_path: Path,
) -> None:
    file = write_betas(tmp_path / "b.csv", toy_methylomes(2))
    for head, is_read in (("Age (years)", True), ("age at sample", True), ("age group", False)):
        sheet = tmp_path / "sheet.csv"
        sheet.write_text(f"sample,{head}\nS0,50\nS1,60\n", encoding="utf-8")
        told = write_clock([file], tmp_path / "out", Request("blood", "450k", sheet=sheet))
        ages = {name: one["age_years"] for name, one in samples(tmp_path / "out").items()}
        assert ages == ({"S0": 50, "S1": 60} if is_read else {"S0": None, "S1": None})
        assert any("age group is not read" in line for line in told) is not is_read


def test_semicolons_separate_where_nothing_else_does(tmp_path: Path) -> None:
    table = toy_methylomes(2)
    with_commas, with_semicolons = write_betas(tmp_path / "c.csv", table), tmp_path / "s.csv"
    with_semicolons.write_text(with_commas.read_text(encoding="utf-8").replace(",", ";"), encoding="utf-8")
    for name, file in (("c", with_commas), ("s", with_semicolons)):
        write_clock([file], tmp_path / name, BLOOD)
    assert (tmp_path / "c" / "clock.csv").read_text() == (tmp_path / "s" / "clock.csv").read_text()
