"""A population by cancer and drugs: both have to be its own, and exactly; else there is none and it is said why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clinic.twin.cohorts import known_population
from tumorcast.cli.main import main
from tumorcast.clinic.twin.chosen import chosen_population
from tumorcast.clinic.twin.record_json import read_population, read_record, write_population
from tumorcast.domain.errors import InputError


@pytest.mark.parametrize(
    ("cancer", "treatment", "name"),
    [
        ("NSCLC", "Paclitaxel + Carboplatin", "motesanib_nsclc"),
        ("LUAD", "docetaxel", "oak_nsclc"),
        ("Non-Small Cell Lung Cancer", "Tecentriq", "oak_nsclc"),
    ],
)
def test_cancer_and_drugs_choose(cancer: str, treatment: str, name: str) -> None:
    assert chosen_population(cancer, treatment).name == name


@pytest.mark.parametrize(
    ("cancer", "treatment", "told"),
    [
        ("NSCLC", "", "chosen by cancer and drugs"),
        ("NSCLC", "pembrolizumab", "under atezolizumab, or docetaxel"),
        ("NSCLC", "carboplatin", "oak_nsclc: under"),
        ("NSCLC", "atezolizumab + docetaxel", "no population is of Non-Small Cell Lung Cancer"),
        ("BRCA", "docetaxel", "oak_nsclc: of NSCLC"),
        ("OVT", "carboplatin + gemcitabine", "exposure a cycle"),
        ("LUMG", "docetaxel", "not known"),
    ],
)
def test_no_other_cancer_and_no_other_drugs(cancer: str, treatment: str, told: str) -> None:
    with pytest.raises(InputError) as raised:
        chosen_population(cancer, treatment)
    assert told in f"{raised.value.what} {raised.value.got}"


def test_a_labs_own_populations_stand_beside_and_two_that_fit_are_not_chosen_between(tmp_path: Path) -> None:
    own = replace(known_population(), name="ours", cancer="BRCA", arms=("docetaxel",))
    write_population(own, tmp_path / "ours.json")
    assert chosen_population("BRCA", "docetaxel", tmp_path) == own
    write_population(replace(own, name="lung", cancer="LUAD"), tmp_path / "lung.json")
    with pytest.raises(InputError, match="several populations"):
        chosen_population("LUAD", "docetaxel", tmp_path)


def test_the_command_chooses_or_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "sizes.csv"
    table.write_text("patient_id,day,size_mm\nA,0,40\nA,42,30\nA,84,33\n", encoding="utf-8")
    words = ["twin", str(table), "--patient", "A", "--cancer", "LUAD", "--out", str(tmp_path / "out")]
    assert main([*words, "--treatment", "docetaxel"]) == 0
    record = read_record(tmp_path / "out" / "twin.json")
    assert record.population.name == "oak_nsclc"
    assert not record.reasons
    capsys.readouterr()
    assert main(words) == 2
    assert "no treatment" in capsys.readouterr().err
    assert main([*words, "--treatment", "docetaxel", "--population", "motesanib_nsclc"]) == 0
    assert "other_treatment" in capsys.readouterr().out


def test_a_fitted_population_keeps_its_cancer(tmp_path: Path) -> None:
    rows = [
        f"P{k},{day},{size + k % 7 + (day // 42) % 2}"
        for k in range(22)
        for day, size in ((0, 40), (42, 30 + k), (84, 25 + k))
    ]
    table = tmp_path / "sizes.csv"
    table.write_text("\n".join(["patient_id,day,size_mm", *rows]) + "\n", encoding="utf-8")
    out = tmp_path / "population.json"
    assert (
        main(["twin", "fit", str(table), "--out", str(out), "--model", "exponential", "--cancer", "MEL"]) == 0
    )
    assert read_population(out).cancer == "MEL"
