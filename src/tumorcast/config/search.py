"""Configuration and search of a run from command-line words; a space is checked against every setting's own range."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tumorcast.config.load import known_keys, merged, problems_of, suggestion, validate
from tumorcast.config.models import RunConfig
from tumorcast.config.space import Range, SearchConfig, as_options
from tumorcast.domain.errors import ConfigError

SEARCHED_TRAINING = frozenset(
    {"lr", "weight_decay", "batch_size", "max_epochs", "patience", "max_tiles", "gradient_clip", "accumulate"}
)
_REASONS = {
    "data": "it would change the patients or what is known of them: trials would not be of the same task",
    "biology": "it would change the data's layers: trials would not be of the same task",
    "split": "it would change which patients are compared",
    "evaluation": "it says how results are scored, not what is learned",
    "tracking": "it says where results go, not what is learned",
    "search": "a search does not search itself",
    "seed": "a seed is no setting: the best of several is luck, not choice",
    "name": "it names the run",
    "runs": "it says where results go, not what is learned",
    "model.heads": "it would change what is predicted, and so what the loss means",
    "model.kind": "networks of other kinds are compared on the outer test (training.rivals)",
    "training.candidates": "the search stands in its place",
    "training.singles": "it says what is compared, not what is learned",
    "training": "it says how the same model is computed or started, not which is learned",
}
_NOT_THE_NETWORK = "it is no setting of the network or of how it learns"
_MOST_COMBINATIONS = 4096
_FEW_INTEGERS = 64


def load_search(arguments: Sequence[str]) -> tuple[RunConfig, SearchConfig]:
    """The run and its search, from YAML paths and `dotted.key=value` words in any order.

    Raises:
        ConfigError: as `load_config`; no file has a `search` section; the space names a setting that is unknown or not
            to be searched, or holds a value that the setting may not have.
    """
    tree = merged(arguments)
    own = tree.pop("search", None)
    config = validate(tree)
    if not isinstance(own, dict):
        raise ConfigError(
            "no search was given",
            expected="a YAML file with `search: {trials: 30, space: {training.lr: {log_uniform: [1e-4, 1e-2]}}}`",
            fix="start from configs/search/network.yaml",
        )
    search = _parsed(own)
    if config.training.candidates:
        raise ConfigError("training.candidates is set beside a search", fix=_REASONS["training.candidates"])
    return config, check_space(config, search)


def _parsed(own: dict[str, Any]) -> SearchConfig:
    """The section as it stands; every problem is named by its dotted key."""
    space, ranges, problems = own.get("space"), {}, []
    for key, given in space.items() if isinstance(space, dict) else ():
        try:
            ranges[str(key)] = Range.model_validate(given)
        except ValidationError as error:
            problems += problems_of(error, Range, f"search.space.{key}.")
    try:
        search = SearchConfig.model_validate(own | ({"space": ranges} if ranges else {}))
    except ValidationError as error:
        problems += problems_of(error, SearchConfig, "search.")
    if problems:
        raise ConfigError(_counted(problems))
    return search


def check_space(config: RunConfig, search: SearchConfig) -> SearchConfig:
    """The same search with every value brought to its setting's type.

    Raises:
        ConfigError: see `load_search`.
    """
    problems: list[str] = []
    space: dict[str, Range] = {}
    for key, given in search.space.items():
        try:
            space[key] = _fitting(key, given)
        except ValueError as error:
            problems.append(f"search.space.{key}: {error}")
    for key, given in space.items():
        problems += [f"search.space.{key}.when: {told}" for told in _wrong_conditions(key, given, space)]
    if not problems:
        problems = _clashes(config, space)
    if problems:
        raise ConfigError(_counted(problems))
    return search.model_copy(update={"space": space})


def with_values(config: RunConfig, values: Mapping[str, Any]) -> RunConfig:
    """The run with some settings changed, checked as a whole.

    Raises:
        ConfigError: the values do not go together.
    """
    tree = config.model_dump()
    for key, value in values.items():
        *sections, leaf = key.split(".")
        place = tree
        for section in sections:
            place = place[section]
        place[leaf] = value
    return validate(tree)


def own_values(config: RunConfig, space: Mapping[str, Range]) -> dict[str, Any] | None:
    """The run's own setting as a point of the space; None where the space does not hold it."""
    found: dict[str, Any] = {}
    for key, given in sorted(space.items(), key=lambda item: bool(item[1].when)):
        value: Any = reduce(getattr, key.split("."), config)
        if given.is_active(found):
            if not given.holds(value):
                return None
            found[key] = value
    return found


def _fitting(key: str, given: Range) -> Range:
    """The range with values of the setting's type; raises ValueError with what is wrong."""
    field = _field(key)
    kind: Any = Annotated[field.annotation, field]
    adapter = TypeAdapter(kind)
    if given.choice is not None:
        return given.model_copy(
            update={"choice": tuple(_allowed(adapter, option) for option in given.choice)}
        )
    low, high = given.ends
    inside = [low, high] if given.is_whole else [low, high, low + 0.618034 * (high - low)]
    for value in inside:
        try:
            _allowed(adapter, value)
        except ValueError:
            if value in (low, high):
                raise
            raise ValueError("takes no fractions; use integer, log_integer or choice") from None
    return given


def _allowed(adapter: TypeAdapter[Any], value: Any) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise ValueError(f"{error.errors()[0]['msg']} (got {value!r})") from None


def _field(key: str) -> FieldInfo:
    if key not in known_keys():
        raise ValueError(f"unknown key{suggestion(key)}")
    section, _, leaf = key.partition(".")
    is_searched = section == "model" or (section == "training" and leaf in SEARCHED_TRAINING)
    reason = _REASONS.get(key) or (None if is_searched else _REASONS.get(section, _NOT_THE_NETWORK))
    if reason:
        raise ValueError(f"is not to be searched: {reason}")
    holder: Any = RunConfig
    *sections, leaf = key.split(".")
    for name in sections:
        holder = holder.model_fields[name].annotation
    found: FieldInfo = holder.model_fields[leaf]
    if isinstance(found.annotation, type) and issubclass(found.annotation, BaseModel):
        raise ValueError("is a section; name one of its settings")
    return found


def _wrong_conditions(key: str, given: Range, space: Mapping[str, Range]) -> Iterator[str]:
    for other, wanted in given.when.items():
        on = space.get(other)
        if other == key or on is None or on.choice is None or on.when:
            yield f"'{other}' must be another setting of the space, with a choice and without a `when` of its own"
        else:
            lost = [value for value in as_options(wanted) if value not in on.choice]
            yield from (f"{other} is never {value!r}" for value in lost)


def _clashes(config: RunConfig, space: Mapping[str, Range]) -> list[str]:
    """Combinations of values that the configuration as a whole refuses; of a wide space the first few thousand."""
    options = {key: _some_values(given) for key, given in space.items()}
    for values in itertools.islice(itertools.product(*options.values()), _MOST_COMBINATIONS):
        point = dict(zip(options, values, strict=True))
        active = {key: value for key, value in point.items() if space[key].is_active(point)}
        try:
            with_values(config, active)
        except ConfigError as error:
            told = " and ".join(f"{key}={value}" for key, value in active.items())
            return [
                f"search.space: {told} do not go together: {error.what.splitlines()[-1].strip().partition(' (got')[0]}"
            ]
    return []


def _some_values(given: Range) -> list[Any]:
    if given.choice is not None:
        return list(given.choice)
    low, high = given.ends
    if given.integer is not None and (high - low) // (given.step or 1) < _FEW_INTEGERS:
        return list(range(int(low), int(high) + 1, given.step or 1))
    return [low, high]


def _counted(problems: Sequence[str]) -> str:
    return f"the search has {len(problems)} problem{'s' * (len(problems) > 1)}:\n  " + "\n  ".join(problems)
