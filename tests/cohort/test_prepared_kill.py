"""A preparation killed at random moments ends in the same folder."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tumorcast.cohort.simulate.build import simulate_study

SOURCES = Path(__file__).resolve().parents[2] / "src"


@pytest.mark.heavy
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_six_times_it_ends_in_the_same_bytes(tmp_path, workers):
    study = simulate_study(tmp_path / "study", n_patients=120, seed=1, features_only=True, progress=False)

    def command(out: str) -> list[str]:
        return [
            sys.executable, "-m", "tumorcast.cli.main", "prepare", "name=x", f"data.study={study}",
            "--out", str(tmp_path / out), "--shard-mib", "1", "--workers", str(workers),
        ]  # fmt: skip

    environment = {**os.environ, "PYTHONPATH": str(SOURCES), "OMP_NUM_THREADS": "1"}
    began = time.monotonic()
    subprocess.run(command("whole"), env=environment, check=True, capture_output=True)
    whole_seconds = time.monotonic() - began
    draw = random.Random(workers)
    for _ in range(6):
        process = subprocess.Popen(command("out"), env=environment, stdout=subprocess.DEVNULL)
        try:
            process.wait(draw.uniform(0.2, 1.0) * whole_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
    subprocess.run(command("out"), env=environment, check=True, capture_output=True)
    files = {
        name: {
            path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("whole", "out")
    }
    assert files["whole"].keys() == files["out"].keys()
    assert [name for name in files["whole"] if files["whole"][name] != files["out"][name]] == []
