"""What a search may vary, and how long: `search:` of a YAML file. An unknown key or an impossible value is an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tumorcast.config.models import Count
from tumorcast.config.section import Section

Scalar = bool | int | float | str | None
_FORMS = ("choice", "uniform", "log_uniform", "integer", "log_integer")


class Range(Section):
    """The values of one setting, in exactly one form.

    Attributes:
        choice: these values.
        uniform, log_uniform: any number from the first to the second, the latter evenly in its logarithm.
        integer, log_integer: any whole number likewise; with `step`, every step-th of `integer`.
        when: {setting: value or values}: only varied where that setting, itself a choice of the space, has one of
            the values; elsewhere the run's own value stands.
    """

    choice: tuple[Any, ...] | None = None
    uniform: tuple[float, float] | None = None
    log_uniform: tuple[float, float] | None = None
    integer: tuple[int, int] | None = None
    log_integer: tuple[int, int] | None = None
    step: Count | None = None
    when: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_one_form(self) -> Range:
        given = [form for form in _FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            raise ValueError(f"needs exactly one of {', '.join(_FORMS)}, got {', '.join(given) or 'none'}")
        if self.step is not None and given != ["integer"]:
            raise ValueError(f"step belongs to integer, not {given[0]}")
        if self.choice is not None:
            _check_choice(self.choice)
        else:
            _check_ends(self.ends, given[0].startswith("log_"))
        return self

    @property
    def ends(self) -> tuple[float, float]:
        """Least and greatest number; of a form other than choice."""
        ends = self.uniform or self.log_uniform or self.integer or self.log_integer
        return ends or (0, 0)

    @property
    def is_whole(self) -> bool:
        return self.integer is not None or self.log_integer is not None

    @property
    def is_log(self) -> bool:
        return self.log_uniform is not None or self.log_integer is not None

    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether it is varied beside these values of the settings that it depends on."""
        return all(key in values and values[key] in as_options(given) for key, given in self.when.items())

    def holds(self, value: Any) -> bool:
        """Whether the value is one of its own."""
        if self.choice is not None:
            return any(value == option and type(value) is type(option) for option in self.choice)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        low, high = self.ends
        fits = low <= value <= high and (not self.is_whole or value == int(value))
        return fits and (self.step is None or (value - low) % self.step == 0)


def as_options(value: Any) -> list[Any]:
    """One value, or a list of values, as a list."""
    return value if isinstance(value, list) else [value]


class SearchConfig(Section):
    """How a search goes.

    Attributes:
        space: dotted setting -> its values.
        trials: settings tried in each outer fold, pruned ones included; the run's own setting is the first where the
            space holds it.
        sampler: "tpe" (tree of Parzen estimators, Bergstra 2011) or "random".
        startup: random trials before the sampler is guided.
        pruner: gives up a trial between two of its inner folds: "median" (its mean so far is worse than the median of
            complete trials at that point) or "none".
        objective: "loss" (mean loss of the inner folds, the less the better) or "metric" (mean AUROC or concordance of
            the inner folds, the more the better).
        others: also search for each modality alone and for each rival; False gives a modality alone the setting chosen
            for all of them, and rivals the run's own.
        storage: address of the trials' database (`postgresql+psycopg2://host/name`, `sqlite:///file`,
            `journal:///file`); None is a file in the run's folder. Never written into results.
    """

    space: Annotated[dict[str, Range], Field(min_length=1)]
    trials: Annotated[int, Field(ge=2)] = 30
    sampler: Literal["tpe", "random"] = "tpe"
    startup: Count = 10
    pruner: Literal["median", "none"] = "median"
    objective: Literal["loss", "metric"] = "loss"
    others: bool = False
    storage: str | None = None

    def told(self) -> dict[str, Any]:
        """As it may stand in files and on servers: the address of the database may hold a password."""
        return self.model_dump(mode="json", exclude={"storage"})

    def identity(self) -> dict[str, Any]:
        """What makes it another search: all but where trials are kept, and how many, so that more may follow."""
        return self.model_dump(mode="json", exclude={"storage", "trials"})


def _check_choice(choice: tuple[Any, ...]) -> None:
    if not all(isinstance(option, Scalar) for option in choice):
        raise ValueError("choice holds plain values (numbers, words, true, false, null)")
    if len({(type(option), option) for option in choice}) < max(2, len(choice)):
        raise ValueError("choice needs at least two values and none twice")


def _check_ends(ends: tuple[float, float], is_log: bool) -> None:
    low, high = ends
    if not low < high or high == float("inf"):
        raise ValueError(f"the first number must be less than the second, got [{low:g}, {high:g}]")
    if is_log and low <= 0:
        raise ValueError(f"a logarithmic range begins above 0, got {low:g}")
