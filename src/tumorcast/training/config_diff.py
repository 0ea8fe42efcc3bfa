"""Which settings make a run differ from the run that it is compared with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_NOT_SETTINGS = ("name", "runs")
_ABSENT = "(not set)"


def flat_config(tree: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A resolved configuration as `section.key` -> text; everything but strings as JSON."""
    flat: dict[str, str] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            flat |= flat_config(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = value if isinstance(value, str) else json.dumps(value)
    return flat


def settings_of(config: Mapping[str, Any]) -> dict[str, str]:
    """The flat configuration without what only says how a run is called and where it is kept."""
    return {key: value for key, value in flat_config(config).items() if _is_setting(key)}


def config_diff(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Lines such as `training.lr: 0.001 -> 0.003`, of settings that are no names or places of the run."""
    keys = sorted(key for key in before.keys() | after.keys() if _is_setting(key))
    return [
        f"{key}: {before.get(key, _ABSENT)} -> {after.get(key, _ABSENT)}"
        for key in keys
        if before.get(key, _ABSENT) != after.get(key, _ABSENT)
    ]


def parent_of(client: Any, experiment_id: str, begun: Mapping[str, Any]) -> Any | None:
    """The run on the server that a run is compared with: the one that was named, else the newest finished before.

    Args:
        client: MLflow's client.
        begun: the run's first event: `at` (ms), `data` (digest), `parent` (id or name of a run, or None).
    """
    from mlflow.exceptions import MlflowException

    if begun.get("parent"):
        named = str(begun["parent"])
        try:
            return client.get_run(named)
        except MlflowException:
            where = f"attributes.run_name = '{named}'" if "'" not in named else "attributes.run_name = ''"
            found = client.search_runs([experiment_id], where, max_results=1, order_by=["start_time DESC"])
            return found[0] if found else None
    if not begun.get("data"):
        return None
    where = (
        f"tags.kind = 'run' and tags.data_sha256 = '{begun['data']}' and attributes.status = 'FINISHED'"
        f" and attributes.start_time < {int(begun['at'])}"
    )
    found = client.search_runs([experiment_id], where, max_results=1, order_by=["start_time DESC"])
    return found[0] if found else None


def _is_setting(key: str) -> bool:
    return key not in _NOT_SETTINGS and not key.startswith("tracking.")
