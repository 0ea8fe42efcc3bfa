"""The list of runs in a terminal: from folders alone, the best first."""

from __future__ import annotations

import json
import math

import pytest

from tracked import FACTS, made_up_scores
from tumorcast.cli.main import main
from tumorcast.training.run_table import rows_of_folders


@pytest.fixture
def runs(tmp_path):
    for name, value in (("low", 0.70), ("high", 0.80), ("begun", None), ("old", 0.75)):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "run.json").write_text("{}", encoding="utf-8")
        if name != "old":  # made before runs wrote down their facts
            (folder / "facts.json").write_text(json.dumps(FACTS), encoding="utf-8")
        if value:
            (folder / "metrics.json").write_text(json.dumps(made_up_scores(value)), encoding="utf-8")
    (tmp_path / "no run").mkdir()
    return tmp_path


def test_the_best_first_and_what_has_no_result_last(runs):
    rows = rows_of_folders(runs)
    assert [row.name for row in rows] == ["high", "low", "old", "begun"]  # the data of "old" are not known
    assert rows[0].margin == pytest.approx(0.14)
    assert rows[0].other == "slide"
    assert math.isnan(rows[-1].value)
    assert rows[-1].state == "stopped or running"


def test_the_command_needs_no_server(runs, capsys):
    assert main(["runs", str(runs)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["high", "auroc"]
    assert "0.800 [0.740, 0.850]" in lines[1]
    assert "+0.140 slide" in lines[1]
    assert "(simulated)" in lines[1]
    assert main(["runs", str(runs), "--data", "another"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    assert main(["runs", str(runs / "not there")]) == 2


def test_runs_on_other_data_stand_apart(runs, capsys):
    facts = FACTS | {"data": "easy", "data_sha256": "d0"}
    (runs / "low" / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    (runs / "old" / "facts.json").write_text(json.dumps(FACTS), encoding="utf-8")
    assert [row.name for row in rows_of_folders(runs)] == ["low", "high", "old", "begun"]
    assert main(["runs", str(runs)]) == 0
    assert "by a test score is optimistic" in capsys.readouterr().out


def test_damaged_files_sink_nothing(runs):
    (runs / "low" / "metrics.json").write_text("{", encoding="utf-8")
    assert {row.name: row.state for row in rows_of_folders(runs)}["low"] == "stopped or running"
