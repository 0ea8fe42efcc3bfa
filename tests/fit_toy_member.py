"""Fits a toy member as one process of however many: `python fit_toy_member.py FOLDER {"seconds": 0, "model": {}}`.

`seconds` is how long a step takes besides. A file FOLDER/steps.RANK grows by one line a step.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.config.models import ModelConfig, TrainingConfig
from tumorcast.training import fit
from tumorcast.training.stop import leave_on_signal

ROOT = Path(__file__).resolve().parents[1]
MODEL = ModelConfig(width=16, heads=("response", "survival", "ordinal"), dropout=0, anchors=False)
SETTINGS = TrainingConfig(
    lr=1e-3, batch_size=8, max_epochs=3, patience=3, max_tiles=5, accelerator="cpu", checkpoint_minutes=None
)
TRAINING, ALL = 33, 44
"""33 = 4 * 8 + 1: of the last batch a second process has nothing."""


def fitted(folder: Path, settings: TrainingConfig = SETTINGS, model: ModelConfig = MODEL) -> fit.Member:
    """Three modalities of some courses are missing, in one run of courses the slide of all."""
    absent = [MODALITIES, MODALITIES[1:], ("slide", "clinical"), MODALITIES[1:3], MODALITIES]
    courses = [toy_course(n, n_tiles=(4 + n % 9), present=absent[n % 5]) for n in range(ALL)]
    labels = toy_labels(courses)
    labels.iloc[::7, labels.columns.get_loc("response")] = float("nan")
    return fit.fit_member(
        folder, toy_preprocessor(), courses[:TRAINING], courses[TRAINING:], labels, model, settings, seed=3
    )


def together(
    world: int, folder: Path, model: dict[str, object] | None = None, starter: str = "torchrun"
) -> None:
    """The same by several processes, each told what the starter tells; the member lies in FOLDER/member."""
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    paths = os.pathsep.join(str(ROOT / name) for name in ("src", "tests"))
    known = {"PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
    known |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    command = [
        sys.executable,
        str(ROOT / "tests" / "fit_toy_member.py"),
        str(folder),
        json.dumps({"model": model or {}}),
    ]
    team = [
        subprocess.Popen(command, env={**os.environ, **known, **_told(starter, rank, world)})
        for rank in range(world)
    ]
    assert [process.wait(250) for process in team] == [0] * world


def _told(starter: str, rank: int, world: int) -> dict[str, str]:
    """Of one node."""
    if starter == "srun":
        tasks = dict.fromkeys(("SLURM_NTASKS", "SLURM_NTASKS_PER_NODE", "SLURM_STEP_NUM_TASKS"), str(world))
        return (
            tasks
            | {"SLURM_STEP_NUM_NODES": "1", "SLURM_NODEID": "0"}
            | dict.fromkeys(("SLURM_PROCID", "SLURM_LOCALID"), str(rank))
        )
    size = dict.fromkeys(("WORLD_SIZE", "LOCAL_WORLD_SIZE"), str(world))
    me = dict.fromkeys(("RANK", "LOCAL_RANK"), str(rank))
    return size | me | {"GROUP_RANK": "0", "TORCHELASTIC_RUN_ID": "toy"}


def main(
    folder: Path,
    settings: dict[str, object] | None = None,
    seconds: float = 0,
    model: dict[str, object] | None = None,
) -> None:
    """As one process."""
    leave_on_signal()
    original = fit.CourseModule.training_step

    def training_step(self: fit.CourseModule, batch: object, batch_idx: int) -> object:
        time.sleep(seconds)
        with open(folder / f"steps.{os.environ.get('RANK', 0)}", "a", encoding="utf-8") as file:
            file.write(f"{self.current_epoch} {batch_idx} {os.getpid()}\n")
        return original(self, batch, batch_idx)  # type: ignore[arg-type]

    fit.CourseModule.training_step = training_step  # type: ignore[method-assign, assignment]
    chosen = MODEL.model_copy(update=model or {})
    fitted(folder / "member", SETTINGS.model_copy(update=settings or {}), chosen)


if __name__ == "__main__":
    main(Path(sys.argv[1]), **json.loads(sys.argv[2]))
