"""Configuration: merged left to right, mistakes named by their full path with a suggestion, and fast."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tumorcast.config import load_config
from tumorcast.config.finetune import FinetuneConfig
from tumorcast.config.load import merged
from tumorcast.domain.errors import ConfigError

BASE = ["name=x", "data.study=somewhere"]
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def problem(*words: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config([*BASE, *words])
    return str(caught.value)


def test_files_are_merged_left_to_right_and_overrides_win(tmp_path):
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("name: a\ndata: {study: s}\ntraining: {lr: 1e-4, batch_size: 4}\n")
    second.write_text("name: b\ntraining: {batch_size: 8}\n")
    config = load_config([str(first), str(second), "training.max_epochs=3"])
    assert (config.name, config.training.lr, config.training.batch_size) == ("b", 1e-4, 8)
    assert config.training.max_epochs == 3


@pytest.mark.parametrize(
    ("word", "path", "suggestion"),
    [
        ("training.batchsize=4", "training.batchsize", "batch_size"),
        ("trainin.lr=1", "trainin", "training"),
        ("training.width=8", "training.width", "model.width"),
        ("model.wdith=8", "model.wdith", "width"),
    ],
)
def test_unknown_key_is_named_with_a_suggestion(word, path, suggestion):
    told = problem(word)
    assert path in told
    assert suggestion in told


@pytest.mark.parametrize(
    "word",
    ["training.lr=fast", "training.lr=-1", "model.dropout=2", "model.width=30", "split.scheme=random",
     "data.modalities=[slide,slide]", "model.heads=[]", "name=a/b"],
)  # fmt: skip
def test_wrong_value_is_refused_with_its_key(word):
    assert word.partition("=")[0].split(".")[0] in problem(word)


def test_missing_file_is_told():
    with pytest.raises(ConfigError, match="not found"):
        load_config(["configs/bsae.yaml"])


@pytest.mark.parametrize(
    "path",
    sorted(p for p in CONFIGS.rglob("*.yaml") if p.parent.name not in ("search", "finetune")),
    ids=lambda p: p.stem,
)
def test_every_shipped_config_is_valid(path):
    base = [] if path.stem == "base" else [str(CONFIGS / "base.yaml")]
    load_config([*base, str(path)])


def test_every_shipped_config_of_a_fine_tuning_is_valid():
    paths = sorted((CONFIGS / "finetune").glob("*.yaml"))
    assert paths
    for path in paths:
        told = merged([str(path)])
        assert FinetuneConfig.model_validate(told).model_dump(include=set(told)) == told, path


def test_a_typo_is_refused_in_under_a_second():
    """From the command line, median of three; seconds of the processor, which a busy machine does not stretch."""
    code = "import sys; from tumorcast.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "train", str(CONFIGS / "base.yaml"), "training.leraning_rate=1"]
    seconds = []
    for _ in range(3):
        before = os.times()
        done = subprocess.run(words, capture_output=True, text=True)
        after = os.times()
        seconds.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
        assert done.returncode == 2
        assert "training.leraning_rate" in done.stderr
    assert sorted(seconds)[1] < 1.5
