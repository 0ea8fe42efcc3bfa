"""Files of host findings: foreign and contradictory ones are refused, refusals and reasons are kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toy_host_folder import edited, write_host
from tumorcast.clinic.host.read import host_files, read_host
from tumorcast.clinic.host.wanted import Wanted
from tumorcast.clinic.pgx.cautions import pgx_cautions
from tumorcast.domain.errors import InputError

BLOOD = Wanted(also_called=("P1", "P1-T1"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_host(tmp_path_factory.mktemp("host") / "made")


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "copy"))


def test_everything_that_the_commands_say_of_the_patient(made: Path) -> None:
    host = read_host(made, BLOOD)
    assert host.pgx is not None
    assert host.pgs is not None
    assert host.pgx.sample == host.pgs.sample == "P1"
    assert {one.name for one in host.pgx.tables} >= {"pgx_guidance", "allele definitions"}
    first = pgx_cautions(host.pgx.record, "FOLFIRI")[0]
    assert (first.drug, first.action) == ("fluorouracil", "lower dose")
    whole, poor = host.pgs.scores
    assert (whole.sum, whole.refusal, whole.ancestry) == (0.25, None, None)
    assert poor.sum is None
    assert poor.refusal
    assert "matched" in poor.refusal
    blood, tumour = host.methylomes
    assert (blood.tissue, blood.is_tumour, tumour.is_tumour) == ("blood", False, True)
    assert {one.kind for one in tumour.readings if one.value is not None} <= {"counter", "component"}
    assert all(one.refusal for one in tumour.readings if one.kind == "age")
    assert any(one.kind == "age" and one.value is not None for one in blood.readings)


def test_a_folder_may_hold_any_of_the_files(made: Path, tmp_path: Path) -> None:
    shutil.copy(made / "pgx" / "pgx.json", tmp_path)
    host = read_host(tmp_path)
    assert host.pgx is not None
    assert (host.pgs, host.methylomes) == (None, ())


def test_folders_that_cannot_be_used(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no findings"):
        host_files(tmp_path)
    with pytest.raises(InputError, match="not a folder"):
        host_files(tmp_path / "none")
    for name in ("a", "b"):
        shutil.copytree(made / "pgx", tmp_path / name)
    with pytest.raises(InputError, match="2 files pgx"):
        host_files(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (Wanted(samples=("P2",)), "does not hold the sample"),
        (Wanted(), "2 samples and none is said"),
        (Wanted(also_called=("P9",)), "called as the patient is"),
    ],
)
def test_which_sample_is_meant_is_never_guessed(made: Path, wanted: Wanted, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_host(made, wanted)


def test_of_files_of_several_patients_another_name_is_not_taken(made: Path) -> None:
    host = read_host(made, Wanted(also_called=("P1-T1",), takes_only=False))
    assert (host.pgx, host.pgs, len(host.methylomes)) == (None, None, 1)
    assert ["called as the patient" in text for text in host.absent] == [True, True]


def test_a_name_that_begins_as_the_patients_does(made: Path) -> None:
    assert Wanted(begins="P1").of(["P1-T1", "P10-T1", "P2"], "f") == ("P1-T1",)
    with pytest.raises(InputError, match="2 samples of the patient"):
        Wanted(samples=("A", "B")).germline_of(["A", "B"], "f")
    with pytest.raises(InputError, match="2 samples of the patient"):
        Wanted(samples=("A", "B"), also_called=("A",)).germline_of(["A", "B"], "f")


def _foreign(told: Any) -> None:
    told["format"] = "other-1"


def _gene(told: Any, name: str) -> Any:
    return next(one for one in told["samples"][0]["genes"] if one["gene"] == name)


def _no_call_as_normal(told: Any) -> None:
    _gene(told, "CYP2D6")["phenotype"] = "Normal Metabolizer"


def _lost_as_normal(told: Any) -> None:
    gene = _gene(told, "TPMT")
    gene["uncharacterised"] = [{"variant": "chr6:1 A>T", "kind": "loss of function"}]


def _untyped_as_normal(told: Any) -> None:
    _gene(told, "TPMT")["missing_key_positions"] = ["rs1"]


def _word_for_number(told: Any) -> None:
    _gene(told, "DPYD")["activity_score"] = "1.0"


def _undated(told: Any) -> None:
    told["tables"][0]["date"] = "2026"


def _sum_of_a_refusal(told: Any) -> None:
    told["samples"][0]["scores"][1]["sum"] = 1.0


def _percentile_outside(told: Any) -> None:
    row = {"sample": "P1", "score": "PGS1", "most_similar": "EUR", "n_reference": 100, "percentile": 50.0}
    told["ancestry"] = [row | {"refusal": "outside the reference ancestry"}]


def _percentile_of_no_ancestry(told: Any) -> None:
    row = {"sample": "P1", "score": "PGS1", "most_similar": None, "n_reference": None, "percentile": 50.0}
    told["ancestry"] = [row | {"refusal": None}]


def _age_of_a_tumour(told: Any) -> None:
    for one in told["samples"][1]["readings"]:
        if one["unit"] == "years":
            one["value"], one["refusal"] = 60.0, None


def _age_as_a_score(told: Any) -> None:
    told["clocks"].append(told["clocks"][0] | {"name": "Mine", "kind": "score"})
    one = told["samples"][1]["readings"][0]
    told["samples"][1]["readings"].append(
        one | {"clock": "Mine", "unit": "Jahre", "value": 60.0, "refusal": None}
    )


def _tumour_called_blood(told: Any) -> None:
    told["samples"][0]["tissue"] = "primary"


def _age_of_a_xenograft(told: Any) -> None:
    told["samples"][0]["tissue"] = "PDX"


def _sample_twice(told: Any) -> None:
    told["samples"].append(told["samples"][0])


def _value_of_no_tissue(told: Any) -> None:
    told["samples"][0]["tissue"] = told["samples"][0]["tissue_group"] = None


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("pgx", _foreign, "is not pgx.json"),
        ("pgs", _foreign, "is not pgs.json"),
        ("clock", _foreign, "is not clock.json"),
        ("pgx", _no_call_as_normal, "CYP2D6 was not called and has a result"),
        ("pgx", _lost_as_normal, "normal beside a loss-of-function"),
        ("pgx", _untyped_as_normal, "key positions were not typed"),
        ("pgx", _word_for_number, "activity_score"),
        ("pgx", _undated, "date"),
        ("pgx", _sample_twice, "stands twice"),
        ("pgs", _sample_twice, "stands twice"),
        ("clock", _sample_twice, "stands twice"),
        ("pgs", _sum_of_a_refusal, "either a sum or the reason"),
        ("pgs", _percentile_outside, "outside an ancestry"),
        ("pgs", _percentile_of_no_ancestry, "outside an ancestry"),
        ("clock", _age_of_a_tumour, "age of tumour tissue"),
        ("clock", _age_as_a_score, "age of tumour tissue"),
        ("clock", _tumour_called_blood, "age of tumour tissue"),
        ("clock", _age_of_a_xenograft, "no tissue of a person"),
        ("clock", _value_of_no_tissue, "no known tissue"),
    ],
)
def test_foreign_and_contradictory_files_are_refused(
    folder: Path, name: str, change: Callable[[Any], None], message: str
) -> None:
    edited(folder / name / f"{name}.json", change)
    with pytest.raises(InputError, match=message):
        read_host(folder, BLOOD)


@pytest.mark.parametrize("text", ["", "[]", "{", "null", "\x00", '{"format": NaN}'])
def test_what_is_no_json_object_is_refused(folder: Path, text: str) -> None:
    (folder / "pgs" / "pgs.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"pgs\.json"):
        read_host(folder, BLOOD)
