"""`tumorcast recist`: files, pictures, comparison with reported responses, outcomes that cannot be."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import toy_lesions as toy
from tumorcast.biology.recist.outcomes import Outcome, need_flags_upright, outcome_problems
from tumorcast.biology.recist.progression import FollowUp, ProgressionFree
from tumorcast.cli.main import main
from tumorcast.clinic.recist.charts import spider
from tumorcast.clinic.recist.responses import respond
from tumorcast.clinic.recist.tables import best_change, comparison_table
from tumorcast.domain.errors import InputError

HEAD = "patient_id,day,lesion_id,kind,organ,size_mm,status\n"
COURSES = {
    "A": (40, 20, 15), "B": (40, 44, 60), "C": (30, 0, 0), "D": (50, 52, 48), "E": (30, "NE", 28), "F": (20, 90, 95),
}  # fmt: skip


def _lesions(folder: Path) -> Path:
    rows = [
        f"{name},{42 * k},T1,target,Liver,{size},"
        for name, sizes in COURSES.items()
        for k, size in enumerate(sizes)
    ]
    path = folder / "lesions.csv"
    path.write_text(HEAD + "\n".join(rows) + "\nG,0,T1,target,Liver,-4,\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("criteria", ["recist", "irecist"])
def test_the_folder_holds_tables_and_pictures(
    tmp_path: Path, criteria: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["recist", str(_lesions(tmp_path)), "--out", str(out), "--criteria", criteria]) == 0
    patients = pd.read_csv(out / "patients.csv", keep_default_na=False).set_index("patient_id")
    expected = {"A": "PR", "B": "SD", "C": "CR", "D": "SD", "E": "SD", "F": "PD"}
    words = {k: v if criteria == "recist" else f"i{v}" for k, v in expected.items()}
    words["F"] = "PD" if criteria == "recist" else "iCPD"
    assert patients["best_response"].to_dict() == words
    assert patients.loc["F", "pfs_days"] == 42
    assessments = pd.read_csv(out / "assessments.csv", keep_default_na=False)
    assert len(assessments) == 12
    assert (assessments["why"] != "").all()
    problems = pd.read_csv(out / "problems.csv")
    assert problems[["patient_id", "code"]].to_numpy().tolist() == [["G", "negative_size"]]
    for name in ("waterfall", "spider"):
        svg = (out / f"{name}.svg").read_text(encoding="utf-8")
        assert svg.startswith("<svg role=")
    told = capsys.readouterr().out
    assert "6 patients" in told
    assert not any(f" {name} " in told for name in COURSES)


def test_confirmation_changes_the_best_response(tmp_path: Path) -> None:
    path = tmp_path / "lesions.csv"
    path.write_text(
        HEAD + "A,0,T1,target,L,40,\nA,42,T1,target,L,20,\nA,84,T1,target,L,40,\n", encoding="utf-8"
    )
    best = {}
    for name, options in {"plain": [], "confirm": ["--confirm"]}.items():
        assert main(["recist", str(path), "--out", str(tmp_path / name), *options]) == 0
        best[name] = pd.read_csv(tmp_path / name / "patients.csv").loc[0, "best_response"]
    assert best == {"plain": "PR", "confirm": "SD"}


def test_reported_responses_stand_beside_ours(tmp_path: Path) -> None:
    rs = tmp_path / "rs.csv"
    tu, tr = tmp_path / "tu.csv", tmp_path / "tr.csv"
    tu.write_text("USUBJID,TULNKID,TUORRES,TULOC\nA,T1,TARGET,LIVER\n", encoding="utf-8")
    tr.write_text(
        "USUBJID,TRLNKID,TRTESTCD,TRSTRESN,TRSTRESU,VISITNUM,TRDTC\n"
        "A,T1,LDIAM,40,mm,1,2024-01-01\nA,T1,LDIAM,27,mm,2,2024-02-12\n",
        encoding="utf-8",
    )
    rs.write_text("USUBJID,RSTESTCD,RSORRES,VISITNUM\nA,OVRLRESP,SD,2\nA,TRGRESP,PR,2\n", encoding="utf-8")
    assert main(["recist", str(tu), str(tr), str(rs), "--out", str(tmp_path / "out")]) == 0
    table = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert table[["test", "reported", "computed", "is_same"]].to_numpy().tolist() == [
        ["OVRLRESP", "SD", "PR", False], ["TRGRESP", "PR", "PR", True],
    ]  # fmt: skip


def test_responses_by_other_criteria_are_not_compared(tmp_path: Path) -> None:
    (patient,) = [toy.patient({"T1": 40}, {"T1": 27})]
    rows = [
        ("p", None, "BESTRESP", word, name)
        for word, name in (("PR", "RECIST 1.1"), ("iPR", "iRECIST"), ("SD", "RECIST 1.0"), ("PD", "mRECIST"))
    ]
    reported = pd.DataFrame(rows, columns=["patient_id", "visit", "test", "response", "criteria"])
    for criteria, word in (("recist", "PR"), ("irecist", "iPR")):
        table = comparison_table([respond(patient, criteria)], reported, criteria)  # type: ignore[arg-type]
        assert table[["reported", "computed"]].to_numpy().tolist() == [[word, word]]


def test_death_and_another_treatment_end_the_time(tmp_path: Path) -> None:
    follow = tmp_path / "follow.csv"
    follow.write_text("patient_id,death_day,new_therapy_day\nA,200,\nD,,60\nZ,10,\n", encoding="utf-8")
    out = tmp_path / "out"
    assert main(["recist", str(_lesions(tmp_path)), str(follow), "--out", str(out)]) == 0
    table = pd.read_csv(out / "patients.csv").set_index("patient_id")
    assert table.loc["A", ["pfs_days", "is_pfs_event", "pfs_reason"]].tolist() == [200, True, "death"]
    assert table.loc["D", ["pfs_days", "is_pfs_event", "pfs_reason"]].tolist() == [42, False, "new_therapy"]
    assert "unknown_patient" in set(pd.read_csv(out / "problems.csv")["code"])


def test_shrinkage_under_the_next_treatment_is_no_change_of_ours() -> None:
    course = toy.patient({"T1": 40}, {"T1": 36}, {"T1": 8})
    made = respond(course, follow_up=FollowUp(new_therapy_day=60))
    assert best_change(made) == pytest.approx(-10)
    assert best_change(respond(course)) == pytest.approx(-80)
    assert spider([made]).count("<circle") < spider([respond(course)]).count("<circle")


def test_no_patient_left_is_an_error_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "lesions.csv"
    path.write_text(HEAD + "A,0,T1,target,L,-40,\n", encoding="utf-8")
    assert main(["recist", str(path), "--out", str(tmp_path / "out")]) == 2
    assert "negative_size" in capsys.readouterr().err


def test_outcomes_that_cannot_be_are_named() -> None:
    found = outcome_problems(
        [
            Outcome("a", 400, True, 300, True), Outcome("b", -3, True, 300, False), Outcome("c", 300, False, 300, True),
            Outcome("d", 100, True, 300, True), Outcome("e", None, None, 300, True),
        ]
    )  # fmt: skip
    assert [(one.patient_id, one.code) for one in found] == [
        ("a", "pfs_after_os"), ("b", "negative_time"), ("c", "death_without_pfs_event"),
    ]  # fmt: skip
    assert not any(one.is_refused for one in found), "nobody is left out for them"


def test_inverted_flags_refuse_the_table_and_upright_ones_do_not() -> None:
    computed = {f"p{k}": ProgressionFree(40.0 + k, k % 2 == 0, "progression") for k in range(6)}
    upright = [Outcome(name, ours.time_days, ours.is_event) for name, ours in computed.items()]
    need_flags_upright(upright, computed)
    inverted = [Outcome(name, ours.time_days, not ours.is_event) for name, ours in computed.items()]
    with pytest.raises(InputError, match="inverted"):
        need_flags_upright(inverted, computed)
    need_flags_upright(inverted[:4], computed)
