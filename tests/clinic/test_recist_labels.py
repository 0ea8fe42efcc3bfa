"""Responses as a study's labels: sizes near week 8, days on which responses were known, and what they teach later."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.cohort.courses import course_labels, course_table
from tumorcast.evaluation.interaction import hazard_ratio
from tumorcast.evaluation.landmark_study import followed_of, landmark_answer
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study, write_treatments

HEAD = "patient_id,day,lesion_id,kind,organ,size_mm,status\n"
COURSES = {
    "A": {0: 40, 30: 36, 58: 26, 100: 20, 140: 20}, "B": {0: 40, 54: 50, 61: 30}, "C": {0: 30, 20: 25}, "D": {0: 50},
}  # fmt: skip


def _lesions(folder: Path, courses: dict[str, dict[int, float]]) -> Path:
    rows = [
        f"{name},{day},T1,target,Liver,{size}," for name, own in courses.items() for day, size in own.items()
    ]
    path = folder / "lesions.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def _study(folder: Path, names: list[str], lines: tuple[float, ...] = (1.0,), **patients: list) -> Path:
    index = pd.Index(names, name="patient_id")
    rows = [
        {"patient_id": name, "start_day": 200.0 * (line - 1), "stop_day": 150.0, "agent": "Nivolumab", "regimen": "",
         "line": line, "treatment_type": "Medical Therapy"}
        for name in names for line in lines
    ]  # fmt: skip
    samples = pd.DataFrame(
        {"patient_id": names}, index=pd.Index([f"{one}-A" for one in names], name="sample_id")
    )
    write_study(
        Study(
            "toy",
            "simulated",
            folder,
            pd.DataFrame({"AGE": 60.0, **patients}, index=index),
            samples,
            pd.DataFrame(rows),
        ),
        folder,
    )
    return folder


def test_a_studys_timeline_reads_sizes_and_responses_of_lesions(tmp_path: Path) -> None:
    study = _study(tmp_path / "study", list("ABCD"))
    before = (study / "data_timeline_treatment.txt").read_bytes()
    out = tmp_path / "out"
    assert main(["recist", str(_lesions(tmp_path, COURSES)), "--out", str(out), "--study", str(study)]) == 0
    labels = pd.read_csv(out / "labels.csv").set_index("PATIENT_ID")
    assert labels["SIZE_CHANGE_DAY"].to_dict() == pytest.approx(
        {"A": 58, "B": 54, "C": np.nan, "D": np.nan}, nan_ok=True
    )
    assert labels.loc["A", "SIZE_CHANGE_PERCENT"] == -35
    assert labels["RESPONSE_DAY"].to_dict() == pytest.approx(
        {"A": 58, "B": np.nan, "C": np.nan, "D": np.nan}, nan_ok=True
    )
    assert (study / "data_timeline_treatment.txt").read_bytes() == before
    for name in ("data_timeline_treatment.txt", "meta_timeline_treatment.txt"):
        (study / name).write_bytes((out / name).read_bytes())
    table = course_table(read_study(study))
    assert table["size_change"].to_dict() == pytest.approx(
        {"A-L1": np.log(0.65), "B-L1": np.log(1.25), "C-L1": np.nan, "D-L1": np.nan}, nan_ok=True
    )
    assert table.loc["A-L1", "response"] == 1
    assert table.loc["B-L1", "response"] == 0
    assert table.loc["B-L1", ["time_days", "is_event"]].tolist() == pytest.approx([54, 1], abs=0.01)
    assert table.attrs["survival"] == "PFS"
    assert course_labels(read_study(study))["A-L1"]["RESPONSE_DAY"] == 58


def test_a_confirmed_response_is_known_when_it_is_confirmed(tmp_path: Path) -> None:
    words = ["recist", str(_lesions(tmp_path, COURSES)), "--out", str(tmp_path / "out"), "--confirm"]
    assert main(words) == 0
    patients = pd.read_csv(tmp_path / "out" / "patients.csv").set_index("patient_id")
    assert patients.loc["A", ["best_response_day", "response_known_day"]].tolist() == [58, 100]
    assert pd.read_csv(tmp_path / "out" / "labels.csv")["RESPONSE_DAY"].tolist()[0] == 100


def test_of_several_courses_the_line_has_to_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = _study(tmp_path / "study", list("ABCD"), (1.0, 2.0))
    words = [
        "recist",
        str(_lesions(tmp_path, COURSES)),
        "--out",
        str(tmp_path / "out"),
        "--study",
        str(study),
    ]
    assert main(words) == 2
    assert "several courses" in capsys.readouterr().err
    assert main([*words, "--line", "2"]) == 0
    made = pd.read_csv(tmp_path / "out" / "data_timeline_treatment.txt", sep="\t")
    assert made.loc[made["LINE"] == 1, "BEST_RESPONSE"].isna().all()
    assert made.loc[made["LINE"] == 2, "BEST_RESPONSE"].notna().all()


def _null(n: int, seed: int) -> tuple[dict[str, dict[int, float]], np.ndarray]:
    """Tumours that shrink at a random day, which changes nothing for survival; scans every six weeks until death."""
    random = np.random.default_rng(seed)
    death, reply = np.maximum(random.exponential(260, n), 5), random.exponential(160, n)
    courses = {
        f"p{k:03d}": {day: 60 if day < reply[k] else 40 for day in range(0, min(int(death[k]) + 1, 600), 42)}
        for k in range(n)
    }
    return courses, death


@pytest.mark.heavy
def test_no_immortal_time_from_lesions_to_the_landmark(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs, holds = [], []
    for seed in range(8):
        folder = tmp_path / str(seed)
        folder.mkdir()
        courses, death = _null(160, seed)
        study = _study(
            folder / "study",
            list(courses),
            OS_MONTHS=list(death * 12 / 365.25),
            OS_STATUS=["1:DECEASED"] * len(death),
        )
        words = ["recist", str(_lesions(folder, courses)), "--out", str(study), "--study", str(study)]
        assert main([*words, "--time-unit", "days"]) == 0
        table = read_study(study).treatments
        ever = table["BEST_RESPONSE"].isin(["PR", "CR"])
        naive = hazard_ratio(death, np.ones(len(death)), ever.astype(float))
        assert naive.value < 0.75
        capsys.readouterr()
        assert main(["landmark", str(study), "--day", "130", "--survival", "OS", "--out", str(folder)]) == 0
        told = json.loads((folder / "landmark.json").read_text(encoding="utf-8"))["landmarks"][0]
        logs.append(np.log(told["ratio"]["value"]))
        holds.append(told["ratio"]["low"] < 1 < told["ratio"]["high"])
        assert 0 < told["n_responded"] < told["n_at_risk"] < len(death)
    assert abs(np.mean(logs)) < 3 * np.std(logs) / np.sqrt(len(logs)) + 0.02
    assert sum(holds) >= 6


def test_a_response_that_comes_after_the_landmark_does_not_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Everyone responds in the end who lives long enough: by the best response they all outlive the others."""
    random = np.random.default_rng(4)
    death, reply = random.exponential(200, 300), random.exponential(150, 300)
    study = _study(tmp_path / "study", [f"p{k}" for k in range(300)])
    table = read_study(study).treatments
    table["OS_MONTHS"], table["OS_STATUS"] = death * 12 / 365.25, "1:DECEASED"
    table["BEST_RESPONSE"] = np.where(reply < death, "PR", "SD")
    table["RESPONSE_DAY"] = np.where(reply < death, reply, np.nan)
    write_treatments(replace(read_study(study), treatments=table), study)
    patients, endpoint, left_out = followed_of(read_study(study), "OS")
    assert (endpoint, left_out) == ("OS", [])
    naive = hazard_ratio(death, np.ones(300), (reply < death).astype(float))
    told = landmark_answer(patients, 100.0, endpoint, [150, 250])
    assert naive.high < 0.7
    assert told.ratio.low < 1 < told.ratio.high
    assert told.n_responded == int(((reply <= 100) & (death > 100)).sum())
    assert told.n_at_risk == int((death > 100).sum())
    risks = tmp_path / "predictions.csv"
    rows = {"course_id": [f"p{k}-L1" for k in range(250)], "risk": random.normal(-np.log(death[:250]))}
    pd.DataFrame(rows).to_csv(risks, index=False)
    words = ["landmark", str(study), "--day", "100", "--survival", "OS", "--risks", str(risks)]
    assert main(words) == 0
    assert "50 patients have no risk" in capsys.readouterr().out


def test_a_response_without_a_day_is_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"p{k}" for k in range(40)]
    study = _study(
        tmp_path / "study", names, BEST_RESPONSE=["PR", "SD"] * 20, OS_MONTHS=list(np.linspace(2, 20, 40)),
        OS_STATUS=["1:DECEASED"] * 40,
    )  # fmt: skip
    assert main(["landmark", str(study), "--day", "60"]) == 2
    assert "20 patients with CR or PR" in capsys.readouterr().err


def _dated(folder: Path, starts: np.ndarray, since_start: bool) -> Path:
    """Response changes nothing; times count from treatment or from day 0 of the timeline."""
    n = len(starts)
    random = np.random.default_rng(11)
    death, reply = random.exponential(260, n) + 5, random.exponential(120, n)
    study = _study(folder, [f"p{k}" for k in range(n)])
    table = read_study(study).treatments
    table["start_day"] = starts
    table["OS_MONTHS"] = (death if since_start else death + starts) * 12 / 365.25
    table["OS_STATUS"] = "1:DECEASED"
    table["BEST_RESPONSE"] = np.where(reply < death, "PR", "SD")
    table["RESPONSE_DAY"] = np.where(reply < death, reply, np.nan)
    write_treatments(replace(read_study(study), treatments=table), study)
    return study


def test_times_and_responses_count_from_the_same_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = np.random.default_rng(3).uniform(0, 600, 400).round()
    by_treatment, by_study = (_dated(tmp_path / str(k), starts, bool(k)) for k in (1, 0))
    assert main(["landmark", str(by_study), "--day", "120", "--survival", "OS"]) == 2
    assert "--time-from" in capsys.readouterr().err
    told = []
    for study, time_from in ((by_treatment, "treatment"), (by_study, "study")):
        patients, endpoint, _ = followed_of(read_study(study), "OS", time_from=time_from)
        told.append(landmark_answer(patients, 120.0, endpoint, [200]))
    assert told[0].n_at_risk == told[1].n_at_risk
    assert told[0].ratio.value == pytest.approx(told[1].ratio.value, rel=1e-3)
    assert told[0].ratio.low < 1 < told[0].ratio.high


def test_few_responders_are_not_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    study = _study(tmp_path / "study", [f"p{k}" for k in range(40)])
    table = read_study(study).treatments
    table["OS_MONTHS"] = np.linspace(4, 30, 40)
    table["OS_STATUS"] = ["1:DECEASED"] * 39 + ["0:LIVING"]
    table["BEST_RESPONSE"], table["RESPONSE_DAY"] = ["SD"] * 39 + ["PR"], [np.nan] * 39 + [50.0]
    write_treatments(replace(read_study(study), treatments=table), study)
    assert (
        main(["landmark", str(study), "--day", "60", "--survival", "OS", "--out", str(tmp_path / "o")]) == 0
    )
    said = capsys.readouterr().out
    assert "1 responders with 0 events" in said
    assert "hazard ratio" not in said
    assert "SIMULATED" in said
    written = json.loads((tmp_path / "o" / "landmark.json").read_text(encoding="utf-8"))
    assert written["landmarks"][0]["ratio"] == {"value": None, "low": None, "high": None}
    assert written["landmarks"][0]["responded"] == []
    assert any("SIMULATED" in one for one in written["notices"])


def test_labels_stand_on_a_drugs_row_and_replace_all_older_ones(tmp_path: Path) -> None:
    study = _study(
        tmp_path / "study", list("ABCDE"), BEST_RESPONSE="PR", PFS_MONTHS=20.0, PFS_STATUS="0:CENSORED"
    )
    table = read_study(study).treatments
    surgery = table.assign(start_day=-40.0, agent="", treatment_type="Surgery", line=np.nan)
    table = pd.concat([surgery, table], ignore_index=True)
    write_treatments(replace(read_study(study), treatments=table), study)
    out = tmp_path / "out"
    assert main(["recist", str(_lesions(tmp_path, COURSES)), "--out", str(out), "--study", str(study)]) == 0
    for one in (*out.glob("*timeline_treatment.txt"), *out.glob("*clinical_patient.txt")):
        (study / one.name).write_bytes(one.read_bytes())
    made = course_table(read_study(study))
    assert made.loc["A-L1", "response"] == 1
    assert made.loc["B-L1", ["time_days", "is_event"]].tolist() == pytest.approx([54, 1], abs=0.01)
    assert np.isnan(made.loc["D-L1", "time_days"]), "a baseline alone tells no time, nor does an older table"
    assert np.isnan(made.loc["E-L1", "response"]), "no lesions: not known"
    assert (read_study(study).patients["AGE"] == 60).all()


def test_a_runs_other_models_give_no_risk(tmp_path: Path) -> None:
    from tumorcast.cli.landmark import _risks
    from tumorcast.domain.errors import InputError

    table = pd.DataFrame(
        {"course_id": ["a", "b", "a", "b"], "model": ["fused", "fused", "clinical", "clinical"],
         "fold": [0, 1, 0, 1], "risk": [5.0, 1.0, -3.0, -4.0]}
    )  # fmt: skip
    table.to_csv(tmp_path / "predictions.csv", index=False)
    assert _risks(tmp_path / "predictions.csv") == {"a": 0.0, "b": 0.0}
    table.drop(columns="model").to_csv(tmp_path / "twice.csv", index=False)
    with pytest.raises(InputError, match="several risks"):
        _risks(tmp_path / "twice.csv")
