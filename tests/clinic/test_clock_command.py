"""`tumorcast clock`: the folder's numbers (literals are biolearn 0.9.1's); a refusal has a reason and no number."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toy_betas import shipped_probes, toy_methylomes, write_betas
from tumorcast.biology.clocks.clock import known_clocks
from tumorcast.cli.main import main
from tumorcast.clinic.clock.choose import OwnClock
from tumorcast.clinic.clock.write import Request, write_clock
from tumorcast.domain.errors import InputError

BLOOD = Request("blood", "450k")


def rows(folder: Path, name: str = "clock.csv") -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def ages(folder: Path) -> dict[tuple[str, str], str]:
    return {(row["sample"], row["clock"]): row["age_years"] for row in rows(folder)}


def counters(folder: Path) -> dict[tuple[str, str], str]:
    return {(row["sample"], row["counter"]): row["value"] for row in rows(folder, "counters.csv")}


def readings(folder: Path, sample: str) -> dict[str, dict[str, Any]]:
    loaded = json.loads((folder / "clock.json").read_text(encoding="utf-8"))
    one = next(one for one in loaded["samples"] if one["sample"] == sample)
    return {reading["clock"]: reading for reading in one["readings"]}


@pytest.fixture
def betas(tmp_path: Path) -> Path:
    return write_betas(tmp_path / "betas.csv", toy_methylomes(2))


def sheet(folder: Path, text: str) -> Path:
    path = folder / "samples.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_command_writes_every_file(
    tmp_path: Path, betas: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert (
        main(["clock", str(betas), "--out", str(out), "--tissue", "Whole blood", "--platform", "450K"]) == 0
    )
    lines = (out / "clock.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "sample,clock,age_years,coverage,imputed"
    assert lines[1] == "S0,Horvathv1,41.36955469,1,0"
    assert float(counters(out)["S1", "EpiTOC2"]) == pytest.approx(5785.974997, abs=1e-5)
    assert not (out / "clock.svg").exists()
    told = capsys.readouterr().out
    assert "Horvathv1: 41.4 years" in told
    assert "Research use only" in told


@pytest.mark.parametrize("argument", ["--tissue", "--platform"])
def test_tissue_and_platform_must_be_declared(
    tmp_path: Path, betas: Path, argument: str, capsys: pytest.CaptureFixture[str]
) -> None:
    declared = {"--tissue": "blood", "--platform": "450k"}
    del declared[argument]
    words = [word for pair in declared.items() for word in pair]
    assert main(["clock", str(betas), "--out", str(tmp_path / "out"), *words]) == 2
    assert f"{argument[2:]} is not declared" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_tumour_gets_counters_and_components_and_no_age(tmp_path: Path, betas: Path) -> None:
    lines = write_clock([betas], tmp_path, Request("tumour", "450k", min_coverage=0.001))
    assert lines[-1] == "2 samples, 6 of 22 readings; refused: 16 tumour_tissue (reasons in clock.txt)"
    assert set(ages(tmp_path).values()) == {""}
    told = counters(tmp_path)
    assert told["S0", "Zhang_10"] == told["S0", "Garagnani"] == ""
    assert float(told["S0", "EpiTOC1"]) == pytest.approx(0.1494805195)
    probes = [probe for probe in shipped_probes() if probe.startswith("cg")]
    assert float(told["S0", "GlobalMethylation"]) == pytest.approx(toy_methylomes(1, probes)["S0"].mean())
    assert readings(tmp_path, "S0")["Horvathv1"]["refusal"]["code"] == "tumour_tissue"


def test_the_mean_of_all_cpgs_needs_most_of_the_array(tmp_path: Path, betas: Path) -> None:
    write_clock([betas], tmp_path, Request("tumour", "450k"))
    assert counters(tmp_path)["S0", "GlobalMethylation"] == ""
    assert readings(tmp_path, "S0")["GlobalMethylation"]["refusal"]["code"] == "coverage"


def test_a_clock_of_another_tissue_is_refused_with_a_reason(tmp_path: Path, betas: Path) -> None:
    write_clock([betas], tmp_path, Request("buccal", "EPIC"))
    assert ages(tmp_path)["S0", "Horvathv1"]
    assert not ages(tmp_path)["S0", "Hannum"]
    refusal = readings(tmp_path, "S0")["Hannum"]["refusal"]
    assert refusal == {"code": "other_tissue", "reason": "made for blood; the sample is buccal"}
    assert "refused Hannum" in (tmp_path / "clock.txt").read_text(encoding="utf-8")


def test_too_few_probes_are_refused_and_told(tmp_path: Path) -> None:
    hannum = list(known_clocks()["Hannum"].probes)
    table = toy_methylomes(2).drop(hannum[:15])
    table.loc[hannum[15:20], "S1"] = np.nan
    write_clock([write_betas(tmp_path / "b.csv", table)], tmp_path, BLOOD)
    by = {row["sample"]: row for row in rows(tmp_path) if row["clock"] == "Hannum"}
    assert {row["age_years"] for row in by.values()} == {""}
    assert by["S0"]["coverage"] == f"{56 / 71:.6g}"
    assert by["S1"]["coverage"] == f"{51 / 71:.6g}"
    assert ages(tmp_path)["S0", "Weidner"]
    write_clock([tmp_path / "b.csv"], tmp_path, Request("blood", "450k", min_coverage=0.6))
    by = {row["sample"]: row for row in rows(tmp_path) if row["clock"] == "Hannum"}
    assert by["S0"]["age_years"]
    assert by["S0"]["imputed"] == f"{20 / 71:.6g}"


def test_without_imputation_a_missing_probe_refuses_its_sample_alone(tmp_path: Path) -> None:
    table = toy_methylomes(2)
    table.loc["cg02228185", "S1"] = np.nan
    path = write_betas(tmp_path / "b.csv", table)
    write_clock([path], tmp_path, Request("blood", "450k", imputation="none", min_coverage=0.5))
    told = ages(tmp_path)
    assert float(told["S0", "Weidner"]) == pytest.approx(43.62488)
    assert told["S1", "Weidner"] == ""


def test_percentages_m_values_suffixes_and_turned_tables_give_the_same_ages(tmp_path: Path) -> None:
    betas = toy_methylomes(2).clip(0.01, 0.99)
    suffixed = betas.rename(lambda name: f"{name}_TC21" if name[:2] == "cg" else f"{name}_BC11")
    tables = {
        "beta": betas, "percent": betas * 100, "m": np.log2(betas / (1 - betas)), "turned": betas.T,
        "suffixed": pd.concat([suffixed, suffixed.rename(lambda name: name.replace("C", "O"))]),
    }  # fmt: skip
    told = {}
    for name, table in tables.items():
        write_clock(
            [write_betas(tmp_path / f"{name}.tsv", table)], tmp_path / name, Request("blood", "EPICv2")
        )
        told[name] = {key: float(value) for key, value in ages(tmp_path / name).items()}
    for name in tables:
        assert told[name] == pytest.approx(told["beta"], abs=1e-6), name


def test_one_bad_sample_never_sinks_the_batch(tmp_path: Path) -> None:
    table = toy_methylomes(6)
    table["S1"] *= 100
    table["S2"] = np.nan
    table["S3"] = table["S3"] * 5 - 1
    table.columns = ["S0", "S1", "S2", "S3", "S4", "S4"]
    write_clock([write_betas(tmp_path / "b.csv", table)], tmp_path, BLOOD)
    told = ages(tmp_path)
    assert told["S0", "Hannum"]
    assert {value for (sample, _), value in told.items() if sample != "S0"} == {""}
    for sample in ("S1", "S2", "S3", "S4"):
        assert readings(tmp_path, sample)["Hannum"]["refusal"]["code"] == "unfit_values"


def test_a_sample_of_two_files_is_said_nothing_of(tmp_path: Path) -> None:
    paths = [write_betas(tmp_path / f"{n}.csv", toy_methylomes(n)) for n in (1, 2)]
    write_clock([*paths, tmp_path / "absent.csv"], tmp_path, BLOOD)
    assert not ages(tmp_path)["S0", "Hannum"]
    assert ages(tmp_path)["S1", "Hannum"]
    with pytest.raises(InputError):
        write_clock([tmp_path / "absent.csv"], tmp_path, BLOOD)


def test_the_sheet_declares_each_sample_and_a_barcode_counts_before_it(tmp_path: Path) -> None:
    names = ["A", "B", "C", "D", "TCGA-A1-A0SB-01A", "F"]
    path = write_betas(tmp_path / "b.csv", toy_methylomes(6).set_axis(names, axis=1))
    text = "sample,tissue,platform\nA,blood,450k\nB,tumour,450k\nC,liver,450k\nD,blood,\nTCGA-A1-A0SB-01A,blood,450k\n"
    write_clock([path], tmp_path, Request(sheet=sheet(tmp_path, text)))
    told = ages(tmp_path)
    assert {sample for (sample, _), value in told.items() if value} == {"A"}
    codes = {name: readings(tmp_path, name)["Hannum"]["refusal"] for name in names[1:]}
    assert {name: code["code"] for name, code in codes.items()} == {
        "B": "tumour_tissue", "C": "tissue_unknown", "D": "platform_not_declared", "TCGA-A1-A0SB-01A": "tumour_tissue",
        "F": "tissue_not_declared",
    }  # fmt: skip
    assert "the barcode says tumour" in (tmp_path / "clock.txt").read_text(encoding="utf-8")
    assert counters(tmp_path)["TCGA-A1-A0SB-01A", "EpiTOC2"]


def test_the_mean_that_fills_a_hole_is_of_the_same_tissue(tmp_path: Path) -> None:
    table = toy_methylomes(12)
    table.loc["cg16867657"] = [0.2] * 6 + [0.9] * 6
    table.loc["cg16867657", "S0"] = np.nan
    path = write_betas(tmp_path / "b.csv", table)
    text = "sample,tissue\n" + "".join(f"S{n},{'blood' if n < 6 else 'tumour'}\n" for n in range(12))
    request = Request(platform="450k", sheet=sheet(tmp_path, text), clocks=("Lin",))
    write_clock([path], tmp_path / "a", request)
    write_clock([write_betas(tmp_path / "c.csv", table.iloc[:, :6])], tmp_path / "b", request)
    assert ages(tmp_path / "a")["S0", "Lin"] == ages(tmp_path / "b")["S0", "Lin"] != ""


def test_a_file_of_a_larger_array_than_declared_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    path.write_text("probe\tA\n" + "".join(f"cg{n:08d}\t0.5\n" for n in range(28_000)))
    with pytest.raises(InputError, match="not of the platform declared"):
        write_clock([path], tmp_path / "out", Request("blood", "27k"))
    write_clock([path], tmp_path / "out", BLOOD)


def test_ages_give_residuals_and_a_picture_without_names(tmp_path: Path) -> None:
    path = write_betas(tmp_path / "b.csv", toy_methylomes(6))
    text = "sample,age\n" + "".join(f"S{n},{30 + 7 * n}\n" for n in range(6))
    request = Request("blood", "450k", sheet(tmp_path, text))
    write_clock([path], tmp_path, request)
    told = [row for row in rows(tmp_path, "acceleration.csv") if row["clock"] == "Hannum"]
    assert sum(float(row["residual_years"]) for row in told) == pytest.approx(0, abs=1e-6)
    assert float(told[0]["difference_years"]) == pytest.approx(46.27985496 - 30, abs=1e-5)
    picture = (tmp_path / "clock.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "Hannum" in picture
    assert "S3" not in picture
    write_clock([write_betas(tmp_path / "few.csv", toy_methylomes(3))], tmp_path, request)
    assert {row["residual_years"] for row in rows(tmp_path, "acceleration.csv")} == {""}
    assert "no residuals" in (tmp_path / "clock.txt").read_text(encoding="utf-8")


def test_numbers_that_the_user_brings_follow_the_known_formula(tmp_path: Path, betas: Path) -> None:
    probes = shipped_probes()[:3]
    file = tmp_path / "Horvath2.csv"
    file.write_text("CpGmarker,CoefficientTraining\n" + "".join(f"{p},0.5\n" for p in probes))
    write_clock([betas], tmp_path, Request("blood", "450k", own=(OwnClock(file),)))
    x = 0.5 * toy_methylomes(1).loc[probes, "S0"].sum() - 0.447119319
    assert float(ages(tmp_path)["S0", "Horvathv2"]) == pytest.approx(
        21 * x + 20 if x >= 0 else 21 * np.exp(x) - 1
    )
    write_clock([betas], tmp_path, Request("tumour", "450k", own=(OwnClock(file),)))
    assert ages(tmp_path)["S0", "Horvathv2"] == ""


def test_numbers_of_an_unknown_clock_need_a_formula(tmp_path: Path, betas: Path) -> None:
    probe = shipped_probes()[0]
    file = tmp_path / "mine.csv"
    file.write_text(f"probe,weight\n{probe},2\nintercept,1\n")
    with pytest.raises(InputError, match="nothing is known of the clock mine"):
        write_clock([betas], tmp_path, Request("blood", "450k", own=(OwnClock(file),)))
    own = OwnClock(file, "Mine", "sigmoid", unit="risk", made_for=("blood", "saliva"))
    write_clock([betas], tmp_path, Request("blood", "450k", clocks=("Mine",), own=(own,)))
    x = 2 * toy_methylomes(1).loc[probe, "S0"] + 1
    assert float(counters(tmp_path)["S0", "Mine"]) == pytest.approx(1 / (1 + np.exp(-x)))
    assert rows(tmp_path) == []
    write_clock([betas], tmp_path, Request("buccal", "450k", own=(own,)))
    assert counters(tmp_path)["S0", "Mine"] == ""
    with pytest.raises(InputError, match="no such transformation"):
        write_clock([betas], tmp_path, Request("blood", "450k", own=(OwnClock(file, transform="cubic"),)))


def weights(folder: Path, intercept: str = "intercept,0.1\n") -> Path:
    """A file of three weights."""
    file = folder / "mine.csv"
    file.write_text("probe,weight\n" + "".join(f"{p},0.5\n" for p in shipped_probes()[:3]) + intercept)
    return file


@pytest.mark.parametrize("unit", ["year", "Years", "age (y)", "yr", "age", "DNAm age", "DNAmAge"])
def test_an_age_stays_an_age_however_its_unit_is_called(tmp_path: Path, betas: Path, unit: str) -> None:
    own = OwnClock(weights(tmp_path), "Mine", "identity", unit=unit)
    write_clock([betas], tmp_path / "out", Request("tumour", "450k", own=(own,)))
    assert ages(tmp_path / "out")["S0", "Mine"] == ""
    assert "Mine" not in {counter for _, counter in counters(tmp_path / "out")}
    with pytest.raises(InputError, match="of tumour tissue no age is given"):
        write_clock([betas], tmp_path, Request("tumour", "450k", own=(replace(own, made_for=("tumour",)),)))


@pytest.mark.parametrize(
    ("own", "told"),
    [
        (OwnClock(Path(), "Horvathv1", unit="year", made_for=("tumour",)), "no age is given"),
        (OwnClock(Path(), "Horvathv1", made_for=("blood", "tumour")), "no age is given"),
        (OwnClock(Path(), "Horvathv1", unit="score"), "another read-out"),
        (OwnClock(Path(), "Zhang_10", unit="years"), "another read-out"),
        (OwnClock(Path(), "Zhang_10", "horvath"), "another read-out"),
        (OwnClock(Path(), "Mine", "horvath", unit="score", made_for=("tumour",)), "no age is given"),
        (OwnClock(Path(), "Mine", "identity", unit="age (months)"), "in years"),
    ],
)  # fmt: skip
def test_a_known_clock_keeps_its_kind_and_no_age_is_made_for_tumours(
    tmp_path: Path, betas: Path, own: OwnClock, told: str
) -> None:
    own = replace(own, path=weights(tmp_path))
    with pytest.raises(InputError, match=told):
        write_clock([betas], tmp_path / "out", Request("tumour", "450k", own=(own,)))
    assert not (tmp_path / "out").exists()


def test_an_intercept_that_nothing_states_is_not_zero(tmp_path: Path, betas: Path) -> None:
    own = OwnClock(weights(tmp_path, intercept=""), "Mine", "identity", unit="risk")
    for name in ("Mine", "PhenoAge", "DNAmTL"):
        one = replace(own, name=name, unit=None)
        with pytest.raises(InputError, match="states no intercept"):
            write_clock([betas], tmp_path, Request("blood", "450k", own=(one,)))
    write_clock([betas], tmp_path, Request("blood", "450k", own=(replace(own, intercept=0.0),)))
    expected = 0.5 * toy_methylomes(1).loc[shipped_probes()[:3], "S0"].sum()
    assert float(counters(tmp_path)["S0", "Mine"]) == pytest.approx(expected)


def test_a_clock_that_is_not_shipped_says_why(tmp_path: Path, betas: Path) -> None:
    with pytest.raises(InputError, match="commercial use needs a licence"):
        write_clock([betas], tmp_path, Request("blood", "450k", clocks=("PhenoAge",)))
    loaded_names = {clock.name for clock in known_clocks().values() if clock.state == "own_file"}
    write_clock([betas], tmp_path, BLOOD)
    loaded = json.loads((tmp_path / "clock.json").read_text(encoding="utf-8"))
    assert {one["name"] for one in loaded["not_shipped"]} == loaded_names


def test_few_known_cpgs_cannot_tell_and_that_is_told(tmp_path: Path) -> None:
    probes = list(known_clocks()["Weidner"].probes)
    write_clock([write_betas(tmp_path / "b.csv", toy_methylomes(2).loc[probes])], tmp_path, BLOOD)
    assert ages(tmp_path)["S0", "Weidner"]
    assert "too few of the CpGs" in (tmp_path / "clock.txt").read_text(encoding="utf-8")


def test_ways_to_say_blood_are_one_group(tmp_path: Path) -> None:
    path = write_betas(tmp_path / "b.csv", toy_methylomes(6))
    words = [
        "blood",
        "whole blood",
        "peripheral blood",
        "Whole_Blood",
        "normal blood",
        "blood of healthy donors",
    ]
    text = "sample,tissue,age\n" + "".join(f"S{n},{word},{30 + n}\n" for n, word in enumerate(words))
    write_clock([path], tmp_path, Request(platform="450k", sheet=sheet(tmp_path, text)))
    told = rows(tmp_path, "acceleration.csv")
    assert {(row["tissue"], row["n_samples"]) for row in told} == {("blood", "6")}
    assert all(row["residual_years"] for row in told)


def test_a_clock_on_quantiles_needs_its_gold_means_and_both_coverages(tmp_path: Path) -> None:
    probes = [f"cg{n:08d}" for n in range(50)]
    table = toy_methylomes(2, probes)
    file, gold = tmp_path / "c.csv", tmp_path / "gold.csv"
    file.write_text("probe,weight\nintercept,-1\ncg00000001,0.5\ncg00000002,0.25\n")
    gold.write_text("probe,mean\n" + "".join(f"{probe},{n / 50}\n" for n, probe in enumerate(probes)))
    path = write_betas(tmp_path / "b.csv", table)
    with pytest.raises(InputError, match="needs its gold means"):
        write_clock([path], tmp_path, Request("blood", "EPIC", own=(OwnClock(file, "DunedinPACE"),)))
    own = OwnClock(file, "DunedinPACE", gold_means=gold)
    write_clock([path], tmp_path, Request("blood", "EPIC", clocks=("DunedinPACE",), own=(own,)))
    ranks = table["S0"].rank() - 1
    x = -1 + 0.5 * ranks["cg00000001"] / 50 + 0.25 * ranks["cg00000002"] / 50
    assert float(counters(tmp_path)["S0", "DunedinPACE"]) == pytest.approx(x)
    write_clock(
        [write_betas(tmp_path / "few.csv", table.drop("cg00000001"))], tmp_path,
        Request("blood", "EPIC", clocks=("DunedinPACE",), own=(own,)),
    )  # fmt: skip
    assert rows(tmp_path, "counters.csv")[0] | {"sample": ""} == {
        "sample": "", "counter": "DunedinPACE", "value": "", "unit": "years of ageing per year", "coverage": "0.5",
        "imputed": "0.5",
    }  # fmt: skip


def test_a_list_of_probes_is_a_component_of_tumours_too(tmp_path: Path, betas: Path) -> None:
    probes = shipped_probes()[:4]
    (tmp_path / "soloWCGW.txt").write_text("\n".join(probes))
    own = OwnClock(tmp_path / "soloWCGW.txt")
    write_clock([betas], tmp_path, Request("tumour", "450k", clocks=("soloWCGW",), own=(own,)))
    assert float(counters(tmp_path)["S1", "soloWCGW"]) == pytest.approx(
        toy_methylomes(2).loc[probes, "S1"].mean()
    )


@pytest.mark.parametrize("word", ["--coefficients", "--samples", "--reference"])
def test_a_file_that_is_not_there_is_told(
    tmp_path: Path, betas: Path, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--tissue", "blood", "--platform", "450k", word, str(tmp_path / "absent.csv")]
    assert main(["clock", str(betas), "--out", str(tmp_path / "out"), *words]) == 2
    assert "no such file" in capsys.readouterr().err
