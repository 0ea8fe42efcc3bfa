"""What a lab may decide about the guards; by default each is as strict as it can be.

A guard can be made milder, never silent: what it finds still stands beside the number.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.serve.findings import Finding, Level
from tumorcast.serve.guards.table import RULES, Action

_LEVELS: dict[Action, Level] = {
    "refuse": "refusal",
    "leave_out": "warning",
    "warn": "warning",
    "note": "note",
}

Share = Annotated[float, Field(ge=0, le=1)]


class Policy(BaseModel):
    """A lab's decisions.

    Attributes:
        actions: code of a guard -> "refuse", "leave_out" (of the layer), "warn" or "note", as its rule allows.
        least_purity: tumour purity below which a sample says little of the tumour (0.2: the least that makers of
            large sequencing panels ask for), where training had no lower ones.
        least_megabases: covered coding sequence below which no mutational burden is given (see `biology.burden`).
        least_measured: share of a layer's features, as the model knows them, below which the layer is not used.
        least_patients: of a pattern of layers, below which it counts as not validated.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    actions: dict[str, Action] = {}
    least_purity: Share = 0.2
    least_megabases: Annotated[float, Field(ge=0.8)] = 1.0
    least_measured: Share = 0.5
    least_patients: Annotated[int, Field(ge=1)] = 50

    @field_validator("actions")
    @classmethod
    def _are_allowed(cls, actions: dict[str, Action]) -> dict[str, Action]:
        for code, action in actions.items():
            rule = RULES.get(code)
            if rule is None:
                raise ValueError(
                    f"no guard is called '{code}'; {did_you_mean(code, RULES) or 'see docs/safety.md'}"
                )
            if action not in (rule.action, *rule.may):
                allowed = ", ".join((rule.action, *rule.may))
                raise ValueError(f"{code} cannot be set to {action}; it may be {allowed}")
        return actions

    def settled(self, found: Finding, demonstrate: bool = False) -> Finding:
        """The finding at the level that the policy gives its code.

        Args:
            demonstrate: every number is watermarked; rules that are about whom the model knows then warn alone.
        """
        rule = RULES[found.code]
        action = self.actions.get(found.code, rule.action)
        if demonstrate and rule.is_shown and action in ("refuse", "leave_out"):
            action = "warn"
        is_used = action == "warn" and bool(found.layer) and rule.action in ("refuse", "leave_out")
        what = f"{found.what}, used all the same" if is_used else found.what
        leaves_out = action == "leave_out" and bool(found.layer)
        return replace(found, what=what, level=_LEVELS[action], leaves_out=leaves_out)


STRICT = Policy()


def read_policy(path: Path) -> Policy:
    """A policy from a YAML file.

    Raises:
        InputError: not YAML, an unknown key or guard, or an action that its rule does not allow.
    """
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        return Policy.model_validate(told)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path.name} cannot be read as a policy", got=str(error).splitlines()[0]) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path.name} is no policy",
            got=f"{where}: {first['msg']}" if where else first["msg"],
            expected="keys " + ", ".join(Policy.model_fields),
            fix="see docs/safety.md",
        ) from error
