"""Which clocks are read: the package's own, and those whose numbers the user brings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from tumorcast.biology.clocks.clock import FORMS, Clock, Formula, Kind, find_clock, known_clocks, need_shipped
from tumorcast.biology.clocks.tissues import tissue_of
from tumorcast.biology.clocks.transforms import TRANSFORMS
from tumorcast.biology.clocks.units import names_age, names_part_of_year
from tumorcast.domain.errors import InputError
from tumorcast.readers.clock_coefficients import Coefficients, read_coefficients, read_reference
from tumorcast.readers.compressed import name_of
from tumorcast.readers.files import digest

_TRANSFORM_WORDS = {"none": "identity", "linear": "identity", "anti_trafo": "horvath", "antilog": "horvath",
                    "sigmoid": "logistic"}  # fmt: skip

_SAME, _SAME_WEIGHTS = 0.9, 0.99
"""Share of probes, and cosine of weights, from which on a file holds a shipped clock."""


@dataclass(frozen=True)
class OwnClock:
    """A file of coefficients, and what the user says of it; None: what is known of the clock of that name.

    Attributes:
        name: of the clock; None: the file's.
        made_for: tissues, in the words of `--tissue`; (): not said.
        gold_means: table probe, mean, for a clock that needs it (DunedinPACE).
    """

    path: Path
    name: str | None = None
    transform: str | None = None
    intercept: float | None = None
    unit: str | None = None
    made_for: tuple[str, ...] = ()
    gold_means: Path | None = None


def chosen_clocks(names: Sequence[str] | None, own: Sequence[OwnClock], has_tumour: bool) -> list[Clock]:
    """Clocks in order: those named (all that are shipped), then those of files.

    The mean of all CpGs, for which the whole file must be read, is among them where it is named or a tumour is there.

    Raises:
        InputError: a clock that is not known or not shipped, or a file of which the formula is not known.
    """
    given = [_of_file(one) for one in own]
    if names is None:
        shipped = [clock for clock in known_clocks().values() if clock.state == "shipped"]
        first = [clock for clock in shipped if clock.formula != "mean" or has_tumour]
    else:
        first = [need_shipped(name) for name in dict.fromkeys(names) if not _is_given(name, given)]
    taken = {clock.name for clock in given}
    if len(taken) < len(given):
        raise InputError("two files are for one clock", got=", ".join(clock.name for clock in given))
    return [clock for clock in dict.fromkeys(first) if clock.name not in taken] + given


def _is_given(name: str, given: Sequence[Clock]) -> bool:
    known = find_clock(name)
    return any(clock.name in (name, known.name if known else name) for clock in given)


def _of_file(own: OwnClock) -> Clock:
    read = read_coefficients(own.path)
    name = own.name or name_of(own.path)
    known = find_clock(name) or _same_age(read)
    formula = read.formula or _formula(own, known)
    if read.formula is None and read.intercept is None and own.intercept is None:
        _need_known_intercept(known, own)
    if known is not None:
        clock = replace(
            known.with_numbers(read.probes, read.numbers, read.intercept), name=_own_name(name, known)
        )
    else:
        clock = _unknown(name, own, read)
    clock = replace(clock, formula=formula, source=f"{own.path.name}, sha256 {digest(own.path)[:12]}")
    if known is None and own.unit is None and clock.kind == "age":
        clock = replace(clock, source=f"{clock.source}; no unit was stated, taken as years")
    if own.intercept is not None:
        clock = replace(clock, intercept=own.intercept)
    clock = _with_tissues(_with_kind(clock, own, known), own)
    return _with_gold(clock, own) if clock.formula == "gold_quantiles" else clock


def _own_name(name: str, known: Clock) -> str:
    """The known clock's where the user's is one for it; else the user's."""
    return known.name if find_clock(name) is known else name


def _same_age(read: Coefficients) -> Clock | None:
    """A shipped clock of ages whose numbers are in the file under another name, scaled or not."""
    if read.formula is not None:
        return None
    weights = dict(zip(read.probes, read.numbers["weight"], strict=True))
    return next((clock for clock in known_clocks().values() if _is_same(clock, weights)), None)


def _is_same(clock: Clock, weights: Mapping[str, float]) -> bool:
    shared = [place for place, probe in enumerate(clock.probes) if probe in weights]
    if clock.kind != "age" or len(shared) < 3 or len(shared) < _SAME * max(len(clock.probes), len(weights)):
        return False
    theirs = np.array([weights[clock.probes[place]] for place in shared])
    ours = clock.numbers["weight"][shared]
    size = float(np.linalg.norm(theirs) * np.linalg.norm(ours))
    return size > 0 and abs(float(theirs @ ours)) > _SAME_WEIGHTS * size


def _need_known_intercept(known: Clock | None, own: OwnClock) -> None:
    """A weighted sum needs its intercept: of the file, of the user, or of what is known of the clock.

    Raises:
        InputError: no intercept is known; zero must be said.
    """
    is_known = known is not None and (known.state == "shipped" or known.intercept != 0)
    if not is_known:
        raise InputError(
            f"{own.path.name} states no intercept", expected="a row `intercept`, or --intercept NUMBER",
            fix="say --intercept 0 where the clock has none",
        )  # fmt: skip


def _with_kind(clock: Clock, own: OwnClock, known: Clock | None) -> Clock:
    """A known clock stays what it is; of others a unit of years, or Horvath's transformation, makes an age.

    Raises:
        InputError: a unit or a transformation that a known clock has not, or an age in parts of a year.
    """
    says_age = own.unit is not None and _says_age(own.unit)
    is_age = says_age or (own.transform is not None and clock.formula == "horvath")
    if known is not None:
        if (is_age and known.kind != "age") or (
            own.unit is not None and not says_age and known.kind == "age"
        ):
            raise InputError(
                f"{known.name} is another read-out", got=own.unit or own.transform, expected=known.unit,
                fix="leave out --unit and --transform, or give the file a name of its own",
            )  # fmt: skip
        return clock if own.unit is None or known.kind == "age" else replace(clock, unit=own.unit)
    if is_age or own.unit is None:
        return replace(clock, unit="years", kind="age") if is_age else clock
    return replace(clock, unit=own.unit, kind="score" if clock.kind == "age" else clock.kind)


def _says_age(unit: str) -> bool:
    """Whether a unit is one of ages.

    Raises:
        InputError: of ages, and not in years.
    """
    if names_part_of_year(unit):
        raise InputError(
            "ages are told in years", got=unit, expected="--unit years",
            fix="divide the intercept and the weights of the file",
        )  # fmt: skip
    return names_age(unit)


def _with_tissues(clock: Clock, own: OwnClock) -> Clock:
    """The tissues that the user names; of a tumour no age is given.

    Raises:
        InputError: an age made for tumours, or a tissue that is not known.
    """
    tissues = _tissues(own.made_for) if own.made_for else clock.tissues
    if clock.kind != "age":
        return replace(clock, tissues=tissues)
    if own.made_for and "tumour" in tissues:
        raise InputError(
            f"{clock.name} gives ages, and of tumour tissue no age is given", got=", ".join(own.made_for),
            expected="tissues of a person (--made-for blood), or any",
        )  # fmt: skip
    return replace(clock, tissues=tissues - {"tumour"})


def _with_gold(clock: Clock, own: OwnClock) -> Clock:
    if own.gold_means is None:
        raise InputError(
            f"{clock.name} needs its gold means", got=own.path.name, expected="--gold-means FILE: probe, mean",
            fix="they come with its coefficients; without them its numbers would be wrong",
        )  # fmt: skip
    return clock.with_gold(read_reference(own.gold_means))


def _formula(own: OwnClock, known: Clock | None) -> Formula:
    """How the weighted sum becomes the result."""
    if own.transform is None:
        if known is None:
            raise InputError(
                f"nothing is known of the clock {own.name or name_of(own.path)}", got=own.path.name,
                expected=f"--transform, one of {', '.join(TRANSFORMS)}",
                fix="or give it a known clock's name: --coefficients NAME=FILE",
            )  # fmt: skip
        if known.formula in FORMS:
            raise InputError(
                f"{own.path.name} has not the columns of {known.name}",
                expected=", ".join(FORMS[known.formula]),
            )
        return known.formula
    word = own.transform.casefold()
    found = _TRANSFORM_WORDS.get(word, word)
    if found not in TRANSFORMS:
        raise InputError("no such transformation", got=own.transform, expected=", ".join(TRANSFORMS))
    return cast(Formula, found)


def _unknown(name: str, own: OwnClock, read: Coefficients) -> Clock:
    """Of which only the file tells: weights make an age, of no tumour; counters and means are of any tissue."""
    kind: Kind = "age" if read.formula is None else "component" if read.formula == "mean" else "counter"
    unit = {"age": "years", "component": "mean beta", "counter": "divisions"}[kind]
    return Clock(
        name, (), kind, unit, frozenset({"any"} if kind == "age" else {"any", "tumour"}), "identity",
        read.intercept or 0.0, read.probes, read.numbers, "given", trained_on="not said",
        terms=f"of {own.path.name}, the user's file",
    )  # fmt: skip


def _tissues(words: Sequence[str]) -> frozenset[str]:
    return frozenset("any" if word.casefold() == "any" else tissue_of(word).group for word in words)
