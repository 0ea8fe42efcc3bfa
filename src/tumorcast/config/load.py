"""YAML files merged left to right, then `dotted.key=value`; every mistake named by its full path."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

from tumorcast.config.models import RunConfig
from tumorcast.domain.errors import ConfigError, did_you_mean


def load_config(arguments: Sequence[str]) -> RunConfig:
    """The resolved run from command-line words: YAML paths and `dotted.key=value` overrides, in any order.

    Raises:
        ConfigError: a file is missing or no YAML mapping, a key is unknown, a value has the wrong type.
    """
    return validate(merged(arguments))


def merged(arguments: Sequence[str]) -> dict[str, Any]:
    """The nested mapping that the words make, not yet checked.

    Raises:
        ConfigError: no word was given, or a file is missing or no YAML mapping.
    """
    tree: dict[str, Any] = {}
    overrides = [word for word in arguments if "=" in word]
    for word in arguments:
        if "=" not in word:
            tree = _merge(tree, _read_yaml(Path(word)))
    for word in overrides:
        tree = _merge(tree, _parse_override(word))
    if not tree:
        raise ConfigError(
            "no configuration was given",
            expected="train.py CONFIG.yaml [more.yaml] [dotted.key=value ...]",
            fix="start from configs/base.yaml",
        )
    return tree


def validate(tree: dict[str, Any]) -> RunConfig:
    """A RunConfig from a nested mapping; every problem is listed, each with its dotted key."""
    try:
        return RunConfig.model_validate(tree)
    except ValidationError as error:
        problems = problems_of(error)
        raise ConfigError(
            f"the configuration has {len(problems)} problem{'s' * (len(problems) > 1)}:\n  "
            + "\n  ".join(problems)
        ) from None


def problems_of(error: ValidationError, model: type[BaseModel] = RunConfig, prefix: str = "") -> list[str]:
    """Every problem of a model as a line, each with its dotted key after `prefix`."""
    return [_explain(problem, model, prefix) for problem in error.errors()]


def _read_yaml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        near = did_you_mean(path.stem, [found.stem for found in path.parent.glob("*.yaml")])
        raise ConfigError("configuration file not found", got=path, expected="a YAML file", fix=near)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid YAML", got=error) from None
    if not isinstance(content, dict):
        raise ConfigError(f"{path} must hold a mapping of sections", got=type(content).__name__)
    return content


def _parse_override(word: str) -> dict[str, Any]:
    key, _, text = word.partition("=")
    try:
        value: Any = yaml.safe_load(text) if text else None
    except yaml.YAMLError:
        value = text
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _explain(problem: Any, model: type[BaseModel], prefix: str) -> str:
    path = ".".join(str(part) for part in problem["loc"])
    prefix = prefix if path else prefix.rstrip(".")
    if problem["type"] == "extra_forbidden":
        return f"{prefix}{path}: unknown key{suggestion(path, model)}"
    if problem["type"] == "missing":
        return f"{prefix}{path}: required, but not given"
    got = re.sub(r"://[^/@]*@", "://***@", repr(problem["input"]))
    return f"{prefix}{path}: {problem['msg']} (got {got})"


def suggestion(path: str, model: type[BaseModel] = RunConfig) -> str:
    """The nearest sibling key, else the same word in another section, else the section's own keys."""
    known = list(known_keys(model))
    section, _, leaf = path.rpartition(".")
    siblings = [key.rpartition(".")[2] for key in known if key.rpartition(".")[0] == section]
    near = did_you_mean(leaf, siblings)
    if near:
        return f"; {near}"
    elsewhere = [key for key in known if key.rpartition(".")[2] == leaf]
    if elsewhere:
        return f"; did you mean '{elsewhere[0]}'?"
    return f"; known here: {', '.join(siblings)}" if siblings else ""


def known_keys(model: type[BaseModel] = RunConfig, prefix: str = "") -> Iterator[str]:
    """Every dotted key that a run has."""
    for name, field in model.model_fields.items():
        yield prefix + name
        kinds = (field.annotation, *get_args(field.annotation))
        for kind in kinds:
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from known_keys(kind, f"{prefix}{name}.")
