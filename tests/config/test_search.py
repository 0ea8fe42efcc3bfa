"""What a search may vary: typed, closed, refused with the reason before anything heavy is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tumorcast.config.search import load_search, own_values, with_values
from tumorcast.domain.errors import ConfigError

BASE = ["name=x", "data.study=somewhere"]
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def space(text: str, *words: str) -> list[str]:
    return [*BASE, f"search={{trials: 3, space: {{{text}}}}}", *words]


def problem(text: str, *words: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_search(space(text, *words))
    return str(caught.value)


def test_numbers_of_yaml_are_numbers():
    """YAML reads 1e-4 as a word."""
    _, search = load_search(
        space("training.lr: {log_uniform: [1e-4, 1e-2]}, training.weight_decay: {choice: [1e-3, 0]}")
    )
    assert search.space["training.lr"].log_uniform == (1e-4, 1e-2)
    assert search.space["training.weight_decay"].choice == (1e-3, 0.0)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("model.widht: {choice: [32, 64]}", "did you mean 'width'?"),
        ("training.width: {choice: [32, 64]}", "did you mean 'model.width'?"),
        ("model.width: {chioce: [32, 64]}", "did you mean 'choice'?"),
        ("model.width: {choice: [0, 64]}", "greater than or equal to 1"),
        ("model.width: {choice: [wide, 64]}", "valid integer"),
        ("model.dropout: {uniform: [0, 1.2]}", "less than or equal to 1"),
        ("model.graph_layers: {uniform: [0, 3]}", "takes no fractions"),
        ("model.graph_layers: {integer: [0, 30]}", "less than or equal to 8"),
        ("model.graph: {choice: [gine, gat]}", "model.graph"),
        ("training.lr: {log_uniform: [0, 1]}", "begins above 0"),
        ("training.lr: {uniform: [1, 0.1]}", "less than the second"),
        ("training.lr: {choice: [0.1]}", "at least two values"),
        ("training.lr: {choice: [0.1, 0.2], uniform: [0.1, 0.2]}", "exactly one of"),
        ("training.lr: {uniform: [0.1, 0.2], step: 2}", "step belongs to integer"),
        ("model.width: {choice: [32, 30]}", "do not go together"),
        ("model.width: {choice: [32, 40]}, model.attention_heads: {choice: [4, 16]}", "do not go together"),
        ("model.graph_layers: {integer: [1, 3], when: {model.graph: gine}}", "another setting of the space"),
        ("model.graph: {choice: [gine, bag]}, model.hops: {integer: [1, 3]}", "model.hops"),
    ],
)
def test_what_cannot_be_is_refused_with_its_reason(text, told):
    assert told in problem(text)


@pytest.mark.parametrize(
    "key", ["data.endpoint", "split.folds", "evaluation.bootstrap", "seed", "model.heads", "training.devices",
            "training.candidates", "tracking.uri", "biology.network", "name"],
)  # fmt: skip
def test_what_changes_data_splits_or_scores_is_not_searched(key):
    assert f"{key}: is not to be searched: " in problem(f"{key}: {{choice: [a, b]}}")


def test_every_problem_is_told_at_once():
    told = problem("model.widht: {choice: [1, 2]}, seed: {integer: [1, 4]}")
    assert "2 problems" in told


def test_candidates_beside_a_search_are_refused():
    told = problem("model.width: {choice: [32, 64]}", "training.candidates=[{lr: 0.1}]")
    assert "training.candidates" in told


def test_a_condition_decides_what_is_varied():
    config, search = load_search(
        space(
            "model.graph: {choice: [gine, bag]}, model.graph_layers: {integer: [2, 4], when: {model.graph: gine}}"
        )
    )
    layers = search.space["model.graph_layers"]
    assert layers.is_active({"model.graph": "gine"})
    assert not layers.is_active({"model.graph": "bag"})
    assert own_values(config, search.space) == {"model.graph": "gine", "model.graph_layers": 2}


def test_the_runs_own_setting_is_a_point_of_the_space_or_is_not():
    config, search = load_search(space("model.width: {choice: [32, 64]}", "model.width=16"))
    assert own_values(config, search.space) is None
    changed = with_values(config, {"model.width": 64})
    assert (changed.model.width, changed.training) == (64, config.training)


def test_an_address_with_a_password_is_not_told():
    _, search = load_search(
        space("model.width: {choice: [32, 64]}", "search.storage=postgresql://u:secret@h/d")
    )
    assert search.storage is not None
    assert "secret" not in str(search.told())


@pytest.mark.parametrize("path", sorted((CONFIGS / "search").glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_space_is_valid(path):
    _, search = load_search([str(CONFIGS / "base.yaml"), str(path)])
    assert search.space


def test_a_typo_is_refused_before_torch_is_imported():
    code = (
        "import sys; from tumorcast.cli.main import main; done = main(sys.argv[1:]);"
        "sys.exit(99 if {'torch', 'optuna', 'pandas'} & set(sys.modules) else done)"
    )
    words = [sys.executable, "-c", code, "search", *space("model.widht: {choice: [1, 2]}")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert "did you mean 'width'" in done.stderr
