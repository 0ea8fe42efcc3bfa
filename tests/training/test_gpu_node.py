"""What a GPU node runs: without packages that it does not need, and as the cluster's files say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tumorcast.config import load_config
from tumorcast.domain.errors import ConfigError
from tumorcast.training.fit import make_trainer

ROOT = Path(__file__).resolve().parents[2]
CLUSTER = sorted((ROOT / "configs" / "cluster").glob("*.yaml"))
_BLOCKED = """
import sys
for name in ("mlflow", "openslide", "onnx", "onnxruntime", "optuna", "ray"):
    sys.modules[name] = None
import tumorcast.training.fit
"""


def test_fitting_needs_neither_mlflow_nor_openslide():
    subprocess.run(
        [sys.executable, "-c", _BLOCKED], check=True, cwd=ROOT / "src", capture_output=True, timeout=250
    )


@pytest.mark.parametrize("path", CLUSTER, ids=lambda path: path.stem)
def test_the_clusters_files_are_valid(path):
    config = load_config([str(ROOT / "configs" / "base.yaml"), str(path)])
    assert config.training.devices == config.training.num_nodes == "auto"


def test_fsdp_without_a_gpu_is_refused_before_anything_is_started():
    config = load_config(
        [str(ROOT / "configs" / "base.yaml"), str(ROOT / "configs" / "cluster" / "fsdp.yaml")]
    )
    settings = config.training.model_copy(update={"accelerator": "cpu"})
    with pytest.raises(ConfigError, match="FSDP shards a model over GPUs"):
        make_trainer(settings)
