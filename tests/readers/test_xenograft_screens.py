"""Screens of xenografts: where drugs' names come from, and curves that are left out by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from tumorcast.domain.errors import InputError
from tumorcast.readers.xenografts import UNTREATED, code_of, read_screen

MODELS = """model.id,tissue,patient.id
X.1.BG98,BRCA,X-1
X.1.LE11.evus,BRCA,X-1
X.1.uned,BRCA,X-1
X.2.BG98,BRCA,X-2
X.3.BG98,BRCA,X-3
"""
DRUGS = """drug.id,treatment.target
BGJ398,FGFR
LEE011 + everolimus,"CDK4,CDK6,MTOR"
untreated,"UNKNOWN,Untreated"
"""
VOLUMES = """model.id,time,volume
X.1.BG98,0,200
X.1.BG98,4,210
X.1.LE11.evus,0,200
X.1.LE11.evus,4,150
X.1.uned,0,180
X.1.uned,4,300
X.2.BG98,0,200
X.2.BG98,4,{second}
X.2.BG98,{third},100
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "models.csv").write_text(MODELS)
    (tmp_path / "drugs.csv").write_text(DRUGS)
    write_volumes(tmp_path)
    return tmp_path


def write_volumes(folder: Path, second: str = "220", third: str = "8") -> None:
    (folder / "volumes.csv").write_text(VOLUMES.format(second=second, third=third))


def test_codes_are_spelt_out_with_the_table_of_drugs(folder: Path) -> None:
    screen = read_screen(folder / "models.csv", folder / "volumes.csv", folder / "drugs.csv")
    assert [arm.drug for arm in screen.arms] == ["BGJ398", "LEE011 + everolimus", UNTREATED, "BGJ398"]
    assert [arm.tumour for arm in screen.arms] == ["X-1", "X-1", "X-1", "X-2"]
    assert screen.targets["LEE011 + everolimus"] == {"CDK4", "CDK6", "MTOR"}
    assert screen.targets[UNTREATED] == frozenset()
    assert {note.reason for note in screen.report} == {"from_codes", "without_curve"}


def test_without_a_table_the_codes_stand_and_untreated_is_known(folder: Path) -> None:
    screen = read_screen(folder / "models.csv", folder / "volumes.csv")
    assert [arm.drug for arm in screen.arms] == ["BG98", "LE11 + evus", UNTREATED, "BG98"]


def test_published_responses_name_the_drugs_in_one_spelling(folder: Path) -> None:
    (folder / "published.csv").write_text(
        "model.id,drug,mRECIST_published,best.response_published\nX.1.BG98,A + B,SD-->PD,4\nX.1.LE11.evus,C,PR,\n"
        "X.1.uned,Vehicle,PD,90\nX.2.BG98,B + A,PD,70\nX.3.BG98,A + B,PD,1\n"
    )
    screen = read_screen(folder / "models.csv", folder / "volumes.csv", sensitivity=folder / "published.csv")
    assert [arm.drug for arm in screen.arms] == ["A + B", "C", UNTREATED, "A + B"]
    assert screen.arms[0].published == {"best": 4.0, "call": "SD-->PD"}
    assert screen.arms[1].published == {"call": "PR"}


def test_gzipped_volumes(folder: Path) -> None:
    packed = folder / "volumes.csv.gz"
    packed.write_bytes(gzip.compress((folder / "volumes.csv").read_bytes()))
    assert len(read_screen(folder / "models.csv", packed).arms) == 4


@pytest.mark.parametrize(
    ("second", "third", "reason"),
    [("-5", "8", "negative_volume"), ("220", "4", "day_twice"), ("220", "2", "days_unsorted")],
)
def test_a_wrong_curve_is_left_out_by_name_and_the_others_stay(
    folder: Path, second: str, third: str, reason: str
) -> None:
    write_volumes(folder, second, third)
    screen = read_screen(folder / "models.csv", folder / "volumes.csv", folder / "drugs.csv")
    assert len(screen.arms) == 3
    assert [note.id for note in screen.report if note.reason == reason] == ["X.2.BG98"]


def test_a_second_mouse_is_told(folder: Path) -> None:
    (folder / "models.csv").write_text(
        MODELS.replace("X.2.BG98,BRCA,X-2", "X.2.BG98,BRCA,X-1").replace("X-1", "X-1")
    )
    (folder / "drugs.csv").write_text("drug.id,treatment.target\nBGJ398,FGFR\n")
    screen = read_screen(folder / "models.csv", folder / "volumes.csv", folder / "drugs.csv")
    assert [note.id for note in screen.report if note.reason == "second_mouse"] == ["X.2.BG98"]


def test_a_model_twice_and_curves_of_other_models_are_refused(folder: Path) -> None:
    (folder / "models.csv").write_text(MODELS + "X.1.uned,BRCA,X-1\n")
    with pytest.raises(InputError, match="one row a model"):
        read_screen(folder / "models.csv", folder / "volumes.csv")
    (folder / "models.csv").write_text("model.id,patient.id\nY.1.BG98,Y-1\n")
    with pytest.raises(InputError, match="no curve"):
        read_screen(folder / "models.csv", folder / "volumes.csv")


def test_code_of_combinations() -> None:
    assert code_of("LEE011 + everolimus") == "LE11.evus"
