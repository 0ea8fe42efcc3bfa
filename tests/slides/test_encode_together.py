"""Several encoders on one output folder: each slide once, none lost, whoever is killed."""

from __future__ import annotations

import csv
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from toy_lab import write_toy_encoder
from tumorcast.domain.errors import InputError
from tumorcast.slides.store import read_features


@pytest.fixture
def words(tmp_path):
    """`tumorcast encode` of all slides with a small ONNX encoder, into a folder of tmp_path."""
    write_toy_encoder(tmp_path / "encoder.onnx")

    def command(out: str, *more: object) -> list[str]:
        folders = [tmp_path / "slides", "--out", tmp_path / out, "--encoder", tmp_path / "encoder.onnx"]
        return [sys.executable, "-m", "tumorcast.cli.main", "encode", *map(str, [*folders, *more])]

    return command


def start(command: list[str]) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(command: list[str]) -> str:
    process = start(command)
    told, _ = process.communicate(timeout=250)
    assert process.returncode == 0, told
    return told


def files_of(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def assert_same_features(ours: Path, theirs: Path) -> None:
    assert files_of(ours) == files_of(theirs)
    for path in theirs.rglob("*.h5"):
        mine, other = read_features(ours / path.relative_to(theirs)), read_features(path)
        assert np.array_equal(mine.features, other.features)
        assert np.array_equal(mine.coords, other.coords)


def assert_six_done(told: str) -> None:
    """One that a process finds done by the other may count as skipped."""
    (counts,) = re.findall(r"7 slides: (\d) ok, (\d) skipped, 1 failed", told)
    assert sum(map(int, counts)) == 6


def rows_of(folder: Path) -> dict[str, str]:
    with (folder / "slides_report.csv").open(newline="") as file:
        return {row["slide_id"]: row["status"] for row in csv.DictReader(file)}


@pytest.fixture
def cohort(make_slide) -> None:
    for number in range(6):
        make_slide(f"s{number}.svs", size=1024, seed=number)
    make_slide("blank.svs", stained=False)


def encoded_alone(told: str) -> int:
    """Slides that one process says it or its companions encoded."""
    return int(told.split(" slides: ")[1].split(" ok")[0])


def test_two_commands_at_once_share_the_slides_and_agree(cohort, words, tmp_path):
    run(words("alone"))
    both = [start(words("shared", "--profile")) for _ in range(2)]
    told = [process.communicate(timeout=250)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], told
    assert_same_features(tmp_path / "shared", tmp_path / "alone")
    assert set(rows_of(tmp_path / "shared").values()) <= {"ok", "skipped", "failed"}
    assert rows_of(tmp_path / "shared")["blank"] == "failed"
    alone = sum(len(read_features(path).features) for path in (tmp_path / "alone").glob("*.h5"))
    by_each = [int(text.split(" tiles, ")[0].split("\n")[-1]) for text in told]
    assert sum(by_each) == alone, "no tile is encoded twice"


@pytest.mark.heavy
def test_a_team_encodes_and_reports_as_one(cohort, words, tmp_path):
    run(words("alone"))
    assert_six_done(run(words("team", "--workers", 2)))
    assert_same_features(tmp_path / "team", tmp_path / "alone")
    assert "7 slides: 0 ok, 6 skipped, 1 failed" in run(words("team", "--workers", 2))


def test_a_team_whose_processes_all_fail_says_so(cohort, words, tmp_path, monkeypatch):
    """The parent has read the encoder; those that it starts find none."""
    from tumorcast.cli import encode, encode_team
    from tumorcast.cli.main import main

    _ = encode
    monkeypatch.setattr(encode_team.sys, "executable", "/bin/false")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert main(words("team", "--workers", 2, "--quiet")[3:]) == 1
    assert set(rows_of(tmp_path / "team").values()) == {"failed"}
    with (tmp_path / "team" / "slides_report.csv").open() as file:
        assert file.read().count("unfinished: ") == 7


def test_a_team_larger_than_the_gpus_is_refused(cohort, words, capsys):
    torch = pytest.importorskip("torch")
    from tumorcast.cli.encode import _check_gpus
    from tumorcast.cli.main import main

    _check_gpus(99, "cpu")
    with pytest.raises(InputError, match="fewer GPUs than processes"):
        _check_gpus(torch.cuda.device_count() + 1, "cuda")
    assert main(words("team", "--workers", 2, "--device", "cuda", "--quiet")[3:]) == 2
    assert "encoded on the CPU" in capsys.readouterr().err


@pytest.mark.heavy
def test_ray_encodes_what_one_process_does(cohort, words, tmp_path):
    pytest.importorskip("ray")
    run(words("alone"))
    assert_six_done(run(words("ray", "--engine", "ray", "--workers", 2)))
    assert_same_features(tmp_path / "ray", tmp_path / "alone")


@pytest.mark.heavy
def test_two_encoders_killed_twenty_times_end_as_one_undisturbed(make_slide, words, tmp_path):
    for number in range(24):
        make_slide(f"s{number}.svs", size=2048, seed=number, levels=3)
    began = time.monotonic()
    run(words("alone"))
    usual = time.monotonic() - began
    chance = random.Random(0)
    running = [start(words("shared")) for _ in range(2)]
    for _ in range(20):
        time.sleep(chance.uniform(0.2, 0.5 * usual))
        victim = running.pop(chance.randrange(2))
        victim.kill()
        victim.communicate()
        running.append(start(words("shared")))
    for process in running:
        told, _ = process.communicate(timeout=250)
        assert process.returncode == 0, told
    assert_same_features(tmp_path / "shared", tmp_path / "alone")
    assert set(rows_of(tmp_path / "shared").values()) <= {"ok", "skipped"}
    assert len(rows_of(tmp_path / "shared")) == 24
